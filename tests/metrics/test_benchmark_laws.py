"""What metrics beside a benchmark keep: joins, laws, sides, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perfkit import metrics as m
from perfkit.errors import InvalidArgumentError
from perfkit.metrics.market_rows import market_rows

DAYS = pd.date_range("2024-01-01", periods=6, freq="D")
OWN = pd.Series([0.02, -0.01, 0.03, 0.01, -0.02, 0.015], index=DAYS)
MARKET = pd.Series([0.01, -0.02, 0.03, 0.0, -0.01, 0.02], index=DAYS)
RATE = pd.Series([1e-4, 2e-4, 3e-4, 2e-4, 1e-4, 2e-4], index=DAYS)
BESIDE = [name for name, metric in m.METRICS.items() if metric.needs == "benchmark"]
pairs = st.lists(
    st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), min_size=6, max_size=20
).map(lambda rows: tuple(np.round(column, 4) for column in np.array(rows).T))


def measured(name, own, market, **options):
    metric = m.METRICS[name]
    if "periods" in metric.options:
        options.setdefault("periods", 12)
    return metric.function(own, market, **options)


def taking_rates():
    return [name for name in BESIDE if "rf_per_period" in m.METRICS[name].options]


def test_three_columns_are_joined_on_the_dates_that_all_have():
    rows = market_rows(OWN.iloc[1:], MARKET.iloc[:5], rf_per_period=RATE.drop(DAYS[2]))
    assert rows.n == 3
    np.testing.assert_array_equal(rows.returns, OWN.iloc[[1, 3, 4]])
    np.testing.assert_array_equal(rows.benchmark, MARKET.iloc[[1, 3, 4]])
    np.testing.assert_array_equal(rows.rates, RATE.iloc[[1, 3, 4]])


@pytest.mark.parametrize("name", taking_rates())
def test_a_row_without_a_rate_counts_for_nothing(name):
    gap = RATE.copy()
    gap.iloc[2] = math.nan
    left = [0, 1, 3, 4, 5]
    expected = measured(name, OWN.iloc[left], MARKET.iloc[left], rf_per_period=RATE.iloc[left])
    assert measured(name, OWN, MARKET, rf_per_period=gap) == pytest.approx(expected)
    assert measured(name, OWN, MARKET, rf_per_period=RATE.drop(DAYS[2])) == pytest.approx(expected)


@pytest.mark.parametrize("name", taking_rates())
def test_a_rate_that_never_changes_is_a_number(name):
    constant = pd.Series(2e-4, index=DAYS)
    expected = measured(name, OWN, MARKET, rf_per_period=2e-4)
    assert measured(name, OWN, MARKET, rf_per_period=constant) == pytest.approx(expected)
    if "rf" in m.METRICS[name].options:
        annual = measured(name, OWN, MARKET, rf=1.0002**12 - 1)
        assert annual == pytest.approx(expected)


@pytest.mark.parametrize("name", taking_rates())
def test_rates_of_another_kind_of_time_or_length_are_refused(name):
    with pytest.raises(InvalidArgumentError, match="time zone"):
        measured(name, OWN, MARKET, rf_per_period=RATE.tz_localize("UTC"))
    with pytest.raises(InvalidArgumentError, match="same length"):
        measured(name, OWN, MARKET, rf_per_period=[1e-4, 2e-4])
    with pytest.raises(InvalidArgumentError, match="must all have dates"):
        measured(name, OWN.iloc[1:], MARKET.iloc[:5], rf_per_period=RATE.to_numpy()[:5])


def test_two_rates_or_one_out_of_its_range_are_refused():
    with pytest.raises(InvalidArgumentError, match="not both"):
        m.alpha(OWN, MARKET, periods=252, rf=0.04, rf_per_period=0.001)
    for rate in (-1.0, math.nan, math.inf):
        with pytest.raises(InvalidArgumentError, match="rf_per_period must be a rate above -1"):
            m.alpha(OWN, MARKET, periods=252, rf_per_period=rate)


@pytest.mark.parametrize("name", BESIDE)
def test_without_a_common_date_a_metric_says_so(name):
    late = MARKET.set_axis(DAYS + pd.Timedelta(days=99))
    reading = m.read(name, m.Sample(returns=OWN, benchmark=late, periods=252))
    assert (math.isnan(reading.value), reading.n, reading.reason) == (True, 0, "no_overlap")


@pytest.mark.parametrize("name", BESIDE)
def test_rows_that_change_places_together_change_nothing_but_errors_in_time(name):
    order = [3, 0, 5, 1, 4, 2]
    own, market = OWN.to_numpy(), MARKET.to_numpy()
    options = {"lags": 0} if "lags" in m.METRICS[name].options else {}
    expected = measured(name, own, market, **options)
    assert measured(name, own[order], market[order], **options) == pytest.approx(expected)


@settings(deadline=None, max_examples=25)
@given(pairs)
def test_a_strategy_beside_itself(pair):
    own, _ = pair
    assume(np.ptp(own) > 1e-3)
    assume(np.min(own) > -1)
    options = {"periods": 12, "rf": 0.02}
    for annualise in ("compound", "arithmetic", "per_period", "capm", "jensen"):
        value = m.alpha(own, own, annualise=annualise, **options)
        assert value == pytest.approx(0.0, abs=1e-9)
    assert m.beta(own, own) == pytest.approx(1.0)
    assert m.r_squared(own, own) == pytest.approx(1.0)
    assert m.residual_volatility(own, own, periods=12) == 0.0
    assert m.systematic_risk(own, own, periods=12) == pytest.approx(m.volatility(own, periods=12))
    assert m.active_return(own, own, periods=12) == 0.0
    assert m.m_squared(own, own, **options) == pytest.approx(m.cagr(own, periods=12), abs=1e-12)
    assert m.net_selectivity(own, own, **options) == pytest.approx(0.0, abs=1e-12)
    assert m.batting_average(own, own) == 0.0
    assert m.total_capture(own, own, periods=12) in (
        pytest.approx(1.0),
        pytest.approx(np.nan, nan_ok=True),
    )


@settings(deadline=None, max_examples=25)
@given(pairs, st.floats(0.25, 4.0))
def test_leverage_moves_beta_and_its_error_alike(pair, gear):
    own, market = pair
    assume(np.ptp(market) > 1e-3)
    beta, error = m.beta(own, market), m.beta_standard_error(own, market)
    assert m.beta(own * gear, market) == pytest.approx(beta * gear, abs=1e-12)
    assert m.beta_standard_error(own * gear, market) == pytest.approx(error * gear, abs=1e-12)
    risk = m.systematic_risk(own, market, periods=12)
    assert m.systematic_risk(own * gear, market, periods=12) == pytest.approx(
        risk * gear, abs=1e-12
    )
    treynor = m.treynor_ratio(own, market, periods=12, excess="total")
    geared = m.treynor_ratio(own * gear, market, periods=12, excess="total", risk="systematic")
    assert math.isfinite(treynor) == math.isfinite(geared)


@settings(deadline=None, max_examples=25)
@given(pairs, st.floats(-0.05, 0.05))
def test_what_is_added_to_both_leaves_what_is_between_them(pair, added):
    own, market = pair
    assume(np.ptp(market) > 1e-3)
    assume(np.ptp(own - market) > 1e-3)
    for name in (
        "tracking_error",
        "information_ratio",
        "beta",
        "correlation",
        "residual_volatility",
    ):
        expected = measured(name, own, market)
        assert measured(name, own + added, market + added) == pytest.approx(expected, abs=1e-9)
    expected = m.active_return_t_stat(own, market)
    assert m.active_return_t_stat(own + added, market + added) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(pairs)
def test_the_squares_of_systematic_and_residual_risk_add_up(pair):
    own, market = pair
    assume(np.ptp(market) > 1e-3)
    parts = (
        m.systematic_risk(own, market, periods=12) ** 2
        + m.residual_volatility(own, market, periods=12) ** 2
    )
    assert parts == pytest.approx(m.volatility(own, periods=12) ** 2, abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(pairs)
def test_each_period_is_won_lost_or_tied(pair):
    own, market = pair
    ties = float(np.mean(own == market))
    both = m.batting_average(own, market) + m.batting_average(market, own)
    assert both + ties == pytest.approx(1.0)


@settings(deadline=None, max_examples=25)
@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(-5, 5), pairs)
def test_timing_is_found_where_it_was_planted(beta, up, curve, pair):
    _, market = pair
    assume(len(set(market)) > 3 and (market > 1e-3).sum() > 1 and (market < -1e-3).sum() > 1)
    assume(np.ptp(market) > 1e-2)
    kinked = 0.001 + np.where(market > 0, up, beta) * market
    bent = 0.001 + beta * market + curve * market**2
    timing = m.henriksson_merton(kinked, market, periods=12)
    assert timing == pytest.approx(up - beta, abs=1e-5)
    assert m.treynor_mazuy(bent, market, periods=12) == pytest.approx(curve, abs=1e-3)


def test_sides_split_the_rows_at_zero_or_at_the_rate():
    own, market = OWN.to_numpy(), MARKET.to_numpy()
    up, down = market > 0, market < 0
    assert m.beta(own, market, side="up") == pytest.approx(m.beta(own[up], market[up]))
    assert m.beta(own, market, side="down") == pytest.approx(m.beta(own[down], market[down]))
    above = market > 0.015
    expected = m.beta(own[above], market[above])
    assert m.beta(own, market, rf_per_period=0.015, side="above_rf") == pytest.approx(expected)
    alpha = m.alpha(own, market, periods=12, rf=0.03, side="up")
    assert alpha == pytest.approx(m.alpha(own[up], market[up], periods=12, rf=0.03))


def test_a_period_without_a_move_of_the_benchmark_goes_where_it_is_told():
    own, market = [0.02, 0.01, -0.01], [0.01, 0.0, -0.01]
    assert m.batting_average(own, market, side="up", zero_benchmark="up") == 1.0
    assert m.batting_average(own, market, side="down") == 0.0
    assert m.down_capture(own, market, periods=1) == pytest.approx(1.0)
    fell = m.down_capture(own, market, periods=1, method="arithmetic_sum", zero_benchmark="down")
    assert fell == pytest.approx(0.0)


def test_a_strategy_in_cash_while_the_market_falls_has_no_down_capture_to_divide_by():
    sample = m.Sample(returns=[0.02, 0.0, 0.01], benchmark=[0.01, -0.02, 0.02], periods=12)
    reading = m.read("capture_ratio", sample)
    assert (reading.value, reading.reason) == (math.inf, "no_losses")


@pytest.mark.parametrize("name", ["treynor_ratio", "m_squared", "correlation"])
def test_a_strategy_in_cash_does_not_move(name):
    sample = m.Sample(returns=[0.0] * 4, benchmark=[0.01, 0.02, -0.01, 0.03], periods=12)
    assert m.read(name, sample).reason == "zero_variance"


def test_a_strategy_in_cash_needs_no_pay_for_risk():
    own, market = [0.001] * 4, [0.01, 0.02, -0.01, 0.03]
    expected = 1.001**12 - 1 - 0.02
    assert m.net_selectivity(own, market, periods=12, rf=0.02) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "market", "reason"),
    [
        ("up_capture", [-0.01, 0.0, -0.02], "no_rises"),
        ("down_capture", [0.01, 0.0, 0.02], "no_falls"),
        ("capture_ratio", [0.01, 0.0, 0.02], "no_falls"),
        ("henriksson_merton", [0.01, 0.03, 0.02], "no_falls"),
        ("treynor_ratio", [0.01, 0.01, 0.01], "zero_variance"),
        ("alpha_t_stat", [0.01, 0.01, 0.01], "zero_variance"),
        ("treynor_mazuy", [0.01, 0.02, 0.01], "too_few"),
    ],
)
def test_a_benchmark_that_leaves_nothing_to_measure_is_named(name, market, reason):
    sample = m.Sample(returns=[0.01, -0.02, 0.04], benchmark=market, periods=12)
    assert m.read(name, sample).reason == reason


@pytest.mark.parametrize("name", BESIDE)
def test_an_option_that_there_is_not_is_refused_by_name(name):
    words = [
        w
        for w, d in m.METRICS[name].options.items()
        if isinstance(d, str) and w not in ("nan", "undefined")
    ]
    for word in words:
        with pytest.raises(InvalidArgumentError, match=f"{word} must be one of .*, was 'sideways'"):
            measured(name, OWN, MARKET, **{word: "sideways"})
    with pytest.raises((InvalidArgumentError, TypeError), match="sidewise"):
        measured(name, OWN, MARKET, sidewise=1)
