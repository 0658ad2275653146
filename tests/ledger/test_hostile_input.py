"""Input at the edge: odd fees, prices, quantities and times, and splits at odd times."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import Ledger, daily_equity, round_trips
from perfkit.records import Mark, to_table

METHODS = ["average", "fifo", "lifo", "hifo"]
START = datetime(2024, 1, 1, 12, tzinfo=UTC)
ETHER = {"currency": "USD", "base_currency": "ETH", "fee_currency": "ETH"}
INVERSE = {"symbol": "XBTUSD", "currency": "USD", "base_currency": "XBT", "contract": "inverse"}


@pytest.mark.parametrize("method", METHODS)
def test_a_fee_larger_than_what_was_bought_leaves_a_short_position(fills, method):
    # bought 1 for 10, paid 1.5 of it: half a coin is owed; buying it back at 12 costs 6
    rows = (0, "buy", 1, 10.0, {"commission": 1.5}), (1, "buy", 0.5, 12.0)
    table = fills(*rows, **ETHER)
    answer = Ledger(method).apply(table)
    assert answer["position"].to_pylist() == [-0.5, 0.0]
    assert math.fsum(answer["pnl"].to_pylist()) == -10.0 - 6.0
    assert round_trips(table)["pnl"].tolist() == [-16.0]


def test_a_fee_that_takes_a_fill_whole_belongs_to_no_round_trip(fills):
    taken = {"commission": 1.0}
    rows = (0, "buy", 1, 10.0, taken), (1, "buy", 1, 10.0), (2, "sell", 1, 11.0)
    table = fills(*rows, **ETHER)
    answer = Ledger().apply(table)
    assert answer["pnl"].to_pylist() == [-10.0, 0.0, 1.0]
    assert answer["trades_since_flat"].to_pylist() == [0, 0, 1]
    assert answer["round_trip_pnl"].to_pylist() == [None, None, 1.0]
    assert round_trips(table)["pnl"].tolist() == [1.0]
    assert daily_equity(table, to_table([], Mark))["pnl"].tolist() == [-10.0, 0.0, 1.0]


@pytest.mark.parametrize("method", METHODS)
def test_a_price_of_0_is_a_price(fills, method):
    rows = (0, "buy", 1, 0.0), (1, "sell", 1, 5.0), (2, "sell", 1, 0.0), (3, "buy", 1, 0.0)
    answer = Ledger(method).apply(fills(*rows))
    assert answer["pnl"].to_pylist() == [0.0, 5.0, 0.0, 0.0]
    assert answer["average_price"].to_pylist() == [0.0, None, 0.0, None]


def test_inverse_and_linear_contracts_share_a_table(fills):
    rows = [(0, "buy", 1, 0.0), (0, "buy", 100, 50.0, INVERSE)]
    rows += [(1, "sell", 1, 5.0), (1, "sell", 100, 100.0, INVERSE)]
    answer = Ledger("fifo").apply(fills(*rows))
    assert answer["realized_pnl"].to_pylist() == [0.0, 0.0, 5.0, 100 * (1 / 50 - 1 / 100)]
    assert answer["average_price"].to_pylist() == [0.0, 50.0, None, None]


@pytest.mark.parametrize("price", [0.0, -5.0])
def test_an_inverse_contract_has_no_value_at_a_price_that_is_not_above_0(fills, marks, price):
    ledger, table = Ledger(), fills((0, "buy", 100, 50.0), **INVERSE)
    ledger.apply(table)
    (marked,) = ledger.mark({"XBTUSD": price})
    assert marked.unpriced == ("XBTUSD",)
    assert math.isnan(marked.total_pnl)
    with pytest.raises(InvalidArgumentError, match="must be > 0, because the contract is worth"):
        daily_equity(table, marks((1, price, "XBTUSD")))


@pytest.mark.parametrize("method", METHODS)
def test_a_split_halves_what_a_unit_of_any_contract_cost(fills, splits, marks, method):
    # an inverse contract cost 1 / 100 coins; two of them, 1 / 200 each: an entry at 200
    table = fills((0, "buy", 1, 100.0), (2, "sell", 2, 400.0), **INVERSE)
    two = splits((1, 2.0, "XBTUSD"))
    ledger = Ledger(method, splits=two)
    ledger.apply(table.slice(0, 1))
    (book,) = ledger.positions().to_dict("records")
    assert (book["position"], book["average_price"]) == (2.0, 200.0)
    answer = ledger.apply(table.slice(1))
    assert answer["realized_pnl"].to_pylist() == [pytest.approx(2 * (1 / 200 - 1 / 400))]
    (trip,) = round_trips(table, splits=two).to_dict("records")
    assert (trip["volume"], trip["entry_price"], trip["exit_price"]) == (2.0, 200.0, 400.0)
    equity = daily_equity(table.slice(0, 1), marks((1, 200.0, "XBTUSD")), splits=two)
    assert equity["pnl"].tolist() == [0.0, pytest.approx(0.0, abs=1e-15)]


@pytest.mark.parametrize(
    ("when", "ratio", "position", "average"),
    [
        ((1.0,), 2.0, [1.0, 4.0], [100.0, 50.0]),  # at the time of the second fill
        ((-1.0,), 2.0, [1.0, 3.0], [100.0, 200 / 3]),  # before the first
        ((0.5, 0.5), 2.0, [1.0, 6.0], [100.0, 200 / 6]),  # two at once
        ((9.0,), 2.0, [1.0, 3.0], [100.0, 200 / 3]),  # after the last
    ],
)
def test_a_split_counts_from_its_own_time_on(fills, splits, when, ratio, position, average):
    table = fills((0, "buy", 1, 100.0), (1, "buy", 2, 50.0))
    answer = Ledger(splits=splits(*((day, ratio) for day in when))).apply(table)
    assert answer["position"].to_pylist() == pytest.approx(position)
    assert answer["average_price"].to_pylist() == pytest.approx(average)


def test_a_split_of_another_account_changes_nothing(fills, splits):
    table = fills((0, "buy", 1, 100.0), (2, "sell", 1, 110.0), account_id="other")
    assert Ledger(splits=splits((1, 2.0))).apply(table).equals(Ledger().apply(table))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [1e18, 1e-18, 5e-324])
def test_no_quantity_is_too_large_or_too_small(fills, method, size):
    table = fills((0, "buy", size, 1.0), (1, "sell", size, 3.0))
    answer = Ledger(method).apply(table)
    assert answer["pnl"].to_pylist() == [0.0, 2 * size]
    assert answer["position"].to_pylist() == [size, 0.0]


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo"])
def test_a_tiny_lot_is_kept_beside_a_huge_one(fills, method):
    rows = [(0, "buy", 1e18, 1.0), (1, "buy", 1e-18, 5.0), (2, "sell", 1e-18, 7.0)]
    gain = {"fifo": 6e-18, "lifo": 2e-18, "hifo": 2e-18}[method]
    assert Ledger(method).apply(fills(*rows))["pnl"].to_pylist()[2] == pytest.approx(gain)


@pytest.mark.parametrize("method", METHODS)
def test_one_fill_closes_any_number_of_lots_of_earlier_tables(fills, method):
    many = pa.concat_tables([fills((0, "buy", 1, 10.0))] * 50_000)
    ledger = Ledger(method)
    ledger.apply(many)
    answer = ledger.apply(fills((1, "sell", 50_000, 11.0)))
    assert answer["pnl"].to_pylist() == [50_000.0]
    assert ledger.positions()["position"].tolist() == [0.0]


@pytest.mark.parametrize("method", METHODS)
def test_closing_the_smallest_lots_comes_to_an_end(fills, method):
    rows = (0, "buy", 1e-320, 1.0), (1, "buy", 1e-320, 1.0), (2, "sell", 2e-320, 1.0)
    assert Ledger(method).apply(fills(*rows))["position"].to_pylist()[2] == 0.0


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_of_lots_at_one_price_the_oldest_closes_first(fills, side):
    other = {"buy": "sell", "sell": "buy"}[side]
    opening = [(day, side, 1, 10.0) for day in range(5)]
    closing = [(day, other, 1, 11.0) for day in range(5, 10)]
    trips = round_trips(fills(*opening, *closing), method="hifo", grouping="fill_to_fill")
    assert trips["entry_trade_id"].tolist() == ["T0", "T1", "T2", "T3", "T4"]


def test_the_first_and_the_last_time_that_a_record_may_have(fills):
    first = datetime(1678, 1, 1, tzinfo=UTC)
    last = datetime(2261, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    table = fills(
        (0, "buy", 1, 1.0, {"execution_time": first}), (0, "sell", 1, 2.0, {"execution_time": last})
    )
    (trip,) = round_trips(table).to_dict("records")
    assert (trip["entry_time"], trip["exit_time"], trip["pnl"]) == (first, last, 1.0)
    equity = daily_equity(table, to_table([Mark(symbol="SPY", time=last, price=2.0)], Mark))
    assert equity["pnl"].tolist() == [0.0, 1.0]


def test_nothing_needs_no_exchange_rate(fills, marks):
    rows = (0, "buy", 1, 100.0), (2, "sell", 1, 110.0)
    table = fills(*rows, currency="EUR")
    equity = daily_equity(table, marks((1, 1.25, "EUR/USD")), convert_to="USD")
    # what was bought has no value in dollars on its day, nor has the change from there
    assert equity["pnl"].isna().tolist() == [True, True, False]
    assert equity["realized_pnl"].tolist() == [0.0, 0.0, 12.5]
    assert equity["fees"].tolist() == [0.0, 0.0, 0.0]
