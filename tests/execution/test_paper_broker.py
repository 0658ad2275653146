"""The broker that only pretends: what it fills, when, and what it says of the rest."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import BrokerError, ConflictError, InvalidArgumentError, InvalidRecordError
from perfkit.execution import (
    BasisPointCommission,
    BasisPointSlippage,
    Order,
    OrderStatus,
    PaperBroker,
)
from perfkit.records import Fill, arrow_schema, check_table, to_table

FILLED = datetime(2024, 1, 31, 21, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FREE = {"commission": BasisPointCommission(rate=0.0), "slippage": BasisPointSlippage()}


def _broker(prices, **settings):
    broker = PaperBroker(account_id="A1", **settings)
    broker.on_market(prices, FILLED)
    return broker


def test_an_order_obeys_the_rules_of_a_fill(order):
    with pytest.raises(InvalidRecordError, match="order 'm-1': volume must be > 0"):
        order(volume=0.0)
    with pytest.raises(InvalidRecordError, match="order 'm-1': volume must be a finite number"):
        order(volume=math.inf)


def test_every_order_is_filled_whole_at_its_price_and_costs(order):
    costs = {
        "commission": BasisPointCommission(rate=5.0),
        "slippage": BasisPointSlippage(rate=20.0),
    }
    broker = _broker({"AAPL": 100.0, "MSFT": 50.0}, **costs)
    reports = broker.submit(to_table([order(), order(2, "sell", "MSFT", 4.0)], Order))
    assert [(r.order_id, r.status.value, r.filled_volume) for r in reports] == [
        ("m-1", "filled", 10.0),
        ("m-2", "filled", 4.0),
    ]
    fills = broker.fills(FILLED).fills
    check_table(fills, Fill)
    assert fills.schema == arrow_schema(Fill)
    assert fills["price"].to_pylist() == pytest.approx([100.2, 49.9])
    assert fills["commission"].to_pylist() == pytest.approx([0.501, 0.0998])
    assert fills["trade_id"].to_pylist() == ["m-1.1", "m-2.1"]
    assert fills["order_id"].to_pylist() == ["m-1", "m-2"]
    assert set(fills["execution_time"].to_pylist()) == {FILLED}


def test_no_orders_give_no_fills():
    broker = _broker({})
    assert broker.submit(to_table([], Order)) == []
    assert broker.fills(LONG_AGO).fills.num_rows == 0


def test_a_symbol_without_a_price_is_rejected_and_not_filled_at_another(order):
    (report,) = _broker({"MSFT": 1.0}).submit(to_table([order()], Order))
    assert (report.status, report.reason) == (
        OrderStatus.REJECTED,
        "the market has no price of 'AAPL'",
    )


def test_a_broker_that_was_shown_no_market_takes_no_orders(order):
    with pytest.raises(BrokerError, match="call on_market"):
        PaperBroker().submit(to_table([order()], Order))


def test_an_order_sent_again_is_found_and_not_filled_twice(order):
    broker = _broker({"AAPL": 100.0})
    orders = to_table([order()], Order)
    assert broker.submit(orders) == broker.submit(orders)
    assert broker.fills(LONG_AGO).fills.num_rows == 1
    with pytest.raises(ConflictError, match="must be the order that is known by this id"):
        broker.submit(to_table([order(volume=11.0)], Order))


def test_the_same_id_in_another_account_is_another_order(order):
    broker = _broker({"AAPL": 100.0})
    broker.submit(to_table([order(), order(account_id="A2")], Order))
    assert broker.fills(LONG_AGO).fills["account_id"].to_pylist() == ["A1", "A2"]
    assert broker.positions() == {"AAPL": 10.0}


def test_the_account_follows_from_its_fills(order):
    broker = _broker({"AAPL": 100.0, "MSFT": 50.0}, cash=1000.0, **FREE)
    orders = [order(), order(2, "sell", "MSFT", 4.0), order(3, "sell", "AAPL", 10.0)]
    broker.submit(to_table(orders, Order))
    # 1000 - 10 * 100 + 4 * 50 + 10 * 100
    assert broker.account().cash == 1200.0
    assert broker.positions() == {"MSFT": -4.0}
    broker.on_market({"MSFT": 60.0}, FILLED + timedelta(days=1))
    assert broker.account().equity == 1200.0 - 4 * 60.0
    broker.on_market({}, FILLED + timedelta(days=2))
    assert math.isnan(broker.account().equity)
    assert broker.prices(["MSFT"]) == {}


def test_a_delayed_order_is_filled_at_the_price_and_time_of_the_market_after_the_delay(order):
    broker = _broker({"AAPL": 100.0}, delay=timedelta(minutes=5), **FREE)
    (report,) = broker.submit(to_table([order()], Order))
    assert report.status is OrderStatus.ACCEPTED
    assert broker.open_orders() == [report]
    broker.on_market({"AAPL": 101.0}, FILLED + timedelta(minutes=4))
    assert broker.fills(LONG_AGO).fills.num_rows == 0
    broker.on_market({"AAPL": 102.0}, FILLED + timedelta(minutes=5))
    (fill,) = broker.fills(LONG_AGO).fills.to_pylist()
    assert (fill["price"], fill["execution_time"]) == (102.0, FILLED + timedelta(minutes=5))
    assert broker.open_orders() == []
    assert broker.wait(["m-1"], 0.0)[0].status is OrderStatus.FILLED


def test_all_or_none_are_rejected_at_the_ends_of_the_rate(order):
    orders = to_table([order(n) for n in range(50)], Order)
    for rate, status in ((1.0, OrderStatus.REJECTED), (0.0, OrderStatus.FILLED)):
        reports = _broker({"AAPL": 100.0}, reject_rate=rate).submit(orders)
        assert {report.status for report in reports} == {status}


def test_chance_depends_on_the_seed_and_the_order_alone(order):
    def rejected(seed, numbers):
        broker = _broker({"AAPL": 100.0}, reject_rate=0.5, seed=seed)
        reports = broker.submit(to_table([order(n) for n in numbers], Order))
        return {r.order_id for r in reports if r.status is OrderStatus.REJECTED}

    assert rejected(1, range(100)) == rejected(1, reversed(range(100)))
    assert rejected(1, range(100)) != rejected(2, range(100))
    assert 25 < len(rejected(1, range(100))) < 75


@given(
    volume=st.integers(1, 500), seed=st.integers(0, 9), moves=st.integers(0, 6), lot=st.just(1.0)
)
@settings(deadline=None, max_examples=50)
def test_parts_of_an_order_sum_to_what_is_reported_as_filled(order, volume, seed, moves, lot):
    broker = _broker({"AAPL": 100.0}, partial_rate=0.8, seed=seed, lot_size=lot)
    (report,) = broker.submit(to_table([order(volume=float(volume))], Order))
    for day in range(moves):
        broker.on_market({"AAPL": 100.0}, FILLED + timedelta(days=day + 1))
    fills = broker.fills(LONG_AGO).fills
    (report,) = broker.wait(["m-1"], 0.0)
    parts = fills["volume"].to_pylist()
    assert all(part >= 1.0 and part == int(part) for part in parts)
    assert math.fsum(parts) == report.filled_volume <= volume
    assert (report.status is OrderStatus.FILLED) == (report.filled_volume == volume)
    assert (report.order_id in {o.order_id for o in broker.open_orders()}) == bool(report.left)
    assert len(set(fills["trade_id"].to_pylist())) == fills.num_rows
    assert broker.positions() == ({"AAPL": report.filled_volume} if parts else {})


def test_fills_can_be_asked_for_again_from_any_time(order):
    broker = _broker({"AAPL": 100.0})
    broker.submit(to_table([order()], Order))
    broker.on_market({"AAPL": 101.0}, FILLED + timedelta(days=1))
    broker.submit(to_table([order(2)], Order))
    assert broker.fills(FILLED).fills["order_id"].to_pylist() == ["m-1", "m-2"]
    assert broker.fills(FILLED).fills.equals(broker.fills(FILLED).fills)
    late = broker.fills(FILLED + timedelta(microseconds=1)).fills
    assert late["order_id"].to_pylist() == ["m-2"]


def test_the_market_does_not_go_back():
    broker = _broker({"AAPL": 100.0})
    with pytest.raises(InvalidArgumentError, match="must not go back"):
        broker.on_market({"AAPL": 99.0}, FILLED - timedelta(seconds=1))


def test_a_fresh_broker_has_the_settings_and_has_seen_nothing(order):
    broker = _broker({"AAPL": 100.0}, seed=3, reject_rate=0.2)
    broker.submit(to_table([order()], Order))
    fresh = broker.fresh()
    assert (fresh, fresh.open_orders(), fresh.positions()) == (broker, [], {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"reject_rate": 1.1},
        {"partial_rate": -0.1},
        {"delay": timedelta(seconds=-1)},
        {"lot_size": 0.0},
        {"cash": math.nan},
    ],
)
def test_settings_out_of_bounds_are_an_error(wrong):
    with pytest.raises(InvalidArgumentError, match="a paper broker must have"):
        dataclasses.replace(PaperBroker(), **wrong)
