"""Alpaca, spoken to over HTTP and WebSocket: each order once, each fill once, nothing swallowed.

The other side is `tests.execution.alpaca_double`, which names the pages that document
what it answers.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from perfkit.errors import BrokerError, ConflictError
from perfkit.execution import (
    AlpacaBroker,
    AlpacaPatience,
    AlpacaUrls,
    Order,
    OrderStatus,
)
from perfkit.importers import read_alpaca
from perfkit.records import to_table
from tests.execution.alpaca_double import START, AlpacaDouble, Served

SINCE = START - timedelta(days=1)
ORDER_ID = "NUCLEAR-20240131T150000000-1"


@pytest.fixture(scope="module")
def server():
    served = Served()
    yield served
    served.close()


@pytest.fixture
def served(server):
    server.double = AlpacaDouble()
    return server


@pytest.fixture
def double(served):
    return served.double


def _broker(served, secret="secret", **fields):
    here = f"127.0.0.1:{served.port}"
    urls = AlpacaUrls(trading=f"http://{here}", data=f"http://{here}", stream=f"ws://{here}/stream")
    patience = AlpacaPatience(answer=3.0, repeats=(0.0, 0.0, 0.0), poll=0.05)
    return AlpacaBroker("key", secret, urls=urls, patience=patience, **fields)


@pytest.fixture
def broker(served):
    return _broker(served)


def _orders(*changes):
    values = {
        "order_id": ORDER_ID, "account_id": "PA3ABCDEF", "strategy_id": "NUCLEAR",
        "submitted_at": START, "symbol": "TECL", "side": "buy", "volume": 10.0,
    }  # fmt: skip
    return to_table([Order(**values | change) for change in changes or ({},)], Order)


def _later(seconds, *calls):
    """Do things one after the other while the test waits."""

    def act():
        for call in calls:
            call()

    threading.Timer(seconds, act).start()


def _fills(broker):
    executions = broker.fills(SINCE)
    assert executions.refused == ()
    return executions.fills.to_pylist()


def test_account_positions_and_prices_are_read_as_documented(broker, double):
    double.positions = {"TECL": 10.0, "SPY": -2.5}
    account = broker.account()
    assert (account.account_id, account.cash, account.currency) == ("PA3ABCDEF", 100_000.0, "USD")
    assert account.equity == 100_000.0 + 10 * 50.0 - 2.5 * 470.0
    assert account.buying_power == 200_000.0
    assert broker.positions() == {"TECL": 10.0, "SPY": -2.5}
    assert broker.prices(["TECL", "BIL"]) == {"TECL": 50.0, "BIL": 91.5}
    assert broker.prices([]) == {}


def test_a_symbol_that_alpaca_does_not_know_has_no_price_and_the_others_have(broker):
    assert broker.prices(["TECL", "NOPE", "SPY"]) == {"TECL": 50.0, "SPY": 470.0}


def test_the_account_may_have_a_name_of_our_own(served):
    assert _broker(served, account_id="main").account().account_id == "main"


def test_an_order_carries_its_id_and_is_filled_at_the_real_price_quantity_and_time(broker, double):
    double.prices["TECL"] = 50.37
    (report,) = broker.submit(_orders({"volume": 10.5}))
    sent = double.orders[ORDER_ID]
    assert (sent["qty"], sent["side"], sent["type"], sent["time_in_force"]) == (
        "10.5", "buy", "market", "day",
    )  # fmt: skip
    assert (report.strategy_id, report.status) == ("NUCLEAR", OrderStatus.ACCEPTED)
    (report,) = broker.wait([ORDER_ID], 5.0)
    assert (report.status, report.filled_volume) == (OrderStatus.FILLED, 10.5)
    (fill,) = _fills(broker)
    assert (fill["price"], fill["volume"], fill["strategy_id"]) == (50.37, 10.5, "NUCLEAR")
    assert fill["execution_time"] == START + timedelta(milliseconds=250)
    assert (fill["order_id"], fill["account_id"]) == (sent["id"], "PA3ABCDEF")


def test_a_fill_is_what_an_import_of_the_same_activities_gives(broker, double):
    broker.submit(_orders({}, {"order_id": "NUCLEAR-20240131T150000000-2", "side": "sell"}))
    imported = read_alpaca(double.activities, account="PA3ABCDEF", strategy="NUCLEAR").fills
    assert broker.fills(SINCE).fills.equals(imported)


def test_a_whole_number_of_shares_is_sent_without_decimals(broker, double):
    broker.submit(_orders({"volume": 100.0}))
    assert double.orders[ORDER_ID]["qty"] == "100"


def test_an_order_sent_again_is_found_and_not_placed_twice(broker, served, double):
    first = broker.submit(_orders())
    again = _broker(served).submit(_orders())
    assert [r.order_id for r in again] == [r.order_id for r in first]
    assert again[0].status is OrderStatus.FILLED
    assert len(double.orders) == len(double.activities) == 1
    with pytest.raises(ConflictError, match="must be the order that Alpaca knows by this id"):
        broker.submit(_orders({"volume": 11.0}))


@pytest.mark.parametrize("fault", [429, 500, 503, 504])
def test_a_fault_that_passes_is_not_noticed(broker, double, fault):
    double.faults = [
        ("POST /v2/orders", fault), ("POST /v2/orders", fault),
        ("GET /v2/orders:by", fault), ("GET /v2/account/activities", fault),
        ("GET /v2/account", fault), ("GET /v2/stocks", fault),
    ]  # fmt: skip
    broker.submit(_orders())
    assert broker.wait([ORDER_ID], 5.0)[0].status is OrderStatus.FILLED
    assert len(_fills(broker)) == 1
    assert broker.prices(["TECL"]) == {"TECL": 50.0}
    assert double.faults == []


@pytest.mark.parametrize("answer", ["lost", b"<html>bad gateway</html>", b"[]", b'{"id": 7}'])
def test_an_order_whose_answer_is_lost_or_mangled_is_found_and_not_placed_twice(
    broker, double, answer
):
    double.faults = [("POST /v2/orders", answer)]
    (report,) = broker.submit(_orders())
    assert report.status is OrderStatus.FILLED
    assert len(double.orders) == len(double.activities) == 1
    assert len(_fills(broker)) == 1


def test_when_alpaca_stops_answering_the_order_is_unknown_and_the_rest_is_unsent(broker, double):
    assert broker.account()  # the name of the account is known
    double.faults = [("POST /v2/orders", 503)] * 4 + [("GET /v2/orders:by", 503)] * 4
    second = {"order_id": "NUCLEAR-20240131T150000000-2"}
    reports = broker.submit(_orders({}, second))
    assert [report.status for report in reports] == [OrderStatus.UNKNOWN, OrderStatus.UNSENT]
    assert "must answer in JSON, and did not in 4 tries" in reports[0].reason
    assert double.orders == {}


def test_an_order_that_alpaca_will_not_have_is_rejected_in_its_words(broker, double):
    double.cash = 10.0
    reports = broker.submit(
        _orders({}, {"order_id": "NUCLEAR-20240131T150000000-2", "volume": 1e-10})
    )
    assert [report.status for report in reports] == [OrderStatus.REJECTED] * 2
    assert "insufficient buying power" in reports[0].reason
    assert "qty must be > 0" in reports[1].reason
    assert broker.fills(SINCE).fills.num_rows == 0


def test_keys_that_are_refused_are_an_error(served):
    broker = _broker(served, secret="wrong", account_id="main")
    with pytest.raises(BrokerError, match="refused with 401"):
        broker.account()
    with pytest.raises(BrokerError, match="refused with 401"):
        broker.submit(_orders())
    with pytest.raises(BrokerError, match="must authorize the keys"):
        broker.wait([ORDER_ID], 1.0)


def test_keys_are_not_shown_in_what_is_printed(broker):
    assert "secret" not in repr(broker.__dict__)


@pytest.mark.parametrize(
    ("path", "body", "ask", "message"),
    [
        ("GET /v2/account", b"<html>", "account", "must answer in JSON, and did not in 4 tries"),
        ("GET /v2/account", b'{"account_number": "PA3"}', "account", "'cash' as a number"),
        ("GET /v2/account", b"[]", "account", "must give 'account_number' as text"),
        ("GET /v2/positions", b'{"message": "no"}', "positions", "a list of positions"),
        ("GET /v2/positions", b"[7]", "positions", "a list of positions"),
        ("GET /v2/orders", b'[{"id": "x"}]', "open_orders", "'client_order_id' as text"),
    ],
)
def test_a_malformed_answer_is_an_error_that_names_the_field(
    served, double, path, body, ask, message
):
    double.faults = [(path, body)] * 4
    named = {} if ask == "account" else {"account_id": "main"}
    with pytest.raises(BrokerError, match=message):
        getattr(_broker(served, **named), ask)()


def test_a_server_that_is_not_there_is_an_error_that_says_what_to_do():
    nowhere = AlpacaUrls(trading="http://127.0.0.1:9", data="http://127.0.0.1:9", stream="ws://x")
    patience = AlpacaPatience(answer=1.0, repeats=(0.0,))
    broker = AlpacaBroker("key", "secret", urls=nowhere, patience=patience)
    with pytest.raises(BrokerError, match=r"did not in 2 tries: .*; try again later"):
        broker.account()


def test_prices_that_are_none_are_an_error(broker, double):
    double.faults = [("GET /v2/stocks", b'{"trades": {"TECL": {"p": null}}}')]
    with pytest.raises(BrokerError, match="'p' as a number"):
        broker.prices(["TECL"])


def test_partial_fills_are_each_a_fill_and_heard_as_they_come(broker, double):
    double.fills_at_once = False
    broker.submit(_orders())
    _later(
        0.1,
        lambda: double.fill(ORDER_ID, 4.0, 50.1),
        lambda: double.fill(ORDER_ID, 5.5, 50.2),
        lambda: double.fill(ORDER_ID, 0.5, 50.3),
    )
    (report,) = broker.wait([ORDER_ID], 10.0)
    assert (report.status, report.filled_volume) == (OrderStatus.FILLED, 10.0)
    assert [(f["volume"], f["price"]) for f in _fills(broker)] == [
        (4.0, 50.1), (5.5, 50.2), (0.5, 50.3),
    ]  # fmt: skip
    assert double.connections == 1


def test_an_update_that_is_told_twice_or_late_changes_nothing(broker, double):
    double.fills_at_once = False
    broker.submit(_orders())
    double.fill(ORDER_ID, 4.0, heard=0)
    early = json.dumps(
        {
            "stream": "trade_updates",
            "data": {"event": "partial_fill", "order": dict(double.orders[ORDER_ID])},
        }
    )
    _later(
        0.1,
        lambda: double.fill(ORDER_ID, 5.0, heard=3),
        lambda: double.updates.append(early),
        lambda: double.fill(ORDER_ID, 1.0, heard=2),
        lambda: double.updates.append(early),
    )
    (report,) = broker.wait([ORDER_ID], 10.0)
    assert (report.status, report.filled_volume) == (OrderStatus.FILLED, 10.0)
    assert [fill["volume"] for fill in _fills(broker)] == [4.0, 5.0, 1.0]
    assert _fills(broker) == _fills(broker)


def test_a_stream_that_drops_is_opened_again_and_what_it_missed_is_asked_for(broker, double):
    double.fills_at_once = False
    broker.submit(_orders())
    double.drop_after = 1
    _later(
        0.2,
        lambda: double.fill(ORDER_ID, 4.0),
        lambda: double.fill(ORDER_ID, 6.0, heard=0),  # nobody hears of it
    )
    (report,) = broker.wait([ORDER_ID], 10.0)
    assert (report.status, report.filled_volume) == (OrderStatus.FILLED, 10.0)
    assert [fill["volume"] for fill in _fills(broker)] == [4.0, 6.0]


@pytest.mark.parametrize("noise", ["{", '{"stream": "trade_updates"}', '{"data": {"order": 7}}'])
def test_an_update_that_can_not_be_read_loses_nothing(broker, double, noise):
    double.fills_at_once = False
    broker.submit(_orders())
    _later(
        0.1,
        lambda: double.updates.append(noise),
        lambda: double.fill(ORDER_ID, heard=0),
    )
    assert broker.wait([ORDER_ID], 10.0)[0].status is OrderStatus.FILLED
    assert len(_fills(broker)) == 1


def test_without_a_stream_orders_are_polled(broker, double):
    double.refuse_stream, double.fills_at_once = True, False
    broker.submit(_orders())
    _later(0.2, lambda: double.fill(ORDER_ID))
    assert broker.wait([ORDER_ID], 10.0)[0].status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("canceled", OrderStatus.CANCELED),
        ("expired", OrderStatus.EXPIRED),
        ("rejected", OrderStatus.REJECTED),
    ],
)
def test_an_order_that_ends_unfilled_is_told_with_what_was_filled(broker, double, said, status):
    double.fills_at_once = False
    broker.submit(_orders())
    _later(0.1, lambda: double.fill(ORDER_ID, 3.0), lambda: double.end(ORDER_ID, said))
    (report,) = broker.wait([ORDER_ID], 10.0)
    assert (report.status, report.filled_volume, report.left) == (status, 3.0, 7.0)
    assert [fill["volume"] for fill in _fills(broker)] == [3.0]


def test_when_patience_ends_an_open_order_is_told_as_open(broker, double):
    double.fills_at_once = False
    broker.submit(_orders())
    assert broker.wait([ORDER_ID], 0.2)[0].status is OrderStatus.ACCEPTED
    assert [order.order_id for order in broker.open_orders()] == [ORDER_ID]


def test_activities_that_lag_behind_their_order_are_waited_for(broker, double):
    broker.submit(_orders())
    broker.wait([ORDER_ID], 5.0)
    double.hidden_activities = 1
    assert [fill["volume"] for fill in _fills(broker)] == [10.0]


def test_activities_that_are_missing_for_long_are_told_and_recorded_later(broker, double):
    double.fills_at_once = False
    broker.submit(_orders())
    double.fill(ORDER_ID, 4.0)
    double.fill(ORDER_ID, 6.0)
    broker.wait([ORDER_ID], 5.0)
    late = double.activities.pop()
    executions = broker.fills(SINCE)
    assert executions.fills["volume"].to_pylist() == [4.0]
    assert executions.refused == (
        f"order '{ORDER_ID}': 10.0 were filled and Alpaca lists executions of 4.0 so far; "
        "a later run records the rest",
    )
    double.activities.append(late)
    assert [fill["volume"] for fill in _fills(broker)] == [4.0, 6.0]


def test_executions_of_many_pages_and_orders_are_read_each_once(broker, double):
    double.fills_at_once = False
    names = [f"NUCLEAR-20240131T150000000-{n}" for n in range(1, 31)]
    broker.submit(_orders(*({"order_id": name, "volume": 8.0} for name in names)))
    for name in names:
        for _ in range(8):
            double.fill(name, 1.0)
    double.asked.clear()
    fills = _fills(broker)
    assert len({fill["trade_id"] for fill in fills}) == len(fills) == 240
    assert double.asked.count("GET /v2/account/activities/FILL") == 3


def test_after_a_restart_the_strategy_is_read_from_the_orders(served, double):
    names = [f"{who}-20240131T150000000-{n}" for n, who in enumerate(["a", "b-c", "d.e"] * 5)]
    changes = ({"order_id": n, "strategy_id": n.rsplit("-", 2)[0]} for n in names)
    _broker(served).submit(_orders(*changes))
    again = _broker(served)
    assert [fill["strategy_id"] for fill in _fills(again)] == ["a", "b-c", "d.e"] * 5


def test_executions_that_are_no_strategys_are_told_and_not_recorded(broker, double):
    double.place({"symbol": "SPY", "qty": "1", "side": "buy", "type": "market",
                  "time_in_force": "day", "client_order_id": "by hand"})  # fmt: skip
    broker.submit(_orders())
    executions = broker.fills(SINCE)
    assert executions.fills["strategy_id"].to_pylist() == ["NUCLEAR"]
    (sentence,) = executions.refused
    assert sentence.endswith("is of order 'by hand', no strategy's")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": None}, "'price' as a number"),
        ({"qty": "many"}, "'qty' as a number"),
        ({"transaction_time": "yesterday"}, "must give a time"),
        ({"side": "hold"}, "'side' as buy or sell"),
        ({"qty": "-3"}, "volume must be > 0"),
        ({"id": None}, "'id' as text"),
        ({"order_id": "00000000-0000-0000-0000-000000000000"}, "no strategy's"),
    ],
)
def test_an_execution_that_can_not_be_read_is_told_and_the_others_are_recorded(
    served, double, change, message
):
    other = {"order_id": "NUCLEAR-20240131T150000000-2"}
    _broker(served).submit(_orders({}, other))
    double.activities[0] |= change
    executions = _broker(served).fills(SINCE)
    assert executions.fills.num_rows == 1
    (sentence,) = executions.refused
    assert message in sentence


def test_an_order_of_several_legs_by_hand_does_not_stand_in_the_way(broker, double):
    double.fills_at_once = False
    broker.submit(_orders())
    double.orders["spread"] = dict(
        double.orders[ORDER_ID], client_order_id="spread", symbol="", side="", qty=None
    )
    reports = {order.order_id: order for order in broker.open_orders()}
    assert reports.keys() == {ORDER_ID, "spread"}
    assert reports["spread"].strategy_id is None


def test_without_alpaca_py_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BrokerError, match=r"install perfkit\[alpaca\]"):
        AlpacaBroker("key", "secret")


def test_the_addresses_are_those_of_the_paper_market_unless_told():
    paper, live = AlpacaUrls.of(paper=True), AlpacaUrls.of(paper=False)
    assert paper.trading == "https://paper-api.alpaca.markets"
    assert paper.stream == "wss://paper-api.alpaca.markets/stream"
    assert (live.trading, live.stream) == (
        "https://api.alpaca.markets", "wss://api.alpaca.markets/stream",
    )  # fmt: skip
    assert paper.data == live.data == "https://data.alpaca.markets"


def test_perfkit_is_imported_without_alpaca():
    code = "import sys, perfkit.execution; print('alpaca' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
