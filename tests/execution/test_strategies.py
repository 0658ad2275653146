"""The textbook rules: neutral, causal, and what their books say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.execution import (
    Breakout,
    MeanReversion,
    Momentum,
    PricesSoFar,
    Variant,
    textbook_strategies,
)

SMALL = [
    kind
    for v in Variant
    for kind in (
        Momentum(variant=v, formation=12, skip=3),
        MeanReversion(variant=v, lookback=3),
        Breakout(variant=v, entry=7, exit=4),
    )
]


def _so_far(closes, days=None):
    closes = np.asarray(closes, dtype=float)
    if days is None:
        days = np.busday_offset("2020-01-01", np.arange(len(closes)), roll="forward")
    symbols = tuple(f"S{n}" for n in range(closes.shape[1]))
    return PricesSoFar(closes=closes, days=days.astype("datetime64[D]"), symbols=symbols)


def _walks(seed, days=160, symbols=6):
    steps = np.random.default_rng(seed).normal(0.0, 0.02, size=(days, symbols))
    return 50.0 * np.exp(np.cumsum(steps, axis=0))


def _decisions(strategy, closes):
    whole = _so_far(closes)
    return [
        strategy.target_weights(
            PricesSoFar(
                closes=whole.closes[: n + 1], days=whole.days[: n + 1], symbols=whole.symbols
            )
        )
        for n in range(len(closes))
    ]


def test_there_are_six_with_names_of_their_own():
    assert [s.strategy_id for s in textbook_strategies()] == [
        "momentum",
        "momentum-long-only",
        "mean-reversion",
        "mean-reversion-long-only",
        "breakout",
        "breakout-long-only",
    ]


@pytest.mark.parametrize("strategy", SMALL, ids=lambda s: s.strategy_id)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 119))
def test_what_comes_later_changes_no_decision(strategy, seed, cut):
    closes = _walks(seed, 120)
    other = closes.copy()
    other[cut:] = _walks(seed + 1, 120)[cut:] * 1e6
    ours, theirs = _decisions(strategy, closes)[:cut], _decisions(strategy, other)[:cut]
    for one, two in zip(ours, theirs, strict=True):
        assert (one is None and two is None) or np.array_equal(one, two)


@pytest.mark.parametrize("strategy", SMALL, ids=lambda s: s.strategy_id)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_weights_are_neutral_or_long_only(strategy, seed):
    decided = [w for w in _decisions(strategy, _walks(seed)) if w is not None]
    assert len(decided) > 5
    for weights in decided:
        if strategy.variant is Variant.LONG_SHORT:
            assert weights.sum() == pytest.approx(0.0, abs=1e-12)
            assert np.abs(weights).sum() == pytest.approx(1.0) or not weights.any()
        else:
            assert weights.min() >= 0.0
            assert weights.sum() <= 1.0 + 1e-12


@pytest.mark.parametrize(
    "strategy", [s for s in SMALL if not isinstance(s, Momentum)], ids=lambda s: s.strategy_id
)
def test_equal_prices_give_nothing_to_choose(strategy):
    flat = np.full((60, 4), 10.0)
    assert not any(w.any() for w in _decisions(strategy, flat) if w is not None)


@pytest.mark.parametrize("strategy", SMALL, ids=lambda s: s.strategy_id)
def test_decisions_wait_for_enough_history(strategy):
    assert all(w is None for w in _decisions(strategy, _walks(1, 3)))


def test_momentum_holds_winners_without_the_last_month_and_decides_monthly():
    strategy = Momentum(formation=20, skip=5, fraction=0.25)
    closes = np.full((40, 4), 100.0)
    closes[25:, 0] = 130.0  # rises inside the window
    closes[25:, 3] = 80.0
    closes[31:, 1] = 500.0  # rises too late: inside the month that is skipped
    days = np.busday_offset("2024-01-02", np.arange(40), roll="forward")
    first = int(np.flatnonzero(days.astype("datetime64[M]") == np.datetime64("2024-02"))[0])
    assert strategy.target_weights(_so_far(closes[:first], days[:first])) is None
    decided = [n for n, w in enumerate(_decisions(strategy, closes)) if w is not None]
    assert len(decided) == 1
    march = _so_far(closes[:35], np.r_[days[:34], np.datetime64("2024-03-01")])
    assert strategy.target_weights(march).tolist() == [0.5, 0.0, 0.0, -0.5]
    only = Momentum(variant=Variant.LONG_ONLY, formation=20, skip=5, fraction=0.25)
    assert only.target_weights(march).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_mean_reversion_weighs_by_distance_from_the_average():
    # returns +10 %, 0 %, -4 %, -2 %: average 1 %, by hand
    closes = np.array([[100.0] * 4] * 5 + [[110.0, 100.0, 96.0, 98.0]])
    days = np.array(
        ["2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12", "2024-01-15"],
        dtype="datetime64[D]",
    )
    so_far = _so_far(closes, days)
    assert MeanReversion().target_weights(so_far) == pytest.approx(
        [-9 / 18, 1 / 18, 5 / 18, 3 / 18]
    )
    long_only = MeanReversion(variant=Variant.LONG_ONLY).target_weights(so_far)
    assert long_only == pytest.approx([0.0, 1 / 9, 5 / 9, 3 / 9])


def test_mean_reversion_decides_on_the_first_close_of_a_week():
    days = np.array(["2024-01-04", "2024-01-05", "2024-01-09"], dtype="datetime64[D]")
    closes = _walks(3, 3)
    assert not _so_far(closes[:2], days[:2]).starts_week
    assert _so_far(closes, days).starts_week  # Monday was a holiday
    assert not _so_far(closes[:1], days[:1]).starts_week


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    windows=st.tuples(st.integers(1, 12), st.integers(1, 60)),
    days=st.integers(62, 300),
)
def test_breakout_is_the_turtles_state_machine(seed, windows, days):
    exit_, entry = sorted(windows)
    closes = _walks(seed, days, 3)
    held = np.zeros((days, 3), dtype=bool)
    for t in range(entry, days):
        for s in range(3):
            entered = closes[t, s] > closes[t - entry : t, s].max()
            left = closes[t, s] < closes[t - exit_ : t, s].min()
            held[t, s] = (held[t - 1, s] or entered) and not left
    strategy = Breakout(variant=Variant.LONG_ONLY, entry=entry, exit=exit_)
    for t in range(entry, days, 7):
        assert np.array_equal(strategy.target_weights(_so_far(closes[: t + 1])), held[t] / 3)


def test_breakout_remembers_a_position_that_no_event_has_touched():
    rise = np.linspace(10.0, 20.0, 80)
    calm = 19.9 + 0.01 * np.cos(np.arange(300.0))
    closes = np.r_[rise, calm][:, None]
    weights = Breakout(variant=Variant.LONG_ONLY, exit=55).target_weights(_so_far(closes[:200]))
    assert weights.tolist() == [1.0]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Momentum(formation=10, skip=10),
        lambda: Momentum(fraction=0.6),
        lambda: MeanReversion(lookback=0),
        lambda: Breakout(entry=10, exit=20),
    ],
)
def test_windows_that_make_no_sense_are_an_error(wrong):
    with pytest.raises(InvalidArgumentError, match="must have"):
        wrong()


@pytest.mark.parametrize("kind", [Momentum, MeanReversion, Breakout])
def test_a_variant_may_be_given_by_its_word_and_no_other_is_taken(kind):
    assert kind(variant="long-only") == kind(variant=Variant.LONG_ONLY)
    with pytest.raises(InvalidArgumentError, match=r"variant must be one of .*, was 'nonsense'"):
        kind(variant="nonsense")
