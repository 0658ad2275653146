"""How many periods a year has is said by the caller or the dates; never assumed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import compute, periods_per_year

WEEKDAYS = pd.bdate_range("2024-01-01", "2024-12-31")


@pytest.mark.parametrize(
    ("dates", "periods"),
    [
        (WEEKDAYS, 252.0),
        (WEEKDAYS.tz_localize("America/New_York"), 252.0),
        (pd.date_range("2024-01-01", periods=40, freq="D"), 365.0),
        (pd.date_range("2024-01-05", periods=60, freq="W-FRI"), 52.0),
        (pd.date_range("2020-01-31", periods=30, freq="ME"), 12.0),
        (pd.date_range("2020-01-01", periods=30, freq="MS"), 12.0),
        (pd.date_range("2010-03-31", periods=20, freq="QE"), 4.0),
        (pd.date_range("1990-12-31", periods=20, freq="YE"), 1.0),
    ],
)
def test_dates_say_the_periods_of_a_year(dates, periods):
    assert periods_per_year(dates).periods == periods
    assert periods_per_year(pd.Series(0.0, dates)).periods == periods


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (WEEKDAYS[:2], "fewer than three"),
        (pd.RangeIndex(10), "fewer than three"),
        (pd.date_range("2024", periods=50, freq="h"), "were 0.0417 days apart"),
        (WEEKDAYS[:5], "must pass a weekend"),
        (pd.date_range("2024", periods=50, freq="10D"), "were 10 days apart"),
        (WEEKDAYS[:100].append(pd.bdate_range("2030-01-01", periods=100)), "must be regular"),
    ],
)
def test_dates_that_do_not_say_it_are_refused(dates, message):
    with pytest.raises(InvalidArgumentError, match=message):
        periods_per_year(dates)


def test_compute_says_where_its_periods_come_from():
    returns = pd.Series(np.linspace(-0.01, 0.02, len(WEEKDAYS)), WEEKDAYS)
    table = compute(returns, metrics=["volatility"])
    assert table.attrs["periods"] == 252.0
    assert table.attrs["periods_source"] == "daily dates without weekends, NYSE average"
    given = compute(returns, metrics=["volatility"], periods=365)
    assert given.attrs["periods_source"] == "given"


def test_dates_that_do_not_say_it_trouble_no_metric_that_does_not_ask():
    hours = pd.Series([0.01, -0.01, 0.02], pd.date_range("2024", periods=3, freq="h"))
    assert compute(hours, metrics=["max_drawdown"]).loc["max_drawdown", "value"] > 0
    with pytest.raises(InvalidArgumentError, match=r"volatility needs periods.*days apart"):
        compute(hours, metrics=["volatility"])
