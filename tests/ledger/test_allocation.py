"""A shared fill: its parts sum to it, to the last bit, and so do their books."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import Ledger, effective_fills
from perfkit.ledger.allocation import allocate_fill, cross_fill
from perfkit.records import Fill, Side, to_table

NETTED = Fill(
    trade_id="T1",
    account_id="main",
    strategy_id="desk",
    execution_time=datetime(2024, 1, 2, 15, tzinfo=UTC),
    symbol="SPY",
    side="buy",
    price=470.25,
    volume=100.0,
    commission=1.0,
    order_id="O7",
    fee_currency="EUR",
    currency="USD",
    multiplier=5.0,
    liquidity="taker",
    source="desk",
    reason="rebalance",
    reference_price=470.0,
)
laws = settings(max_examples=80, deadline=None)
volumes = st.one_of(
    st.floats(1e-9, 1e9), st.sampled_from([0.1, 1 / 3, 100.0, 1e-300, 1e9, math.nextafter(1, 2)])
)
commissions = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.2, 5e-324]))
shares = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e.f"]),
    st.one_of(st.floats(1e-6, 1e6), st.integers(1, 500), st.just(1e-30)),
    min_size=1,
)


@st.composite
def signed_weights(draw):
    weights = {name: w * draw(st.sampled_from([1, 1, -1])) for name, w in draw(shares).items()}
    # crosses of a million times the fill are large enough
    assume(sum(map(Fraction, weights.values())) > 1e-6 * sum(map(abs, weights.values())))
    return weights


def netted(**changes):
    return dataclasses.replace(NETTED, **changes)


def signed(fill):
    return fill.volume if fill.side == Side.BUY else -fill.volume


def by_strategy(parts):
    sums = {}
    for part in parts:
        sums[part.strategy_id] = sums.get(part.strategy_id, 0) + Fraction(signed(part))
    return sums


def left_to_right(values):
    total = 0.0
    for value in values:
        total += value
    return total


@laws
@given(volumes, commissions, signed_weights(), st.sampled_from(Side))
def test_parts_sum_to_the_fill_to_the_last_bit(volume, commission, weights, side):
    fill = netted(volume=volume, commission=commission, side=side)
    parts = allocate_fill(fill, weights)
    quantities = [signed(part) for part in parts]
    fees = [part.commission for part in parts]
    assert sum(map(Fraction, quantities)) == Fraction(signed(fill))
    assert math.fsum(quantities) == left_to_right(quantities) == signed(fill)
    assert sum(map(Fraction, fees)) == Fraction(commission)
    assert math.fsum(fees) == left_to_right(fees) == commission


@laws
@given(volumes, signed_weights())
def test_each_strategy_gets_its_proportion(volume, weights):
    sums = by_strategy(allocate_fill(netted(volume=volume), weights))
    total = sum(map(Fraction, weights.values()))
    ideal = {name: Fraction(volume) * Fraction(w) / total for name, w in weights.items()}
    gross = sum(map(abs, ideal.values()))
    for name, quantity in ideal.items():
        # to the last place of the largest sum that must be held
        assert abs(sums.get(name, 0) - quantity) <= gross * Fraction(1, 2**50)


@laws
@given(st.integers(1, 10_000), signed_weights(), st.sampled_from([1.0, 100.0, 0.25]))
def test_lots_are_whole_and_no_strategy_is_a_lot_off(lots, weights, unit):
    volume = lots * unit
    parts = allocate_fill(netted(volume=volume), weights, unit=unit)
    assert all(part.volume % unit == 0 for part in parts)
    assert math.fsum(map(signed, parts)) == volume
    total = sum(map(Fraction, weights.values()))
    for name, quantity in by_strategy(parts).items():
        assert abs(quantity - Fraction(volume) * Fraction(weights[name]) / total) < unit


def test_largest_remainders_get_the_lots_that_are_left():
    # Balinski and Young's method by hand: 10 * (5, 3, 2.4) / 10.4 = 4.81, 2.88, 2.31
    parts = allocate_fill(netted(volume=10.0), {"a": 5, "b": 3, "c": 2.4}, unit=1)
    assert {p.strategy_id: p.volume for p in parts} == {"a": 5.0, "b": 3.0, "c": 2.0}


def test_equal_remainders_go_by_name_whatever_the_order_given():
    for weights in ({"b": 1, "a": 1, "c": 1}, {"c": 1, "b": 1, "a": 1}):
        parts = allocate_fill(netted(volume=4.0), weights, unit=1)
        assert [(p.strategy_id, p.volume) for p in parts] == [("a", 2.0), ("b", 1.0), ("c", 1.0)]


def test_parts_of_nothing_are_left_out():
    parts = allocate_fill(netted(volume=1.0), {"a": 3, "b": 1, "c": 0}, unit=1)
    assert [p.strategy_id for p in parts] == ["a"]


def test_a_lot_is_read_as_it_is_written():
    # 0.3 is no multiple of the binary number 0.1
    parts = allocate_fill(netted(volume=0.3), {"a": 2, "b": 1}, unit=0.1)
    assert [p.volume for p in parts] == [0.2, 0.1]


def test_a_strategy_on_the_other_side_trades_with_those_on_this_one():
    parts = allocate_fill(NETTED, {"a": 150, "b": -50})
    assert [(p.trade_id, p.side.value, p.volume, p.commission) for p in parts] == [
        ("T1.cross-a", "buy", 50.0, 0.25),
        ("T1.cross-b", "sell", 50.0, 0.25),
        ("T1-a", "buy", 100.0, 0.5),
    ]
    assert {p.price for p in parts} == {470.25}


def test_everything_else_stays_as_the_venue_said_it():
    split = {"trade_id", "strategy_id", "side", "volume", "commission"}
    cross, _, market = allocate_fill(NETTED, {"a": 150, "b": -50})
    for field in dataclasses.fields(Fill):
        if field.name not in split:
            assert getattr(market, field.name) == getattr(NETTED, field.name)
    assert (market.liquidity, cross.liquidity) == ("taker", None)


def test_an_id_that_grows_too_long_ends_in_its_hash():
    fill = netted(trade_id="T" * 60)
    one, two = (p.trade_id for p in allocate_fill(fill, {"momentum": 1, "momentun": 1}))
    assert len(one) == len(two) == 64
    assert one != two
    assert [p.trade_id for p in allocate_fill(fill, {"momentum": 1, "momentun": 1})] == [one, two]


def position_and_cash(fills):
    ledger = Ledger()
    ledger.apply(to_table(fills, Fill))
    position = math.fsum(ledger.positions()["position"])
    pnl = ledger.mark({"SPY": 480.0})
    return position, math.fsum(p.total_pnl - p.market_value for p in pnl)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 300), signed_weights()), max_size=6)
)
def test_the_books_of_the_strategies_sum_to_the_book_of_the_desk(orders):
    whole, parts = [], []
    for number, (side, volume, weights) in enumerate(orders):
        fill = netted(trade_id=f"T{number}", side=side, volume=volume, fee_currency=None)
        fill = dataclasses.replace(fill, price=470.0 + number)
        whole.append(fill)
        parts += allocate_fill(fill, weights)
    assert position_and_cash(parts) == pytest.approx(position_and_cash(whole), rel=1e-9, abs=1e-6)


@laws
@given(volumes, shares, shares)
def test_a_cross_leaves_the_account_as_it_was(volume, buyers, sellers):
    sellers = {f"s-{name}": weight for name, weight in sellers.items()}
    parts = cross_fill(netted(volume=volume, commission=0.0), buyers, sellers)
    assert sum(Fraction(signed(part)) for part in parts) == 0
    bought = [part.volume for part in parts if part.side == Side.BUY]
    assert left_to_right(bought) == volume
    assert position_and_cash(parts)[0] == 0.0


def test_a_cross_shares_its_cost_by_volume():
    parts = cross_fill(NETTED, {"a": 1}, {"b": 3, "c": 1}, unit=1)
    told = [(p.trade_id, p.side.value, p.volume, p.commission) for p in parts]
    assert told == [
        ("T1-a", "buy", 100.0, 0.5),
        ("T1-b", "sell", 75.0, 0.375),
        ("T1-c", "sell", 25.0, 0.125),
    ]


def correction(**changes):
    return netted(
        **{"trade_id": "C1", "original_trade_id": "T1", "record_type": "correct"} | changes
    )


def test_parts_of_a_correction_correct_the_parts_of_the_original():
    weights = {"a": 150, "b": -50}
    corrected = allocate_fill(correction(price=471.0), weights)
    pointed = {p.trade_id: p.original_trade_id for p in corrected}
    assert pointed == {
        "C1.cross-a": "T1.cross-a",
        "C1.cross-b": "T1.cross-b",
        "C1-a": "T1-a",
    }
    books = effective_fills(to_table(allocate_fill(NETTED, weights) + corrected, Fill))
    assert books["price"].to_pylist() == [471.0] * 3


def test_the_bust_of_a_fill_busts_every_part():
    weights = {"a": 2, "b": 1, "c": -1}
    bust = correction(record_type="bust")
    parts = allocate_fill(NETTED, weights, unit=1) + allocate_fill(bust, weights, unit=1)
    assert effective_fills(to_table(parts, Fill)).num_rows == 0


@pytest.mark.parametrize(("before", "after"), [(1.0, 4.0), (4.0, 1.0)])
def test_a_part_can_come_or_go_with_a_correction(before, after):
    weights = {"a": 2, "b": 1, "c": 1}
    original, corrected = netted(volume=before), correction(volume=after)
    parts = allocate_fill(original, weights, unit=1)
    parts += allocate_fill(corrected, weights, unit=1, original=original)
    books = effective_fills(to_table(parts, Fill)).to_pylist()
    fresh = allocate_fill(netted(volume=after), weights, unit=1)
    assert sorted((b["strategy_id"], b["volume"]) for b in books) == sorted(
        (p.strategy_id, p.volume) for p in fresh
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "sum to more than 0"),
        ({"a": 0, "b": 0.0}, "sum to more than 0"),
        ({"a": 1, "b": -1}, "cross_fill"),
        ({"a": 1, "b": -2}, "sum to more than 0"),
        ({"a": math.nan}, "'a' must be a finite number, was nan"),
        ({"a": math.inf}, "must be a finite number"),
        ({"a": 10**400}, "must be a finite number"),
        ({"a": "1"}, "'a' must be a finite number, was '1'"),
        ({"a": None}, "must be a finite number, was None"),
        ({"my strategy": 1}, "was 'my strategy'"),
        (["a"], "weights must be a mapping"),
        (None, "weights must be a mapping"),
    ],
)
def test_weights_that_say_nothing_are_an_error(weights, message):
    with pytest.raises(InvalidArgumentError, match=message):
        allocate_fill(NETTED, weights)


@pytest.mark.parametrize(
    ("unit", "message"),
    [(0, "unit must be > 0"), (math.nan, "unit must be > 0"), (3, "whole number of lots of 3")],
)
def test_a_lot_that_does_not_fit_is_an_error(unit, message):
    with pytest.raises(InvalidArgumentError, match=message):
        allocate_fill(NETTED, {"a": 1}, unit=unit)


def test_a_correction_in_lots_needs_its_original():
    with pytest.raises(InvalidArgumentError, match="original must be given"):
        allocate_fill(correction(), {"a": 1}, unit=1)
    with pytest.raises(InvalidArgumentError, match="original must be the fill 'T1'"):
        allocate_fill(correction(), {"a": 1}, unit=1, original=netted(trade_id="T9"))


def test_a_cross_that_is_none_is_an_error():
    with pytest.raises(InvalidArgumentError, match=r"\['a'\] stand on both sides"):
        cross_fill(NETTED, {"a": 1}, {"a": 1})
    with pytest.raises(InvalidArgumentError, match="finite and >= 0"):
        cross_fill(NETTED, {"a": -1}, {"b": 1})
    with pytest.raises(InvalidArgumentError, match="sum to more than 0"):
        cross_fill(NETTED, {"a": 1}, {})
    with pytest.raises(InvalidArgumentError, match="must be a new fill"):
        cross_fill(correction(), {"a": 1}, {"b": 1})
