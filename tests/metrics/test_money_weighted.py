"""Money-weighted returns against published examples, and the laws that they keep."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics
from perfkit.errors import InvalidArgumentError
from perfkit.metrics import modified_dietz, money_weighted_return

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "money_weighted.json").read_text(encoding="utf-8")
)
START = datetime(2023, 1, 1, tzinfo=UTC)
laws = settings(max_examples=60, deadline=None)
deposits = st.lists(st.tuples(st.integers(0, 2000), st.floats(1.0, 1e6)), min_size=1, max_size=8)


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: c["source"][:30])
def test_a_return_is_the_published_number(case):
    value = getattr(metrics, case["function"])(**case["input"])
    assert value == pytest.approx(case["expected"], abs=case["tolerance"])


@laws
@given(deposits, st.floats(-0.95, 10.0))
def test_money_that_grew_at_a_rate_returns_that_rate(flows, rate):
    end = START + timedelta(days=2001)
    times = [START + timedelta(days=day) for day, _ in flows]
    amounts = [amount for _, amount in flows]
    nav = sum(a * (1 + rate) ** ((end - t).days / 365) for a, t in zip(amounts, times, strict=True))
    found = money_weighted_return(amounts, times, nav, end=end)
    assert found == pytest.approx(rate, rel=1e-6, abs=1e-9)


@laws
@given(deposits, st.floats(0.1, 1e7), st.floats(1e-3, 1e3))
def test_a_return_ignores_the_currency_and_the_order_of_the_flows(flows, nav, exchange_rate):
    end = START + timedelta(days=2001)
    times = np.array([START + timedelta(days=day) for day, _ in flows])
    amounts = np.array([amount for _, amount in flows])
    plain = money_weighted_return(amounts, times, nav, end=end)
    other = money_weighted_return(
        amounts[::-1] * exchange_rate, times[::-1], nav * exchange_rate, end=end
    )
    assert other == pytest.approx(plain, rel=1e-6, abs=1e-9, nan_ok=True)


def test_a_single_deposit_is_the_same_for_every_method():
    # by hand: 100 -> 121 in 730 days of 365 is 10 % a year, 21 % of the span
    span = {"start": "2021-01-01", "end": "2023-01-01"}
    assert money_weighted_return([100.0], ["2021-01-01"], 121.0, end="2023-01-01") == pytest.approx(
        0.10, abs=1e-12
    )
    assert modified_dietz([], [], 100.0, 121.0, **span) == pytest.approx(0.21, abs=1e-12)


def test_the_end_is_the_last_flow_unless_told():
    times = ["2021-01-01", "2022-01-01"]
    told = money_weighted_return([100.0, -50.0], times, 60.0, end="2022-01-01")
    assert money_weighted_return([100.0, -50.0], times, 60.0) == told == pytest.approx(0.10)


def test_what_is_lost_wholly_is_minus_one():
    assert money_weighted_return([100.0], ["2023-01-01"], 0.0, end="2024-01-01") == -1.0


@pytest.mark.parametrize(
    ("flows", "times", "nav", "end"),
    [
        ([], [], 100.0, "2024-01-01"),
        ([100.0], ["2023-01-01"], 110.0, None),
        ([-100.0], ["2023-01-01"], 110.0, "2024-01-01"),
        ([100.0], ["2023-01-01"], -5.0, "2024-01-01"),
        ([0.0], ["2023-01-01"], 0.0, "2024-01-01"),
        ([100.0, -100.0], ["2023-01-01", "2023-01-01"], 0.0, "2024-01-01"),
    ],
    ids=["no flows", "no time", "never paid in", "a debt", "nothing", "in and out at once"],
)
def test_without_a_rate_the_return_is_nan(flows, times, nav, end):
    assert math.isnan(money_weighted_return(flows, times, nav, end=end))


def test_of_two_rates_none_is_chosen():
    # by hand, with g = 1 + r: 100 g^2 - 230 g + 132 = 0 has g = 1.1 and g = 1.2
    times = ["2021-01-01", "2022-01-01"]
    found = money_weighted_return([100.0, -230.0], times, -132.0, end="2023-01-01")
    assert math.isnan(found)


def test_modified_dietz_of_no_money_is_nan():
    flows, times = [-100.0], ["2023-01-01"]
    span = {"start": "2023-01-01", "end": "2023-02-01"}
    assert math.isnan(modified_dietz(flows, times, 100.0, 5.0, **span))
    assert math.isnan(modified_dietz(flows, times, 50.0, 5.0, **span))


def test_times_with_a_zone_are_moments():
    zone = datetime(2023, 1, 1, tzinfo=UTC)
    found = money_weighted_return([100.0], [zone], 110.0, end=zone + timedelta(days=365))
    assert found == pytest.approx(0.10)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"flows": [1.0, 2.0]}, "as many"),
        ({"flows": [math.nan]}, "finite"),
        ({"nav": math.inf}, "finite"),
        ({"end": "2022-12-31"}, "not be after the end"),
        ({"end": datetime(2024, 1, 1, tzinfo=UTC)}, "all with a zone or all without"),
        ({"times": ["soon"]}, "must be datetimes"),
        ({"times": [None]}, "one was missing"),
    ],
)
def test_input_that_says_nothing_is_an_error(given_, message):
    call = {"flows": [1.0], "times": ["2023-01-01"], "nav": 1.0, "end": "2024-01-01"} | given_
    with pytest.raises(InvalidArgumentError, match=message):
        money_weighted_return(**call)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"end": "2023-01-01"}, "end must be after start"),
        ({"times": ["2022-12-31"]}, "times must lie from"),
        ({"times": ["2023-03-01"]}, "times must lie from"),
        ({"start_nav": math.nan}, "start_nav must be finite"),
    ],
)
def test_a_span_that_is_none_is_an_error(given_, message):
    call = {"flows": [1.0], "times": ["2023-01-05"], "start_nav": 1.0, "nav": 2.0}
    call |= {"start": "2023-01-01", "end": "2023-02-01"} | given_
    with pytest.raises(InvalidArgumentError, match=message):
        modified_dietz(**call)
