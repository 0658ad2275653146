"""What the numbers mean: rates, dates, signs, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics as m
from perfkit.errors import InvalidArgumentError

RETURNS = [0.01, -0.02, 0.03, -0.01, 0.02]
DAYS = pd.date_range("2024-01-01", periods=5, freq="D")
SERIES = pd.Series(RETURNS, index=DAYS)
FLOATS = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=25)


def test_the_risk_free_rate_is_a_year_and_compounds_to_the_period():
    monthly = 1.04 ** (1 / 12) - 1
    assert m.sharpe_ratio(RETURNS, rf=0.04, periods=12) == pytest.approx(
        m.sharpe_ratio(RETURNS, rf_per_period=monthly, periods=12)
    )


def test_a_series_of_rates_is_aligned_by_date():
    rates = pd.Series([0.001, 0.002, 0.003], index=DAYS[[1, 2, 4]])
    expected = m.sharpe_ratio([-0.02 - 0.001, 0.03 - 0.002, 0.02 - 0.003], periods=252)
    assert m.sharpe_ratio(SERIES, rf_per_period=rates, periods=252) == pytest.approx(expected)


def test_two_risk_free_rates_are_refused():
    with pytest.raises(InvalidArgumentError, match="not both"):
        m.sharpe_ratio(RETURNS, rf=0.04, rf_per_period=0.001, periods=252)


@pytest.mark.parametrize("rf", [-1.0, np.nan, np.inf])
def test_a_rate_outside_its_range_is_refused(rf):
    with pytest.raises(InvalidArgumentError, match="rf must be an annual rate"):
        m.sharpe_ratio(RETURNS, rf=rf, periods=252)


@pytest.mark.parametrize("periods", [0, -1, np.nan, np.inf])
def test_a_number_of_periods_that_is_none_is_refused(periods):
    with pytest.raises(InvalidArgumentError, match="periods must be"):
        m.volatility(RETURNS, periods=periods)


@pytest.mark.parametrize("level", [0.1, 0.0123456789, 1 / 3, 1e-9])
@pytest.mark.parametrize("rf", [0.0, 0.04])
def test_a_constant_series_has_no_sharpe_ratio_however_it_rounds(level, rf):
    assert np.isnan(m.sharpe_ratio([level] * 97, rf=rf, periods=252))
    assert m.volatility([level] * 97, periods=252) == 0.0


def test_returns_at_the_risk_free_rate_have_no_sortino_ratio():
    daily = 1.04 ** (1 / 252) - 1
    assert np.isnan(m.sortino_ratio([daily] * 50, rf=0.04, periods=252))


def test_a_loss_in_the_first_period_is_a_drawdown():
    assert m.max_drawdown([-0.10, 0.05]) == pytest.approx(0.10)
    assert m.drawdown_series([-0.10, 0.05])[0] == pytest.approx(0.10)


@settings(deadline=None, max_examples=40)
@given(FLOATS, FLOATS)
def test_total_return_compounds_over_a_concatenation(first, second):
    whole = (1 + m.total_return(first)) * (1 + m.total_return(second)) - 1
    assert m.total_return(first + second) == pytest.approx(whole, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(FLOATS, FLOATS)
def test_a_longer_history_never_has_a_smaller_drawdown(first, second):
    assert m.max_drawdown(first + second) >= m.max_drawdown(first) - 1e-12


@settings(deadline=None, max_examples=40)
@given(FLOATS)
def test_the_largest_of_the_drawdown_series_is_the_maximum_drawdown(returns):
    series = m.drawdown_series(returns)
    assert series.max() == pytest.approx(m.max_drawdown(returns), abs=1e-12)
    assert (series >= 0).all()


@settings(deadline=None, max_examples=40)
@given(FLOATS)
def test_the_expected_shortfall_is_never_better_than_the_value_at_risk(returns):
    assert m.cvar_historical(returns) <= m.var_historical(returns) + 1e-15


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=25))
def test_repeating_a_series_leaves_its_growth_rate(returns):
    assert m.cagr(returns * 3, periods=12) == pytest.approx(m.cagr(returns, periods=12), rel=1e-6)


def test_the_drawdown_table_names_peak_trough_and_recovery():
    returns = pd.Series([-0.1, 0.2, 0.1, -0.2, -0.1, 0.05], index=pd.date_range("2024", periods=6))
    table = m.drawdown_table(returns)
    assert table["depth"].round(3).tolist() == [0.28, 0.1]
    worst, first = table.iloc[0], table.iloc[1]
    assert worst["peak"] == returns.index[2]
    assert worst["trough"] == returns.index[4]
    assert pd.isna(worst["recovery"])
    assert worst["length"] == 3
    assert pd.isna(first["peak"])
    assert first["below"] == returns.index[0]
    assert first["recovery"] == returns.index[1]


def test_a_history_that_never_fell_has_an_empty_drawdown_table():
    assert m.drawdown_table(pd.Series([0.1, 0.1], index=DAYS[:2])).empty


def test_a_drawdown_series_keeps_its_dates_without_the_missing_ones():
    series = SERIES.copy()
    series.iloc[2] = np.nan
    assert m.drawdown_series(series).index.equals(DAYS[[0, 1, 3, 4]])


def test_daily_returns_compound_into_calendar_weeks_and_months():
    days = np.array(["2024-01-26", "2024-01-29", "2024-02-02", "2024-02-05"], dtype="M8[D]")
    weekly, ends = m.compounded([0.1, 0.1, 0.1, 0.1], days, period="weekly")
    assert weekly == pytest.approx([0.1, 0.21, 0.1])
    assert ends.astype(str).tolist() == ["2024-01-26", "2024-02-02", "2024-02-05"]
    monthly, _ = m.compounded([0.1, 0.1, 0.1, 0.1], days, period="monthly")
    assert monthly == pytest.approx([0.21, 0.21])
    with pytest.raises(InvalidArgumentError, match="period must be one of"):
        m.compounded([0.1], days[:1], period="yearly")


def test_returns_of_one_day_compound_into_that_of_the_day():
    times = np.array(["2024-01-26T10", "2024-01-26T16", "2024-01-29T10"], dtype="M8[h]")
    daily, days = m.compounded([0.1, -0.5, 0.2], times, period="daily")
    assert daily == pytest.approx([-0.45, 0.2])  # 1.1 * 0.5 - 1
    assert days.astype(str).tolist() == ["2024-01-26", "2024-01-29"]
    assert m.compounded([0.1, -0.5, 0.2], times, period="2d")[0] == pytest.approx([-0.34])


def test_a_benchmark_is_joined_on_the_dates_that_both_have():
    market = pd.Series([0.5, 0.01, 0.02, -0.01], index=DAYS[[0, 1, 2, 3]]).iloc[1:]
    expected = m.beta(RETURNS[1:4], [0.01, 0.02, -0.01])
    assert m.beta(SERIES, market) == pytest.approx(expected)


def test_a_benchmark_without_overlap_leaves_the_metric_undefined():
    market = SERIES.set_axis(DAYS + pd.Timedelta(days=100))
    assert np.isnan(m.beta(SERIES, market))
    assert m.read("beta", m.Sample(returns=SERIES, benchmark=market)).reason == "no_overlap"


def test_a_strategy_beside_itself_is_its_benchmark():
    assert m.beta(SERIES, SERIES) == pytest.approx(1.0)
    assert m.correlation(SERIES, SERIES) == pytest.approx(1.0)
    assert m.alpha(SERIES, SERIES, periods=252) == pytest.approx(0.0)
    assert m.tracking_error(SERIES, SERIES, periods=252) == 0.0
    assert m.up_capture(SERIES, SERIES, periods=252) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([0.1, np.inf], "must be finite, was inf at position 1"),
        (np.zeros((3, 2)), "one column of shape"),
        (SERIES.iloc[::-1], "dates must ascend, 2024-01-04"),
        (pd.concat([SERIES, SERIES.iloc[[4]]]), "dates must be unique, 2024-01-05"),
    ],
)
def test_bad_observations_are_refused_by_name(data, message):
    with pytest.raises(InvalidArgumentError, match=message):
        m.total_return(data)


def test_a_benchmark_of_another_length_or_kind_of_time_is_refused():
    with pytest.raises(InvalidArgumentError, match="same length"):
        m.beta([0.1, 0.2], [0.1])
    with pytest.raises(InvalidArgumentError, match="time zone"):
        m.beta(SERIES, SERIES.tz_localize("UTC"))


def test_a_tail_outside_zero_and_one_is_refused():
    with pytest.raises(InvalidArgumentError, match="tail must lie"):
        m.var_historical(RETURNS, tail=5)


def test_nothing_that_was_given_is_changed():
    values = np.array([0.1, np.nan, -1.0, 0.2])
    before = values.copy()
    m.compute(values, values, metrics="all", periods=252)
    np.testing.assert_array_equal(values, before)
