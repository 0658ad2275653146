"""Several strategies of one account: what each says, and what they want together."""

from __future__ import annotations

import math
from enum import Enum, StrEnum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.execution import MeanReversion, MultiStrategyManager, Signal


class Says:
    """A strategy that always says the same."""

    def __init__(self, strategy_id, weights, reason=None):
        self.strategy_id = strategy_id
        self._signal = Signal(weights=weights, reason=reason)

    def generate_signal(self):
        return self._signal


class Kind(Enum):
    NUCLEAR = "NUCLEAR"
    TECL = 2


class Word(StrEnum):
    KLM = "KLM"


def test_each_strategys_weights_count_by_its_allocation():
    manager = MultiStrategyManager(
        [Says("a", {"TECL": 1.0}), Says("b", {"TECL": 0.5, "SPY": -0.5})], {"a": 0.4, "b": 0.6}
    )
    signals, portfolio, attribution = manager.run_all_strategies()
    assert attribution == {
        "TECL": {"a": pytest.approx(0.4), "b": pytest.approx(0.3)},
        "SPY": {"b": pytest.approx(-0.3)},
    }
    assert portfolio == {"TECL": pytest.approx(0.7), "SPY": pytest.approx(-0.3)}
    assert {name: (s.action, s.symbol) for name, s in signals.items()} == {
        "a": ("BUY", "TECL"),
        "b": ("BUY/SELL", "TECL, SPY"),
    }


def test_strategies_share_equally_unless_told():
    manager = MultiStrategyManager([Says(name, {}) for name in "abcd"])
    assert manager.allocations == dict.fromkeys("abcd", 0.25)


def test_one_that_holds_has_a_signal_and_no_part_in_the_portfolio():
    manager = MultiStrategyManager([Says("a", None), Says("b", {"SPY": 1.0})])
    signals, portfolio, attribution = manager.run_all_strategies()
    assert (signals["a"].action, signals["a"].symbol) == ("HOLD", None)
    assert (portfolio, attribution) == ({"SPY": 0.5}, {"SPY": {"b": 0.5}})


def test_one_without_an_allocation_is_not_asked_and_wants_nothing():
    class Broken:
        strategy_id = "old"

        def generate_signal(self):
            raise AssertionError("must not be asked")

    manager = MultiStrategyManager([Broken(), Says("b", {"SPY": 1.0})], {"old": 0.0, "b": 1.0})
    signals, portfolio, _ = manager.run_all_strategies()
    assert (signals["old"].action, signals["old"].reason) == ("CASH", "nothing is allocated")
    assert portfolio == {"SPY": 1.0}


def test_a_name_may_be_a_member_of_an_enum():
    says = Says("ignored", {"SPY": 1.0})
    manager = MultiStrategyManager(
        {Kind.NUCLEAR: says, Kind.TECL: says, Word.KLM: says},
        {Kind.NUCLEAR: 0.5, Kind.TECL: 0.25, Word.KLM: 0.25},
    )
    assert manager.allocations == {"NUCLEAR": 0.5, "TECL": 0.25, "KLM": 0.25}
    assert manager.run_all_strategies()[2]["SPY"] == manager.allocations


def test_textbook_strategies_decide_by_the_prices_so_far(closes):
    strategy = MeanReversion()
    weeks = closes.iloc[: next(n for n in range(300, 310) if closes.index[n].day_of_week == 0) + 1]
    manager = MultiStrategyManager([strategy], prices=lambda: weeks)
    signals, portfolio, _ = manager.run_all_strategies()
    behind = -(weeks.iloc[-1] / weeks.iloc[-6] - 1.0)
    expected = (behind - behind.mean()) / (behind - behind.mean()).abs().sum()
    assert portfolio == pytest.approx(expected.to_dict())
    assert signals["mean-reversion"].action == "BUY/SELL"


def test_prices_are_fetched_on_every_run_and_only_once(closes):
    frames = iter([closes.iloc[:300], closes.iloc[:301]])
    manager = MultiStrategyManager(
        {"a": MeanReversion(), "b": MeanReversion()}, prices=lambda: next(frames)
    )
    manager.run_all_strategies()
    manager.run_all_strategies()
    assert next(frames, None) is None


@given(
    st.dictionaries(
        st.sampled_from("abcde"),
        st.dictionaries(st.sampled_from(["SPY", "TECL", "BIL"]), st.floats(-2.0, 2.0), max_size=3),
        min_size=1,
    )
)
@settings(deadline=None, max_examples=60)
def test_the_portfolio_is_the_sum_of_its_attribution(weights):
    manager = MultiStrategyManager([Says(name, each) for name, each in weights.items()])
    _, portfolio, attribution = manager.run_all_strategies()
    assert portfolio.keys() == attribution.keys()
    for symbol, weight in portfolio.items():
        assert weight == math.fsum(attribution[symbol].values())
        for name, part in attribution[symbol].items():
            assert part == pytest.approx(weights[name][symbol] / len(weights))


@pytest.mark.parametrize(
    ("strategies", "allocations", "message"),
    [
        ([], None, "at least one"),
        ([Says("a", {}), Says("a", {})], None, "a name of its own"),
        ([Says("a b", {})], None, "a strategy must match"),
        ([Says("x" * 37, {})], None, "at most 36 characters"),
        ([Says("a", {})], {"a": 1.5}, "each be 0 to 1"),
        ([Says("a", {}), Says("b", {})], {"a": 0.6, "b": 0.6}, "together at most 1"),
        ([Says("a", {})], {"a": math.nan}, "each be 0 to 1"),
        ([Says("a", {})], {"a": -0.1}, "each be 0 to 1"),
        ([MeanReversion()], None, "prices must be given"),
    ],
)
def test_strategies_and_allocations_out_of_bounds_are_an_error(strategies, allocations, message):
    with pytest.raises(InvalidArgumentError, match=message):
        MultiStrategyManager(strategies, allocations)


def test_an_allocation_for_no_strategy_is_an_error():
    with pytest.raises(UnknownNameError, match="must name each of"):
        MultiStrategyManager([Says("a", {})], {"b": 1.0})


@pytest.mark.parametrize(
    ("weights", "message"),
    [({"SPY": math.nan}, "must be a finite number"), ({"": 1.0}, "a symbol must be 1 to 64")],
)
def test_a_signal_of_nonsense_is_an_error(weights, message):
    with pytest.raises(InvalidArgumentError, match=message):
        Signal(weights=weights)


def test_weights_of_the_wrong_shape_are_an_error(closes):
    class Wrong:
        strategy_id = "wrong"

        def target_weights(self, so_far):
            return np.ones(2)

    with pytest.raises(InvalidArgumentError, match="5 finite numbers"):
        MultiStrategyManager([Wrong()], prices=closes).run_all_strategies()
