"""The interval of a mean P&L: honest about trips that share a day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from perfkit.attribution import AttributionAnalyzer, mean_interval
from perfkit.attribution.contribution import MINIMUM_DAYS

DAYS = np.datetime64("2024-01-01") + np.arange(200)


def verdict_of(pnl, day):
    times = pd.DatetimeIndex(DAYS[day]).tz_localize("UTC")
    trips = pd.DataFrame({"pnl": pnl, "exit_time": times, "strategy_id": "s"})
    return AttributionAnalyzer(trips).by_strategy()["verdict"].tolist()


def test_one_trip_a_day_gives_the_textbook_interval_of_student():
    values = np.random.default_rng(1).normal(3.0, 10.0, 50)
    low, high, days = mean_interval(np.zeros(50, np.int64), values, DAYS[:50])
    expected = stats.t.interval(0.95, 49, values.mean(), stats.sem(values))
    assert (low[0], high[0]) == pytest.approx(expected)
    assert days[0] == 50


def test_repeating_every_trip_on_its_day_adds_no_certainty():
    values = np.random.default_rng(2).normal(3.0, 10.0, 50)
    once = mean_interval(np.zeros(50, np.int64), values, DAYS[:50])
    thrice = mean_interval(np.zeros(150, np.int64), np.tile(values, 3), np.tile(DAYS[:50], 3))
    assert (thrice[0][0], thrice[1][0]) == pytest.approx((once[0][0], once[1][0]))


def test_it_covers_the_truth_where_trips_of_a_day_move_together():
    rng, runs, days, a_day = np.random.default_rng(3), 2000, 60, 8
    shared = np.repeat(rng.normal(0.0, 1.0, (runs, days)), a_day, axis=1)
    values = (shared + rng.normal(0.0, 1.0, shared.shape)).ravel()
    code = np.repeat(np.arange(runs), days * a_day)
    low, high, _ = mean_interval(code, values, np.tile(np.repeat(DAYS[:days], a_day), runs))
    assert np.mean((low <= 0) & (high >= 0)) == pytest.approx(0.95, abs=0.015)


def test_a_group_is_measured_the_same_beside_others():
    rng = np.random.default_rng(4)
    values, code = rng.normal(size=200), rng.integers(0, 3, 200)
    together = mean_interval(code, values, DAYS)
    alone = mean_interval(np.zeros((code == 1).sum(), np.int64), values[code == 1], DAYS[code == 1])
    assert together[0][1] == pytest.approx(alone[0][0])


@pytest.mark.parametrize(
    ("pnl", "days", "verdict"),
    [
        ([5.0, 6.0], 30, "earns"),
        ([-5.0, -6.0], 30, "loses"),
        ([5.0, -5.1], 30, "unclear"),
        ([5.0, 6.0], MINIMUM_DAYS - 1, "insufficient"),
    ],
)
def test_a_verdict_is_where_the_interval_leaves_zero_out(pnl, days, verdict):
    day = np.arange(days)
    assert verdict_of(np.array(pnl)[day % 2], day) == [verdict]


def test_many_trips_on_few_days_are_insufficient():
    assert verdict_of(1.0 + np.arange(500) % 2, np.arange(500) % 5) == ["insufficient"]
