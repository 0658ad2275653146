"""Alpaca: activities, orders and trade updates, in the words of its API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.brokers.alpaca import read_alpaca
from perfkit.ledger.corrections import effective_fills

ORDER_UUID = "904837e3-3b76-47ec-b432-046db621571b"
FILL = {
    "id": "20240524113406977::8efc7b9a-8b2b-4000-9955-d36e7db0df74", "activity_type": "FILL",
    "transaction_time": "2024-05-24T15:34:06.977Z", "type": "fill", "price": "1.63", "qty": "5",
    "cum_qty": "9", "leaves_qty": "0", "side": "buy", "symbol": "LPCN", "order_id": ORDER_UUID,
}  # fmt: skip
CASH = {
    "id": "20240524000000000::a1",
    "date": "2024-05-24",
    "net_amount": "-1.5",
    "status": "executed",
}


def _read(*rows, **settings):
    return read_alpaca(list(rows), **{"account": "A1", "strategy": "trend", **settings})


def _fill(row, **settings):
    result = _read(row, **settings)
    assert (result.refused, result.skipped) == ((), ())
    (fill,) = result.fills.to_pylist()
    return fill


def _skipped(row):
    (skipped,) = _read(row).skipped
    return skipped.reason


def test_the_activities_of_a_broker_are_six_fills_and_seven_deposits(shared_data):
    path = shared_data / "broker/alpaca_activities.json"
    result = read_alpaca(path, strategy="trend")
    rows = json.loads(path.read_text())
    assert (result.read, result.recorded, result.refused) == (13, 13, ())
    assert (result.fills.num_rows, result.cash.num_rows) == (6, 7)
    paid = sum(float(row["net_amount"]) for row in rows if row["activity_type"] == "CSD")
    assert sum(result.cash["amount"].to_pylist()) == pytest.approx(paid)
    assert set(result.cash["kind"].to_pylist()) == {"deposit"}
    # quantities are of the fill, to nine decimals, not of the order so far
    assert 1.998065556 in result.fills["volume"].to_pylist()
    accounts = {row["account_id"] for row in rows if row["activity_type"] == "FILL"}
    assert set(result.fills["account_id"].to_pylist()) == accounts


def test_a_fill_is_its_own_quantity_at_the_time_in_utc():
    fill = _fill(FILL)
    assert (fill["volume"], fill["price"], fill["currency"]) == (5.0, 1.63, "USD")
    # the id begins with the time in New York
    assert fill["execution_time"] == datetime(2024, 5, 24, 15, 34, 6, 977_000, tzinfo=UTC)
    assert fill["order_id"] == ORDER_UUID
    assert fill["trade_id"].startswith("20240524113406977-8efc7b9a")


@pytest.mark.parametrize(
    ("said", "side"), [("sell_short", "sell"), ("buy_to_close", "buy"), ("sell", "sell")]
)
def test_each_word_for_a_side_is_known(said, side):
    assert _fill({**FILL, "side": said})["side"] == side


def test_an_unknown_side_is_refused():
    (refused,) = _read({**FILL, "side": "hold"}).refused
    assert (refused.field, "was 'hold'" in refused.reason) == ("side", True)


@pytest.mark.parametrize("symbol", ["ETH/USD", "ETHUSD"])
def test_a_crypto_pair_is_named_one_way(symbol):
    fill = _fill({**FILL, "symbol": symbol})
    assert (fill["symbol"], fill["base_currency"], fill["currency"]) == ("ETH/USD", "ETH", "USD")


def test_an_option_contract_is_of_100_shares():
    assert _fill({**FILL, "symbol": "AAPL230721C00150000"})["multiplier"] == 100.0
    assert _fill({**FILL, "symbol": "AAPL"})["multiplier"] == 1.0


def test_newest_first_is_turned_so_that_equal_times_keep_their_order():
    late = {**FILL, "id": "20240524113406978::a"}
    fills = _read(late, FILL).fills["trade_id"].to_pylist()
    assert [trade[:17] for trade in fills] == ["20240524113406977", "20240524113406978"]


@pytest.mark.parametrize(
    ("kind", "amount", "expected"),
    [
        ("FEE", "-0.02", "fee"), ("CFEE", "-0.25", "fee"), ("PTC", "-3", "fee"),
        ("DIV", "1.02", "dividend"), ("DIVROC", "2", "dividend"), ("DIVNRA", "-0.3", "tax"),
        ("INT", "-4.1", "interest"), ("CSD", "500", "deposit"), ("CSW", "-500", "withdrawal"),
        ("JNLC", "-4.81", "withdrawal"),
    ],
)  # fmt: skip
def test_cash_is_recorded_by_its_kind_at_the_end_of_the_day_in_new_york(kind, amount, expected):
    result = _read({**CASH, "activity_type": kind, "net_amount": amount})
    (cash,) = result.cash.to_pylist()
    assert (cash["kind"], cash["amount"]) == (expected, float(amount))
    assert cash["execution_time"] == datetime(2024, 5, 25, 3, 59, 59, 999_999, tzinfo=UTC)


def test_a_fee_in_coins_takes_the_coins_and_no_cash():
    # the example of the documentation: 0.000195 ETH at 1884.5
    fee = {**CASH, "activity_type": "CFEE", "net_amount": "0", "symbol": "ETHUSD",
           "qty": "-0.000195", "price": "1884.5"}  # fmt: skip
    fill = _fill(fee)
    assert (fill["symbol"], fill["side"], fill["volume"], fill["reason"]) == (
        "ETH/USD", "sell", 0.000195, "fee",
    )  # fmt: skip
    assert fill["volume"] * fill["price"] - fill["commission"] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"activity_type": "ACATS"}, "activity of type ACATS"),
        ({"activity_type": "DIV", "net_amount": "0"}, "activity of type DIV without cash"),
        ({"activity_type": "FEE", "status": "canceled"}, "activity is canceled"),
        ({"activity_type": "SSP", "symbol": "X"}, "a split that does not say its ratio"),
    ],
)
def test_what_is_no_record_is_skipped_with_its_kind(changes, reason):
    assert _skipped({**CASH, **changes}) == reason


def test_a_split_that_is_told_as_removed_and_added_counts_once():
    told = "From QTY:-0.29194239, To QTY:0.029194239, Position Value:1.5"
    halves = [
        {**CASH, "id": f"2024::{what}", "activity_type": "SPLIT", "symbol": "FTCI",
         "net_amount": "0", "description": f"{what}, {told}"}
        for what in ("REMOVE", "ADD")
    ]  # fmt: skip
    result = _read(*halves)
    (split,) = result.splits.to_pylist()
    assert (split["symbol"], split["ratio"]) == ("FTCI", pytest.approx(0.1))
    # units are new from the morning in New York
    assert split["execution_time"] == datetime(2024, 5, 24, 4, 0, tzinfo=UTC)
    assert [row.reason for row in result.skipped] == ["the other half of a split"]


def test_a_split_of_the_event_stream_gives_its_rates():
    event = {"ref_id": "r1", "activity_type": "SPLIT", "activity_subtype": "FSPLIT", "qty": "-1",
             "net_amount": "0", "executed_at": "2026-02-27T17:00:00Z", "status": "executed",
             "details": {"symbol": "SF", "old_rate": "1", "new_rate": "1.5",
                         "ex_date": "2026-02-27"}}  # fmt: skip
    (split,) = _read(event).splits.to_pylist()
    assert (split["symbol"], split["ratio"]) == ("SF", 1.5)


@pytest.mark.parametrize(
    ("kind", "qty", "side", "reason"),
    [
        ("OPASN", "2", "buy", "assignment"), ("OPEXP", "-2", "sell", "expiry"),
        ("OPEXC", "-2", "sell", "exercise"),
    ],
)  # fmt: skip
def test_the_end_of_an_option_is_a_fill_at_nothing(kind, qty, side, reason):
    end = {
        **CASH,
        "activity_type": kind,
        "net_amount": "0",
        "symbol": "AAPL230721C00150000",
        "qty": qty,
    }
    fill = _fill(end)
    assert (fill["price"], fill["side"], fill["reason"]) == (0.0, side, reason)
    assert (fill["volume"], fill["multiplier"]) == (2.0, 100.0)


def test_the_shares_that_an_option_delivered_are_a_fill_at_the_strike():
    shares = {**CASH, "activity_type": "OPTRD", "net_amount": "30000", "symbol": "AAPL",
              "qty": "-200", "price": "150"}  # fmt: skip
    fill = _fill(shares)
    assert (fill["side"], fill["volume"], fill["price"]) == ("sell", 200.0, 150.0)


# orders -----------------------------------------------------------------------------------

ORDER = {
    "id": ORDER_UUID, "client_order_id": "momentum-0001", "symbol": "AAPL",
    "asset_class": "us_equity", "filled_qty": "1.5", "filled_avg_price": "150.25",
    "filled_at": "2024-05-24T15:34:06.977123456Z", "side": "sell", "status": "filled",
    "legs": None, "order_class": "",
}  # fmt: skip


def test_an_order_is_a_fill_at_its_average_price():
    fill = _fill(ORDER)
    assert (fill["trade_id"], fill["side"], fill["volume"], fill["price"]) == (
        ORDER_UUID, "sell", 1.5, 150.25,
    )  # fmt: skip
    assert fill["execution_time"].microsecond == 977_123


def test_the_client_order_id_is_the_strategy():
    assert _fill(ORDER)["strategy_id"] == "momentum-0001"
    assert _fill(ORDER, tag_pattern=r"([a-z]+)-\d+")["strategy_id"] == "momentum"
    assert _fill(ORDER, tag_pattern=r"(\d+)-")["strategy_id"] == "trend"
    drawn = {**ORDER, "client_order_id": "61e69015-8549-4bfd-b9c3-01e75843f47d"}
    assert _fill(drawn)["strategy_id"] == "trend"


@pytest.mark.parametrize("pattern", ["([a-z", "[a-z]+"])
def test_a_pattern_that_can_name_no_strategy_is_an_error(pattern):
    with pytest.raises(InvalidArgumentError, match="tag_pattern must"):
        _read(ORDER, tag_pattern=pattern)


def test_an_order_that_may_still_be_filled_is_skipped():
    assert "may still be filled" in _skipped({**ORDER, "status": "partially_filled"})
    assert (
        _skipped({**ORDER, "status": "canceled", "filled_qty": "0"}) == "order not filled: canceled"
    )


def test_an_order_that_was_cancelled_after_a_part_is_a_fill():
    part = {**ORDER, "status": "canceled", "filled_at": None, "canceled_at": "2024-05-24T20:00:00Z"}
    assert _fill(part)["volume"] == 1.5


def test_an_order_of_several_legs_is_its_legs():
    legs = [
        {**ORDER, "id": f"leg{n}", "client_order_id": "", "symbol": f"AAPL230721{right}00150000",
         "filled_qty": "2", "filled_avg_price": "3.1", "asset_class": "us_option", "side": side}
        for n, (right, side) in enumerate([("C", "buy"), ("P", "sell")])
    ]  # fmt: skip
    spread = {**ORDER, "symbol": "", "side": "", "order_class": "mleg", "filled_qty": "2",
              "filled_avg_price": "0.4", "legs": legs}  # fmt: skip
    result = _read(spread)
    assert result.recorded == 1
    assert result.fills["side"].to_pylist() == ["buy", "sell"]
    assert result.fills["strategy_id"].to_pylist() == ["momentum-0001"] * 2


def test_a_leg_that_is_also_listed_alone_counts_once():
    child = {**ORDER, "id": "child", "client_order_id": "momentum-0002", "side": "buy"}
    result = _read({**ORDER, "order_class": "bracket", "legs": [child]}, child)
    assert (result.fills.num_rows, result.read) == (2, 2)
    assert len(result.skipped) == 1


# trade updates ----------------------------------------------------------------------------

UPDATE = {
    "account_id": "aa4439c3-cf7d-4251-8689-a575a169d6d3", "at": "2024-05-24T15:34:07Z",
    "event": "fill", "event_id": "01HCMQR4S73L9G6EHI0JKL2M3N", "execution_id": "e1",
    "timestamp": "2024-05-24T15:34:06.977Z", "price": "25", "qty": "1", "position_qty": "1",
    "order": {**ORDER, "symbol": "BSRR", "side": "buy", "commission": "0.35"},
}  # fmt: skip


def test_an_update_is_a_fill_of_its_own_quantity():
    fill = _fill(UPDATE)
    assert (fill["symbol"], fill["side"], fill["volume"], fill["price"]) == (
        "BSRR",
        "buy",
        1.0,
        25.0,
    )
    assert (fill["trade_id"], fill["order_id"], fill["strategy_id"]) == (
        "e1",
        ORDER_UUID,
        "momentum-0001",
    )


def test_the_commission_of_an_order_comes_with_the_fill_that_completes_it():
    part = {**UPDATE, "event": "partial_fill", "execution_id": "e0"}
    commissions = {f["trade_id"]: f["commission"] for f in _read(part, UPDATE).fills.to_pylist()}
    assert commissions == {"e0": 0.0, "e1": 0.35}


def test_an_update_may_come_in_the_envelope_of_the_socket():
    assert _fill({"stream": "trade_updates", "data": UPDATE})["trade_id"] == "e1"


def test_a_busted_trade_is_taken_back_whatever_the_sign_of_its_quantity():
    bust = {**UPDATE, "event": "trade_bust", "execution_id": "e2", "previous_execution_id": "e1",
            "qty": "-1"}  # fmt: skip
    result = _read(UPDATE, bust)
    assert result.fills["volume"].to_pylist() == [1.0, 1.0]
    assert effective_fills(result.fills).num_rows == 0


def test_a_corrected_trade_replaces_the_first():
    correct = {**UPDATE, "event": "trade_correct", "execution_id": "e2", "price": "24",
               "previous_execution_id": "e1"}  # fmt: skip
    (left,) = effective_fills(_read(UPDATE, correct).fills).to_pylist()
    assert (left["trade_id"], left["price"]) == ("e1", 24.0)
    (refused,) = _read({**correct, "previous_execution_id": None}).refused
    assert refused.field == "original_trade_id"


def test_the_legs_of_an_update_take_their_side_from_the_order():
    order = {
        **ORDER,
        "symbol": "",
        "side": "",
        "legs": [{"id": "l1", "side": "buy"}, {"id": "l2", "side": "sell"}],
    }
    legs = [
        {"execution_id": f"e{n}", "order_id": f"l{n}", "price": "3.1", "qty": "2",
         "symbol": "AAPL230721C00150000"}
        for n in (1, 2)
    ]  # fmt: skip
    result = _read({**UPDATE, "order": order, "legs": legs, "price": None, "qty": None})
    assert result.fills["side"].to_pylist() == ["buy", "sell"]
    assert result.fills["multiplier"].to_pylist() == [100.0, 100.0]


def test_other_updates_are_skipped_with_their_event():
    assert _skipped({**UPDATE, "event": "accepted"}) == "not a fill: event accepted"


# the event stream of activities -----------------------------------------------------------

EVENT = {
    "account_id": "acc1", "event_id": "01J", "ref_id": "r1", "activity_type": "TRD", "qty": "0.04",
    "price": "480.338", "currency": "USD", "net_amount": "-19.21", "status": "executed",
    "executed_at": "2026-01-02T14:43:59.05095724Z",
    "details": {"order_id": "o1", "client_order_id": "momentum", "side": "buy", "symbol": "MSFT",
                "execution_type": "fill", "cum_qty": "0.04", "leaves_qty": "0"},
}  # fmt: skip


def test_a_trade_of_the_event_stream_is_a_fill():
    fill = _fill(EVENT)
    assert (fill["trade_id"], fill["symbol"], fill["strategy_id"]) == ("r1", "MSFT", "momentum")
    assert fill["account_id"] == "acc1"


@pytest.mark.parametrize(("what", "left"), [("trade_bust", 0), ("trade_correct", 1)])
def test_a_change_in_the_event_stream_points_at_the_first(what, left):
    details = {**EVENT["details"], "execution_type": what}
    change = {**EVENT, "ref_id": "r2", "previous_id": "r1", "price": "480", "details": details}
    fills = effective_fills(_read(EVENT, change).fills).to_pylist()
    assert [f["price"] for f in fills] == [480.0] * left
    (refused,) = _read({**change, "previous_id": None}).refused
    assert refused.field == "original_trade_id"


def test_an_activity_that_changes_another_one_than_a_trade_is_refused():
    (refused,) = _read({**CASH, "activity_type": "DIV", "previous_id": "r1"}).refused
    assert "must not change an earlier activity, was DIV of 'r1'" in refused.reason


# sources ----------------------------------------------------------------------------------


def test_a_row_of_another_kind_is_refused():
    (refused,) = _read({"symbol": "AAPL"}).refused
    assert "must be an account activity, an order or a trade update" in refused.reason


@pytest.mark.parametrize(
    "row",
    [{**FILL, "details": "x"}, {**ORDER, "legs": ["x"]}, {**UPDATE, "order": [1]}],
)
def test_a_row_whose_parts_are_no_objects_is_refused(row):
    (refused,) = _read(row).refused
    assert "save what the API answered" in refused.reason


@pytest.mark.parametrize("missing", ["account", "strategy"])
def test_activities_need_an_account_and_a_strategy(missing):
    with pytest.raises(InvalidArgumentError, match=f"{missing} must be given"):
        _read(FILL, **{missing: None})


def test_a_file_that_is_no_list_is_an_error(tmp_path):
    path = tmp_path / "answer.json"
    path.write_text('{"message": "forbidden"}')
    with pytest.raises(ImportFormatError, match="must be a JSON list of account activities"):
        read_alpaca(path, account="A1", strategy="trend")


def test_reading_again_gives_the_same():
    rows = [FILL, {**CASH, "activity_type": "CSD", "net_amount": "5"}]
    once, again = _read(*rows), _read(*rows)
    assert once.fills.equals(again.fills)
    assert once.cash.equals(again.cash)
