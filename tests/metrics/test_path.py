"""Path: the drawdown of a path, in any grouping."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import Path
from perfkit.metrics.path import deepest, wealth

MOVES = st.lists(st.integers(-20, 20), max_size=30)
CUTS = st.lists(st.integers(0, 30), max_size=4)
DAYS = np.datetime64("2024-01-01", "us") + np.arange(31) * np.timedelta64(1, "D")


def merged(paths):
    whole = paths[0]
    for path in paths[1:]:
        whole = whole.then(path)
    return whole


def grouped(build, values, cuts):
    days = DAYS[: len(values)]
    parts = zip(np.split(values, sorted(cuts)), np.split(days, sorted(cuts)), strict=True)
    return merged([build(part, when) for part, when in parts]), build(values, days)


@settings(deadline=None, max_examples=60)
@given(MOVES, CUTS)
def test_paths_of_pnl_merge_to_the_whole_path_with_its_times(moves, cuts):
    parts, whole = grouped(Path.of_pnl, np.array(moves, float), cuts)
    assert str(parts) == str(whole)


@settings(deadline=None, max_examples=60)
@given(MOVES, CUTS)
def test_paths_of_net_asset_values_merge_to_the_whole_path(moves, cuts):
    nav = 30.0 + np.cumsum(np.array(moves, float))
    parts, whole = grouped(Path.of_nav, nav, cuts)
    assert str(parts) == str(whole)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.floats(-0.5, 0.5), st.sampled_from([-1.0, -1.5])), max_size=30), CUTS)
def test_paths_of_returns_merge_to_the_whole_path(returns, cuts):
    parts, whole = grouped(Path.of_returns, np.array(returns, float), cuts)
    assert parts.n == whole.n
    assert parts.max_drawdown == pytest.approx(whole.max_drawdown, abs=1e-12, nan_ok=True)
    assert parts.end.level == pytest.approx(whole.end.level, rel=1e-12)
    assert parts.high.level == pytest.approx(whole.high.level, rel=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20))
def test_the_kernel_finds_what_plain_python_finds(levels):
    values = np.array(levels, dtype=np.float64)
    assert deepest(values) == deepest.py_func(values)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=25))
def test_the_deepest_drop_is_the_deepest_of_all_pairs(levels):
    pairs = [(a, b) for i, a in enumerate(levels) for b in levels[i:]]
    path = Path.of_nav(levels)
    assert path.money_drawdown == max(a - b for a, b in pairs)
    assert path.max_drawdown == pytest.approx(max(1 - b / a for a, b in pairs))


def test_the_largest_fraction_and_the_largest_amount_can_be_different_drops():
    path = Path.of_nav([10.0, 5.0, 100.0, 60.0])
    assert (path.max_drawdown, path.money_drawdown) == (0.5, 40.0)


def test_a_first_loss_is_a_drawdown():
    assert Path.of_returns([-0.1]).max_drawdown == pytest.approx(0.1)
    assert Path.of_pnl([-10.0]).money_drawdown == 10.0


def test_peak_and_trough_carry_their_times():
    drop = Path.of_pnl([5.0, -3.0, 1.0], DAYS[:3]).by_money
    assert (drop.peak.time, drop.trough.time) == (DAYS[0], DAYS[1])
    assert np.isnat(Path.of_pnl([-3.0], DAYS[:1]).by_money.peak.time)


def test_nothing_compounds_after_ruin():
    assert wealth(np.array([0.5, -1.0, 3.0])).tolist() == [1.0, 1.5, 0.0, 0.0]
    assert Path.of_returns([-1.0]).then(Path.of_returns([3.0])).end.level == 0.0
    assert Path.of_returns([-1.5, 3.0]).max_drawdown == 1.5


def test_a_path_of_values_ends_where_nothing_is_left():
    path = Path.of_nav([10.0, -5.0, 20.0, 1.0])
    assert (path.max_drawdown, path.end.level, path.n) == (1.5, -5.0, 4)


def test_pnl_without_capital_has_no_fraction():
    assert np.isnan(Path.of_pnl([5.0, -3.0]).max_drawdown)


def test_paths_of_different_kinds_do_not_merge():
    with pytest.raises(InvalidArgumentError, match="only paths of one kind merge"):
        Path.of_pnl([1.0]).then(Path.of_nav([1.0]))


def test_values_and_times_of_different_length_are_refused():
    with pytest.raises(InvalidArgumentError, match="one time for each value"):
        Path.of_pnl([1.0, 2.0], DAYS[:1])
