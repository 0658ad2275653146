"""QuantConnect LEAN: order events and closed trades; its own cash test is an oracle."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.backtests.lean import read_lean
from perfkit.ledger import Ledger

EVENT = {
    "id": "a1-1-2",
    "algorithmId": "a1",
    "orderId": 1,
    "orderEventId": 2,
    "symbol": "SPY R735QTJ8XC9X",
    "symbolValue": "SPY",
    "time": 1381152660.5,
    "status": "filled",
    "orderFeeAmount": 3.43,
    "orderFeeCurrency": "USD",
    "fillPrice": 144.78,
    "fillPriceCurrency": "USD",
    "fillQuantity": -685.0,
    "direction": "sell",
    "isAssignment": False,
}
RAW = {
    "OrderId": 1,
    "Id": 2,
    "Symbol": {"Value": "SPY", "ID": "SPY R735QTJ8XC9X", "Permtick": "SPY"},
    "UtcTime": "2013-10-07T13:31:00.5Z",
    "Status": 3,
    "OrderFee": {"Value": {"Amount": 3.43, "Currency": "USD"}},
    "FillPrice": 144.78,
    "FillPriceCurrency": "USD",
    "FillQuantity": -685.0,
}
OLD = {
    "order-id": 1,
    "order-event-id": 2,
    "symbol-value": "SPY",
    "time": 1381152660.5,
    "status": "filled",
    "order-fee-amount": 3.43,
    "order-fee-currency": "USD",
    "fill-price": 144.78,
    "fill-price-currency": "USD",
    "fill-quantity": -685.0,
}
TRADE = {
    "symbol": {"value": "ES18Z20", "id": "ES 1S1", "permtick": "ES"},
    "entryTime": "2020-10-07T13:31:00Z",
    "entryPrice": 3400.0,
    "direction": 1,
    "quantity": 2.0,
    "exitTime": "2020-10-07T15:00:00Z",
    "exitPrice": 3390.0,
    "profitLoss": 1000.0,
    "totalFees": 8.6,
}


def _read(source, **changes):
    return read_lean(source, **{"account": "A1", "strategy": "basic", **changes})


def test_all_three_spellings_of_an_event_give_the_same_fill():
    fills = _read([EVENT]).fills
    assert _read([RAW]).fills.equals(fills)
    assert _read([OLD]).fills.equals(fills)
    (fill,) = fills.to_pylist()
    assert (fill["side"], fill["volume"], fill["symbol"]) == ("sell", 685.0, "SPY")
    assert (fill["commission"], fill["fee_currency"], fill["currency"]) == (3.43, "USD", "USD")
    assert fill["execution_time"] == datetime(2013, 10, 7, 13, 31, 0, 500_000, tzinfo=UTC)


def test_events_that_filled_nothing_are_skipped():
    result = _read([{**EVENT, "status": "submitted", "fillQuantity": 0.0}, EVENT])
    assert [r.reason for r in result.skipped] == ["not a fill: status is 'submitted'"]
    assert (result.read, result.recorded) == (2, 1)


def test_a_fee_without_a_currency_and_an_assignment():
    free = {**EVENT, "orderFeeAmount": 0.0, "orderFeeCurrency": "QCC", "isAssignment": True}
    (fill,) = _read([free]).fills.to_pylist()
    assert (fill["commission"], fill["fee_currency"], fill["reason"]) == (0.0, None, "assignment")


def test_an_execution_id_of_the_broker_is_the_trade_id():
    assert _read([{**EVENT, "executionId": "0001.01"}]).fills["trade_id"].to_pylist() == ["0001.01"]


def test_a_closed_trade_is_two_fills():
    result = _read({"totalPerformance": {"closedTrades": [TRADE]}}, contract_size=50.0)
    assert (result.read, result.recorded) == (1, 1)
    fills = result.fills.to_pylist()
    assert [(f["side"], f["price"], f["commission"]) for f in fills] == [
        ("sell", 3400.0, 4.3),
        ("buy", 3390.0, 4.3),
    ]
    books = Ledger("average").apply(result.fills)
    assert books["cumulative_pnl"].to_pylist()[-1] == pytest.approx(1000.0 - 8.6)


def test_a_closed_trade_finds_a_wrong_contract_size():
    with pytest.raises(ImportFormatError, match=r"ProfitLoss must be that of its prices, 20\.00"):
        _read([TRADE])
    with pytest.raises(InvalidArgumentError, match="contract_size must name every symbol"):
        _read([TRADE], contract_size={"NQ": 20.0})


def test_names_of_symbols_in_a_list_are_read():
    trade = {k: v for k, v in TRADE.items() if k != "symbol"}
    named = {**trade, "symbols": [TRADE["symbol"]]}
    assert _read([named], contract_size=50.0).fills.num_rows == 2
    (refused,) = _read([trade], contract_size=50.0).refused
    assert refused.field == "symbol"


def test_files_are_read_like_their_content(tmp_path):
    path = tmp_path / "a1-order-events.json"
    path.write_text(json.dumps([EVENT, OLD]))
    assert _read(path).fills.num_rows == 2
    path.write_text(json.dumps({"orderEvents": [EVENT]}))
    assert _read(path).fills.equals(_read([EVENT]).fills)


@pytest.mark.parametrize("content", [{"charts": {}}, "x", [1]])
def test_another_file_is_an_error(tmp_path, content):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ImportFormatError, match="must be LEAN's order events"):
        _read(path)


def test_an_event_that_can_not_be_read_is_refused():
    result = _read([{**EVENT, "fillPrice": None}, {**EVENT, "time": None}, EVENT])
    assert [(r.line, r.field) for r in result.refused] == [(1, "price"), (2, "execution_time")]


# LEAN, Tests/TestData/test_cash_equity.xml: the account after each of the events of
# test_cash_fills.xml, which begin with a cash of 100,000 and cross zero both ways
EQUITY = [
    100_000, 100_100, 100_150, 100_100, 100_000, 99_950, 100_000,
    100_100, 100_150, 100_100, 100_000, 99_950, 99_950,
]  # fmt: skip


@pytest.fixture(scope="module")
def cash_events(shared_data):
    """Events of LEAN's test; they have no times, so each gets its own minute."""
    events = ET.parse(shared_data / "calc/lean_cash_fills.xml").getroot()
    start = datetime(2013, 1, 2, tzinfo=UTC)
    return [
        {**{cell.tag: cell.text for cell in event}, "UtcTime": f"{start + timedelta(minutes=n)}"}
        for n, event in enumerate(events)
    ]


@pytest.mark.parametrize("method", ["average", "fifo", "lifo", "hifo"])
def test_the_account_of_lean_s_cash_test_is_found_event_by_event(cash_events, method):
    result = _read(cash_events)
    assert (result.read, result.recorded) == (13, 13)
    books = Ledger(method).apply(result.fills).to_pylist()
    prices = result.fills["price"].to_pylist()
    equity = [
        100_000 + b["cumulative_pnl"] + b["position"] * (price - (b["average_price"] or 0.0))
        for b, price in zip(books, prices, strict=True)
    ]
    assert equity == pytest.approx(EQUITY)
    assert books[-1]["position"] == 0.0
