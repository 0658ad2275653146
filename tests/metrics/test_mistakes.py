"""What people do wrong at nine in the evening is answered with what to do instead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import (
    REASONS,
    beta,
    compute,
    drawdown_table,
    explain,
    max_drawdown,
    periods_per_year,
    rolling,
    sharpe_ratio,
    total_return,
)

DAYS = pd.bdate_range("2024-01-01", periods=60)
RETURNS = pd.Series(np.random.default_rng(2).normal(0.0005, 0.01, 60), DAYS)
RATES = pd.Series(0.0001, DAYS)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"rf": RATES}, "rf must be one annual rate, a number, was a Series; .* rf_per_period"),
        ({"rf": "4%"}, "rf must be one annual rate, a number, was a str"),
        ({"rf": 4}, "above -1 and below 1, was 4; write 4 % as 0.04"),
        ({"rf": 0.04, "rf_per_period": 0.0001}, "not both"),
        ({"periods": "daily"}, "periods must be the number of periods in a year, .* was 'daily'"),
        ({"rf_per_period": RATES.tz_localize("UTC")}, "all have a time zone or all none"),
    ],
)
def test_a_rate_or_a_year_of_the_wrong_kind_is_refused_by_name(told, message):
    with pytest.raises(InvalidArgumentError, match=message):
        compute(RETURNS, metrics=["sharpe_ratio"], **told)
    with pytest.raises(InvalidArgumentError, match=message):
        sharpe_ratio(RETURNS, **({"periods": 252} | told))


def test_nothing_to_measure_is_refused():
    with pytest.raises(InvalidArgumentError, match="give returns, trades or both"):
        compute()


def test_a_frame_is_no_benchmark():
    with pytest.raises(InvalidArgumentError, match="one column of benchmark"):
        compute(RETURNS, benchmark=RETURNS.to_frame(), metrics=["beta"])
    with pytest.raises(InvalidArgumentError, match=r"give one of them, such as frame\['name'\]"):
        beta(RETURNS, RETURNS.to_frame())


@pytest.mark.parametrize(
    "index", [DAYS.astype(str), pd.Index(list(DAYS.date)), DAYS.to_period("D"), range(60)]
)
def test_dates_that_are_no_timestamps_are_refused_and_not_joined_to_nothing(index):
    other = pd.Series(RETURNS.to_numpy(), index)
    with pytest.raises(InvalidArgumentError, match="must all have timestamps to be joined"):
        beta(RETURNS, other)


@pytest.mark.parametrize("index", [DAYS.astype(str), DAYS.to_period("D")])
def test_dates_that_are_no_timestamps_do_not_say_how_many_a_year_has(index):
    with pytest.raises(InvalidArgumentError, match=r"pd\.to_datetime"):
        periods_per_year(pd.Series(0.0, index))


def test_a_close_beside_midnight_has_no_overlap_and_the_reason_says_what_to_do():
    close = RETURNS.set_axis((DAYS + pd.Timedelta(hours=16)).tz_localize("America/New_York"))
    found = compute(close, benchmark=RETURNS.tz_localize("UTC"), metrics=["beta"])
    assert found["reason"].item() == "no_overlap"
    assert "normalize()" in REASONS["no_overlap"]
    close.index = close.index.tz_localize(None).normalize()
    assert compute(close, benchmark=RETURNS, metrics=["beta"])["value"].item() == pytest.approx(1)


def test_rates_of_other_days_have_no_overlap_rather_than_too_few():
    late = RATES.set_axis(DAYS + pd.Timedelta(days=365))
    found = compute(RETURNS, metrics=["sharpe_ratio"], rf_per_period=late)
    assert found["reason"].item() == "no_overlap"


def test_a_missing_return_is_neither_a_loss_nor_the_end_of_the_series():
    # nautilus answers -0.0; by hand 1.1 -> 0.55
    assert max_drawdown([0.1, np.nan, -0.5]) == pytest.approx(0.5)


def test_a_masked_return_is_missing():
    assert total_return(np.ma.array([0.1, 9.0], mask=[False, True])) == pytest.approx(0.1)


def test_a_convention_that_a_window_does_not_take_is_refused_and_not_passed_over():
    with pytest.raises(InvalidArgumentError, match=r"rolling takes .* given \['profile'\]"):
        rolling(RETURNS, ["cagr"], window=20, profile="quantstats")


def test_a_misspelt_choice_is_refused_where_it_would_not_matter_too():
    with pytest.raises(InvalidArgumentError, match="undefined must be one of"):
        sharpe_ratio(RETURNS, periods=252, undefined="zeros")


def test_an_explanation_without_dates_asks_for_the_periods():
    with pytest.raises(InvalidArgumentError, match="must be given where fewer than three dates"):
        explain("sharpe_ratio", RETURNS.to_numpy(), b="quantstats")


def test_drawdowns_without_dates_are_dated_by_position():
    table = drawdown_table([0.1, -0.2, 0.3])
    assert table[["peak", "below", "trough", "recovery"]].iloc[0].tolist() == [0, 1, 1, 2]


def test_what_counts_as_zero_is_counted():
    gaps = RETURNS.where(RETURNS.index != DAYS[3])
    counted = compute(gaps, metrics=["cagr", "volatility"], profile="empyrical")["n"]
    assert counted.to_dict() == {"cagr": 60, "volatility": 59}


def test_a_missing_return_that_counts_as_zero_has_its_reason_too():
    for profile in ("empyrical", "vectorbt", "quantstats"):
        found = compute([None], [], benchmark=[0.0], profile=profile, metrics="all", periods=252)
        undefined = ~np.isfinite(found["value"].to_numpy())
        assert (found["reason"].notna().to_numpy() == undefined).all()
