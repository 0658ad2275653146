"""Commissions, slippage, and the broker that only pretends."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from perfkit.errors import InvalidArgumentError, InvalidRecordError, UnknownNameError
from perfkit.execution import (
    IBKR_FIXED_US,
    BasisPointCommission,
    BasisPointSlippage,
    Order,
    PaperBroker,
    PerShareCommission,
)
from perfkit.records import Fill, arrow_schema, check_table, to_table

DECIDED = datetime(2024, 1, 30, 21, tzinfo=UTC)
FILLED = datetime(2024, 1, 31, 21, tzinfo=UTC)


def _order(side="buy", symbol="AAPL", volume=10.0, number=1):
    return Order(
        order_id=f"m-{number}",
        account_id="A1",
        strategy_id="momentum",
        submitted_at=DECIDED,
        symbol=symbol,
        side=side,
        volume=volume,
    )


@pytest.mark.parametrize(
    ("shares", "price", "fee"),
    # examples printed on https://www.interactivebrokers.com/en/pricing/commissions-stocks.php
    [(100, 25.0, 1.00), (1000, 25.0, 5.00), (1000, 0.25, 2.50)],
)
def test_the_fixed_us_commission_gives_the_brokers_own_examples(shares, price, fee):
    assert IBKR_FIXED_US(np.array([float(shares)]), np.array([price])) == pytest.approx([fee])


def test_a_commission_in_basis_points_is_of_the_value_whatever_its_sign():
    fees = BasisPointCommission(rate=2.0)(np.array([10.0, 10.0]), np.array([50.0, -50.0]))
    assert fees == pytest.approx([0.1, 0.1])


def test_slippage_is_against_the_trader_on_both_sides():
    prices = BasisPointSlippage(rate=10.0)(np.array([1.0, -1.0]), np.array([100.0, -100.0]))
    assert prices == pytest.approx([100.1, -100.1])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PerShareCommission(rate=-0.01),
        lambda: PerShareCommission(rate=0.01, cap=float("nan")),
        lambda: BasisPointCommission(rate=float("inf")),
        lambda: BasisPointSlippage(rate=-1.0),
    ],
)
def test_a_cost_that_is_no_cost_is_an_error(wrong):
    with pytest.raises(InvalidArgumentError, match="must be a finite number >= 0"):
        wrong()


def test_an_order_obeys_the_rules_of_a_fill():
    with pytest.raises(InvalidRecordError, match="order 'm-1': volume must be > 0"):
        _order(volume=0.0)


def test_every_order_is_filled_whole_at_its_price_and_costs():
    broker = PaperBroker(
        commission=BasisPointCommission(rate=5.0), slippage=BasisPointSlippage(rate=20.0)
    )
    orders = to_table([_order(), _order("sell", "MSFT", 4.0, 2)], Order)
    fills = broker.submit(orders, {"AAPL": 100.0, "MSFT": 50.0}, FILLED)
    check_table(fills, Fill)
    assert fills.schema == arrow_schema(Fill)
    assert fills["price"].to_pylist() == pytest.approx([100.2, 49.9])
    assert fills["commission"].to_pylist() == pytest.approx([0.501, 0.0998])
    assert fills["trade_id"].to_pylist() == ["m-1.1", "m-2.1"]
    assert fills["order_id"].to_pylist() == ["m-1", "m-2"]
    assert set(fills["execution_time"].to_pylist()) == {FILLED}


def test_no_orders_give_no_fills():
    assert PaperBroker().submit(to_table([], Order), {}, FILLED).num_rows == 0


def test_a_symbol_without_a_price_is_not_filled_at_another():
    with pytest.raises(UnknownNameError, match=r"lacked \['AAPL'\]"):
        PaperBroker().submit(to_table([_order()], Order), {"MSFT": 1.0}, FILLED)
