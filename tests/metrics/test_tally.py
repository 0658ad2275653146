"""Tally: counts of closed round trips, in any grouping."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import Path, Tally, pnl_drawdown
from perfkit.metrics import day_kernel as kernel

PNL = st.lists(
    st.one_of(
        st.sampled_from([0.0, 1.0, -1.0, 1e9, -1e9]),
        st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False),
    ),
    max_size=40,
)
FREE = (
    "n", "wins", "losses", "gross_profit", "gross_loss", "total", "mean", "std", "best", "worst",
)  # fmt: skip
STREAKS = ("current_streak", "longest_winning_streak", "longest_losing_streak")
READINGS = (*FREE, *STREAKS)


def readings(tally):
    return [getattr(tally, name) for name in READINGS]


def same(left, right, pnl):
    scale = max(1.0, *(abs(x) for x in pnl)) if pnl else 1.0
    assert readings(left) == pytest.approx(
        readings(right), rel=1e-14, abs=1e-14 * scale, nan_ok=True
    )
    # a level is a sum of them all, and is rounded once or twice more than in the batch
    assert left.pnl_drawdown == pytest.approx(
        right.pnl_drawdown, rel=0.0, abs=1e-15 * sum(map(abs, pnl)), nan_ok=True
    )


@settings(deadline=None, max_examples=60)
@given(PNL, st.lists(st.integers(0, 40), max_size=4), st.booleans())
def test_merging_in_any_grouping_equals_the_batch(pnl, cuts, nested):
    parts = [Tally.of(part) for part in np.split(np.array(pnl), sorted(cuts))]
    if nested and len(parts) > 2:
        parts = [parts[0], Tally.concatenated(parts[1:])]
    same(Tally.concatenated(parts), Tally.of(pnl), pnl)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-50, 50), max_size=40), st.lists(st.integers(0, 40), max_size=4))
def test_merging_whole_amounts_is_the_batch_to_the_last_bit(pnl, cuts):
    parts = [Tally.of(part) for part in np.split(np.array(pnl, float), sorted(cuts))]
    assert Tally.concatenated(parts) == Tally.of(pnl)


@settings(deadline=None, max_examples=40)
@given(PNL)
def test_the_fall_of_a_tally_is_that_of_the_path_of_its_trips(pnl):
    expected = Path.of_pnl(pnl).money_drawdown if pnl else np.nan
    found = Tally.of(pnl).pnl_drawdown
    scale = sum(map(abs, pnl))  # the path's own sum drifts by as much
    assert found == pytest.approx(expected, rel=0.0, abs=1e-14 * scale, nan_ok=True)


def test_the_fall_runs_across_a_merge_and_begins_at_nothing():
    first, second = Tally.of([-1.0, 5.0, -2.0]), Tally.of([-4.0, 1.0])
    assert (first.pnl_drawdown, second.pnl_drawdown) == (2.0, 4.0)
    assert Tally.concatenated([first, second]).pnl_drawdown == 6.0  # from 4 down to -2
    assert pnl_drawdown(Tally.concatenated([second, first])) == 4.0  # from 0 down to -4, twice


@settings(deadline=None, max_examples=40)
@given(PNL)
def test_updating_one_by_one_is_the_batch_to_the_last_bit(pnl):
    live = Tally()
    for value in pnl:
        live.update([value])
    assert live == Tally.of(pnl)


@settings(deadline=None, max_examples=40)
@given(PNL, st.randoms(use_true_random=False))
def test_all_but_streaks_and_fall_are_free_of_order(pnl, random):
    shuffled = list(pnl)
    random.shuffle(shuffled)
    scale = max(1.0, *(abs(x) for x in pnl)) if pnl else 1.0
    assert [getattr(Tally.of(shuffled), n) for n in FREE] == pytest.approx(
        [getattr(Tally.of(pnl), n) for n in FREE], rel=1e-14, abs=1e-14 * scale, nan_ok=True
    )


@settings(deadline=None, max_examples=40)
@given(PNL)
def test_the_kernel_counts_what_plain_python_counts(pnl):
    compiled, plain = np.zeros((2, 3, kernel.TALLY_FIELDS))
    values, row = np.array(pnl, dtype=np.float64), np.arange(len(pnl)) % 3
    kernel.add_trips(compiled, row, values)
    kernel.add_trips.py_func(plain, row, values)
    assert compiled.tolist() == plain.tolist()
    for place, state in enumerate(compiled):
        assert state.tolist() == Tally.of(pnl[place::3])._state.tolist()
    merged = np.zeros(kernel.TALLY_FIELDS)
    kernel.merge_states.py_func(merged, np.vstack([compiled, plain]))
    assert merged[kernel.N] == 2 * len(pnl)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_the_deviation_is_that_of_numpy(pnl):
    assert Tally.of(pnl).std == pytest.approx(np.std(pnl, ddof=1), rel=1e-9, abs=1e-9)


def test_a_small_deviation_survives_a_large_mean():
    assert Tally.of([1e9, 1e9 + 1, 1e9 + 2]).std == 1.0


def test_a_sum_does_not_lose_the_small_trips_beside_a_large_one():
    assert Tally.of([1e16, 1.0, 1.0, -1e16]).total == 2.0


def test_a_trip_of_exactly_zero_is_neither_won_nor_lost_and_ends_a_streak():
    tally = Tally.of([1.0, 0.0, 1.0, 1.0])
    assert (tally.n, tally.wins, tally.losses) == (4, 3, 0)
    assert tally.longest_winning_streak == tally.current_streak == 2


def test_a_streak_runs_across_a_merge():
    merged = Tally.concatenated([Tally.of([1.0, -1.0]), Tally(), Tally.of([-1.0]), Tally.of([-1])])
    assert merged.longest_losing_streak == 3
    assert merged.current_streak == -3


def test_missing_trips_are_not_counted():
    assert Tally.of([np.nan, 1.0]).n == 1


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 1e200])
def test_a_trip_that_cannot_be_squared_is_refused_by_name(bad):
    with pytest.raises(InvalidArgumentError, match="P&L of a round trip"):
        Tally.of([1.0, bad])
