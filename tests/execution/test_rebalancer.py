"""From what strategies want to orders in their names: exact, netted, and nothing forgotten."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.execution import Holdings, Order, PortfolioRebalancer, TradingRules, order_volumes
from perfkit.records import arrow_schema, check_table

NOW = datetime(2024, 1, 31, 21, 0, 0, 123456, tzinfo=UTC)
EVERY_DRIFT = PortfolioRebalancer(rules=TradingRules(no_trade_band=0.0))


def _holdings(**fields):
    values = {
        "account_id": "A1",
        "time": NOW,
        "capital": 10_000.0,
        "allocations": {"a": 0.5, "b": 0.5},
        "positions": {},
        "prices": {"TECL": 50.0, "SPY": 100.0},
    }
    values |= fields
    account = defaultdict(float)
    for book in values["positions"].values():
        for symbol, units in book.items():
            account[symbol] += units
    return Holdings(**{"account": account} | values)


def _plan(attribution, rebalancer=EVERY_DRIFT, **fields):
    portfolio = {symbol: math.fsum(parts.values()) for symbol, parts in attribution.items()}
    return rebalancer.plan(portfolio, attribution, _holdings(**fields))


def _orders(plan):
    volumes = defaultdict(float)
    for order in plan.orders.to_pylist():
        volumes[order["strategy_id"], order["symbol"], order["side"]] += order["volume"]
    return dict(volumes)


def _crosses(plan):
    return {(c.strategy_id, c.symbol, c.side.value): c.volume for c in plan.crosses}


def test_a_shared_symbol_is_split_by_weight_and_not_given_to_the_first():
    # 10,000 * 0.5 / 50 = 100 shares: a third and two thirds
    plan = _plan({"TECL": {"a": 1 / 6, "b": 1 / 3}})
    assert _orders(plan) == {("a", "TECL", "buy"): 33.0, ("b", "TECL", "buy"): 67.0}
    assert plan.crosses == ()


def test_orders_are_orders_of_their_strategy_with_ids_that_name_it_and_the_time():
    plan = _plan({"TECL": {"a": 0.1, "b": 0.2}, "SPY": {"b": 0.1}})
    assert plan.orders.schema == arrow_schema(Order)
    check_table(plan.orders, Order)
    assert sorted(plan.orders["order_id"].to_pylist()) == [
        "a-20240131T210000123-2",
        "b-20240131T210000123-1",
        "b-20240131T210000123-2",
    ]
    assert set(plan.orders["account_id"].to_pylist()) == {"A1"}
    # the time in an id is UTC, whatever zone it is given in
    there = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert _plan({"TECL": {"a": 0.1}}, time=there).orders["order_id"].to_pylist() == [
        "a-20240131T210000123-1"
    ]


def test_what_a_strategy_does_not_want_any_more_is_closed_to_nothing():
    held = {"a": {"TECL": 10.5, "SPY": -3.0}}
    plan = _plan({}, positions=held)
    assert _orders(plan) == {("a", "TECL", "sell"): 10.5, ("a", "SPY", "buy"): 3.0}


def test_what_closes_comes_before_what_opens():
    held = {"b": {"TECL": 10.0, "BIL": -5.0}}
    prices = {"TECL": 50.0, "SPY": 100.0, "BIL": 90.0}
    plan = _plan({"SPY": {"a": 0.5, "b": 0.2}}, positions=held, prices=prices)
    closing = list(
        zip(plan.closing["symbol"].to_pylist(), plan.closing["side"].to_pylist(), strict=True)
    )
    assert closing == [("BIL", "buy"), ("TECL", "sell")]
    assert set(plan.opening["symbol"].to_pylist()) == {"SPY"}
    assert plan.orders.num_rows == 4


def test_a_position_is_turned_by_two_orders_that_meet_at_zero():
    # 40 long together; a wants -60, b wants none: 100 are sold, 40 of them to close
    held = {"a": {"TECL": 10.0}, "b": {"TECL": 30.0}}
    plan = _plan({"TECL": {"a": -0.3}}, positions=held)
    closing = {o["strategy_id"]: o["volume"] for o in plan.closing.to_pylist()}
    opening = {o["strategy_id"]: o["volume"] for o in plan.opening.to_pylist()}
    # a sells 70 and b 30: 28 and 12 to zero, the rest after it
    assert (closing, opening) == ({"a": 28.0, "b": 12.0}, {"a": 42.0, "b": 18.0})
    assert set(plan.orders["side"].to_pylist()) == {"sell"}


def test_the_position_of_the_account_says_what_closes():
    # somebody holds 20 by hand: selling short for a begins by selling those
    plan = _plan({"TECL": {"a": -0.25}}, account={"TECL": 20.0})
    assert plan.closing["volume"].to_pylist() == [20.0]
    assert plan.opening["volume"].to_pylist() == [30.0]


def test_the_positions_of_a_strategy_that_holds_are_left_alone():
    plan = _plan({"SPY": {"a": 0.5}}, allocations={"a": 0.5}, positions={"b": {"TECL": 10.0}})
    assert _orders(plan) == {("a", "SPY", "buy"): 50.0}


def test_opposite_wishes_are_crossed_and_only_the_rest_is_ordered():
    # a wants 100 long, b 40 short: 60 are bought for a, who gets 40 more from b
    plan = _plan({"TECL": {"a": 0.5, "b": -0.2}})
    assert _orders(plan) == {("a", "TECL", "buy"): 60.0}
    assert _crosses(plan) == {("a", "TECL", "buy"): 40.0, ("b", "TECL", "sell"): 40.0}
    assert {(c.price, c.commission, c.execution_time) for c in plan.crosses} == {(50.0, 0.0, NOW)}


def test_strategies_that_oppose_each_other_fully_trade_nothing_in_the_market():
    plan = _plan({"TECL": {"a": 0.3, "b": -0.3}})
    assert plan.orders.num_rows == 0
    assert _crosses(plan) == {("a", "TECL", "buy"): 60.0, ("b", "TECL", "sell"): 60.0}


def test_a_position_that_goes_from_one_strategy_to_another_is_crossed():
    plan = _plan({"TECL": {"b": 0.25}}, positions={"a": {"TECL": 50.0}})
    assert plan.orders.num_rows == 0
    assert _crosses(plan) == {("b", "TECL", "buy"): 50.0, ("a", "TECL", "sell"): 50.0}


def test_crosses_are_in_the_currency_of_the_account():
    plan = _plan({"TECL": {"a": 0.3, "b": -0.3}}, currency="USD")
    assert {cross.currency for cross in plan.crosses} == {"USD"}


def test_drift_inside_the_band_of_the_strategys_own_capital_is_not_traded():
    rules = PortfolioRebalancer(rules=TradingRules(no_trade_band=0.02))
    # a runs 5,000: 0.02 of it are 100, one share of SPY
    held = {"a": {"SPY": 24.0}, "b": {"TECL": 30.0}}
    plan = _plan({"SPY": {"a": 0.25}, "TECL": {"b": 0.2}}, rules, positions=held)
    assert _orders(plan) == {("b", "TECL", "buy"): 10.0}


def test_a_single_strategy_is_rebalanced_as_in_a_backtest():
    import numpy as np

    rules = TradingRules(no_trade_band=0.01)
    weights, held = np.array([0.3333, -0.25]), np.array([7.0, -2.0])
    prices = np.array([50.0, 100.0])
    expected = order_volumes(weights, held, prices, 10_000.0, rules)
    plan = _plan(
        {"TECL": {"a": 0.3333}, "SPY": {"a": -0.25}},
        PortfolioRebalancer(rules=rules),
        allocations={"a": 1.0},
        positions={"a": {"TECL": 7.0, "SPY": -2.0}},
    )
    assert _orders(plan) == {
        ("a", "TECL", "buy"): expected[0],
        ("a", "SPY", "sell"): -expected[1],
    }


@pytest.mark.parametrize("price", [None, 0.0, -3.0, math.nan])
def test_a_symbol_without_a_price_is_not_traded_and_said_so(price):
    prices = {"SPY": 100.0} | ({} if price is None else {"TECL": price})
    plan = _plan({"TECL": {"a": 0.5}, "SPY": {"b": 0.5}}, prices=prices)
    assert _orders(plan) == {("b", "SPY", "buy"): 50.0}
    assert plan.untraded["TECL"].startswith("the price must be known and > 0, was")


def test_a_symbol_that_is_still_being_worked_is_left_alone_and_said_so():
    plan = _plan({"TECL": {"a": 0.5}}, busy=frozenset({"TECL"}))
    assert plan.orders.num_rows == 0
    assert plan.untraded == {"TECL": "an earlier order is still being worked"}


def test_when_nothing_is_left_everything_is_closed():
    held = {"a": {"TECL": 10.0}, "b": {"TECL": -4.0}}
    plan = _plan({"TECL": {"a": 0.5}}, capital=-5.0, positions=held)
    assert _orders(plan) == {("a", "TECL", "sell"): 6.0}
    assert _crosses(plan) == {("b", "TECL", "buy"): 4.0, ("a", "TECL", "sell"): 4.0}


@pytest.mark.parametrize(
    ("portfolio", "attribution", "fields", "message"),
    [
        ({"TECL": 0.5}, {"TECL": {"a": 0.4}}, {}, "must sum to its weight 0.5"),
        ({"TECL": 0.5}, {}, {}, "must sum to its weight"),
        ({"TECL": 0.5}, {"TECL": {"c": 0.5}}, {}, r"named \['c'\]"),
        ({}, {}, {"capital": math.nan}, "capital must be a finite number"),
    ],
)
def test_a_portfolio_that_does_not_fit_is_an_error(portfolio, attribution, fields, message):
    with pytest.raises(InvalidArgumentError, match=message):
        EVERY_DRIFT.plan(portfolio, attribution, _holdings(**fields))


WEIGHTS = st.dictionaries(
    st.sampled_from("abcd"),
    st.dictionaries(st.sampled_from(["TECL", "SPY"]), st.floats(-1.0, 1.0), max_size=2),
    max_size=4,
)
UNITS = st.dictionaries(
    st.sampled_from("abcd"),
    st.dictionaries(st.sampled_from(["TECL", "SPY"]), st.integers(-200, 200), max_size=2),
)


@given(WEIGHTS, UNITS, st.sampled_from([1.0, 0.1, 0.0001, 100.0]), st.sampled_from([0.0, 0.01]))
@settings(deadline=None, max_examples=150)
def test_orders_and_crosses_bring_everyone_to_his_target_and_no_market_sees_both_sides(
    weights, units, lot, band
):
    """Laws of any plan, in exact arithmetic of lots."""
    rebalancer = PortfolioRebalancer(rules=TradingRules(lot_size=lot, no_trade_band=band))
    whole = Fraction(repr(lot))
    held = {n: {s: float(c * whole) for s, c in book.items() if c} for n, book in units.items()}
    attribution = defaultdict(dict)
    for name, each in weights.items():
        for symbol, weight in each.items():
            attribution[symbol][name] = weight / 4
    plan = _plan(
        dict(attribution), rebalancer, allocations=dict.fromkeys("abcd", 0.25), positions=held
    )
    moved, net, sides = defaultdict(Fraction), defaultdict(Fraction), defaultdict(set)
    for order in plan.orders.to_pylist():
        lots = _signed_lots(order["side"], order["volume"], lot)
        moved[order["strategy_id"], order["symbol"]] += lots
        net[order["symbol"]] += lots
        sides[order["symbol"]].add(order["side"])
    crossed = defaultdict(Fraction)
    for cross in plan.crosses:
        lots = _signed_lots(cross.side.value, cross.volume, lot)
        moved[cross.strategy_id, cross.symbol] += lots
        crossed[cross.symbol] += lots
    assert set(crossed.values()) <= {0}
    _require_that_no_order_turns_the_account(plan, units, lot)
    assert all(len(each) == 1 for each in sides.values())
    assert len(set(plan.orders["order_id"].to_pylist())) == plan.orders.num_rows
    prices = {"TECL": 50.0, "SPY": 100.0}
    for symbol, price in prices.items():
        ideal = {n: attribution[symbol].get(n, 0.0) * 10_000.0 / price / lot for n in "abcd"}
        after = {n: moved[n, symbol] + units.get(n, {}).get(symbol, 0) for n in "abcd"}
        for name in "abcd":
            near = abs(float(after[name]) - ideal[name])
            # two lots of its side, one of the split; or left alone inside the band
            assert near <= max(3.0 + 1e-6, band * 2_500.0 / price / lot)
            assert attribution[symbol].get(name, 0.0) != 0.0 or after[name] == 0
        if band == 0.0:
            # the account's position is its weight in whole lots, towards zero
            total = math.fsum(ideal.values())
            assert sum(after.values()) == math.trunc(total + math.copysign(1e-9, total))


def _require_that_no_order_turns_the_account(plan, units, lot):
    account = defaultdict(Fraction)
    for book in units.values():
        for symbol, count in book.items():
            account[symbol] += count
    for name, table in (("closing", plan.closing), ("opening", plan.opening)):
        for order in table.to_pylist():
            before = account[order["symbol"]]
            after = before + _signed_lots(order["side"], order["volume"], lot)
            assert before * after >= 0
            assert (abs(after) < abs(before)) == (name == "closing")
            account[order["symbol"]] = after


def _signed_lots(side, volume, lot):
    lots = Fraction(repr(volume)) / Fraction(repr(lot))
    assert lots.denominator == 1
    return lots if side == "buy" else -lots
