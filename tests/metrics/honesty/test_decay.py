"""Decay: few false alarms however often one looks, and a real decay is noticed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.metrics.honesty import decay_test

DAYS = pd.bdate_range("2024-01-01", periods=250)


def series(values):
    return pd.Series(values, DAYS[: len(values)])


def worlds(kind, count=200, days=250):
    rng = np.random.default_rng(8)
    if kind == "t4":
        return 0.01 * rng.standard_t(4, (count, days)) / math.sqrt(2)
    drawn = rng.standard_normal((count, days))
    for i in range(1, days):
        drawn[:, i] = 0.2 * drawn[:, i - 1] + math.sqrt(0.96) * drawn[:, i]
    return 0.01 * drawn


def test_the_bounds_are_those_of_the_paper():
    # equation of Waudby-Smith et al. for a number as expectation, written out for k = 20 blocks
    live = np.random.default_rng(1).normal(0.001, 0.01, 100)
    weeks = live.reshape(20, 5).mean(axis=1)
    two_log = -2 * math.log(0.05)
    rho2 = (two_log + math.log(two_log) + 1) / 50
    k, s = 20, weeks.std(ddof=1)
    radius = s * math.sqrt(
        2 * (k * rho2 + 1) / (k**2 * rho2) * math.log(math.sqrt(k * rho2 + 1) / 0.05)
    )
    last = decay_test(live, expected=0.001).table.iloc[-1]
    assert last["mean"] == pytest.approx(live.mean(), rel=1e-12)
    assert last["high"] == pytest.approx(live.mean() + radius, rel=1e-9)
    assert last["low"] == pytest.approx(live.mean() - radius, rel=1e-9)
    assert last["n"] == 100


@pytest.mark.parametrize("kind", ["t4", "ar"])
def test_looking_at_every_block_of_a_year_gives_few_false_alarms(kind):
    live = worlds(kind)
    alarms = sum(decay_test(x, expected=0.0).alarm is not None for x in live)
    assert alarms <= 10  # 5 % of 200; about 2 % in the long run
    rng = np.random.default_rng(9)
    past = 0.01 * rng.standard_normal((200, 250))
    pairs = zip(live, past, strict=True)
    assert sum(decay_test(x, expected=p).alarm is not None for x, p in pairs) <= 10


def test_a_planted_decay_is_noticed_with_its_date():
    live = series(worlds("t4")[0] - 0.004)
    found = decay_test(live, expected=0.001)
    assert found.alarm in DAYS
    assert found.verdict == (
        f"decayed: below what was expected, first seen on {found.alarm.date()} (95%)"
    )
    before = found.table.loc[found.table.index < found.alarm]
    assert not (before["high"] < 0.001).any()
    assert found.table.loc[found.alarm, "high"] < 0.001


def test_most_planted_decays_are_noticed_within_a_year():
    live = worlds("ar") - 0.003
    assert sum(decay_test(x, expected=0.0).alarm is not None for x in live) >= 160
    past = 0.01 * np.random.default_rng(10).standard_normal((200, 1000))
    pairs = zip(live, past, strict=True)
    assert sum(decay_test(x, expected=p).alarm is not None for x, p in pairs) >= 120


def test_a_reference_widens_the_bounds_by_its_own_uncertainty_and_a_longer_one_less():
    live = worlds("t4")[1]
    past = np.tile([0.01, -0.008, 0.004, -0.005, 0.012], 400)
    rng = np.random.default_rng(0)
    rng.shuffle(past)
    width = [
        np.ptp(decay_test(live, expected=e).table.iloc[-1][["low", "high"]].to_numpy())
        for e in (float(past.mean()), past, past[:100])
    ]
    assert width[0] < width[1] < width[2]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 250), st.integers(1, 10))
def test_what_comes_later_changes_nothing_before(n, block):
    live = worlds("t4")[2]
    whole = decay_test(live, expected=0.0005, block=block).table
    cut = decay_test(live[:n], expected=0.0005, block=block).table
    pd.testing.assert_frame_equal(cut, whole.iloc[: len(cut)], check_exact=True)


@settings(deadline=None, max_examples=25)
@given(st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(factor):
    live = worlds("ar")[3]
    one = decay_test(live, expected=0.002)
    other = decay_test(live * factor, expected=0.002 * factor)
    assert one.alarm == other.alarm
    assert other.table["high"].to_numpy() == pytest.approx(
        one.table["high"].to_numpy() * factor, rel=1e-9, nan_ok=True
    )


@pytest.mark.parametrize("n", [0, 1, 49])
def test_before_ten_blocks_nothing_is_said(n):
    found = decay_test(np.full(n, -0.1), expected=0.01)
    assert (found.alarm, found.reason) == (None, "insufficient")
    assert found.verdict == f"insufficient: {n} of at least 50 observations"


def test_a_short_reference_is_insufficient():
    found = decay_test(worlds("t4")[0], expected=[0.01, -0.01] * 10)
    assert (found.alarm, found.reason, math.isnan(found.expected)) == (None, "insufficient", True)


def test_missing_days_are_not_counted_and_the_dates_are_those_of_known_days():
    live = series(worlds("t4")[4])
    live.iloc[::10] = np.nan
    found = decay_test(live, expected=0.0)
    assert found.n == 225
    assert found.table.index[0] == DAYS[5]  # the fifth known day: the first is missing


def test_what_never_moves_is_not_called_decayed():
    found = decay_test([0.0] * 100, expected=0.01)
    assert (found.alarm, found.reason) == (None, "zero_variance")
    found = decay_test([0.3] * 100, expected=0.7)
    assert found.reason == "zero_variance"


def test_no_evidence_is_said_so():
    assert decay_test(worlds("t4")[5], expected=0.0).verdict == (
        "no evidence of decay (95%, n=250)"
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"expected": math.nan}, "expected"),
        ({"expected": 0.0, "block": 0}, "block"),
        ({"expected": 0.0, "block": 2.5}, "block"),
        ({"expected": 0.0, "level": 1.0}, "level"),
        ({"expected": 0.0, "level": 0.2}, "level"),
        ({"expected": [0.1, math.inf]}, "finite"),
    ],
)
def test_a_wrong_argument_is_named(options, told):
    with pytest.raises(InvalidArgumentError, match=told):
        decay_test(worlds("t4")[0], **options)
