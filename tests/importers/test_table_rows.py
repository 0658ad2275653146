"""Kinds of rows: cash, splits, trades written otherwise, and rows that can't be told."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from perfkit.errors import ImportFormatError
from perfkit.importers import CsvStyle, NumberStyle, TableFormat, TimeStyle, read_table
from perfkit.importers.tables.table_rows import CashRows, RefusedRows, SplitRows, TradeRows

COLUMNS = {
    "execution_time": "time",
    "symbol": "symbol",
    "side": "kind",
    "price": "price",
    "volume": "units",
}
EMPTY = dict.fromkeys(("symbol", "price", "units", "amount", "money", "duty", "text"), "")
BUY = {"kind": "buy", "symbol": "AAPL", "price": "10", "units": "2"}


def _read(*rows, **layout):
    times = [f"2024-01-31T10:0{number}:00Z" for number in range(len(rows))]
    frame = pd.DataFrame(
        [{"time": t, **EMPTY, **row} for t, row in zip(times, rows, strict=True)], dtype=str
    )
    layout = {"columns": COLUMNS, "trade_rows": {"kind": ("buy", "sell")}, **layout}
    result = read_table(frame, TableFormat(**layout), account="A1", strategy="s")
    assert result.read == result.recorded + len(result.skipped) + len(result.refused)
    return result


def _told(table, *names):
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def test_cash_is_routed_to_its_kind_with_its_currency():
    result = _read(
        BUY,
        {"kind": "Dividend", "symbol": "AAPL", "amount": "1.5", "money": "USD"},
        {"kind": "Top-up", "amount": "100", "money": "EUR"},
        cash=(
            CashRows(
                rows={"kind": ("Dividend",)},
                kind="dividend",
                columns={"amount": "amount", "currency": "money", "symbol": "symbol"},
            ),
            CashRows(
                rows={"kind": ("Top-up",)},
                kind="deposit",
                columns={"amount": "amount", "currency": "money"},
            ),
        ),
    )
    assert (result.fills.num_rows, result.recorded, result.skipped) == (1, 3, ())
    assert _told(result.cash, "kind", "amount", "currency", "symbol", "account_id", "source") == [
        ("dividend", 1.5, "USD", "AAPL", "A1", "table"),
        ("deposit", 100.0, "EUR", None, "A1", "table"),
    ]


def test_an_amount_that_was_paid_and_is_written_without_sign_becomes_negative():
    paid = CashRows(
        rows={"kind": ("Out",)}, kind="withdrawal", columns={"amount": "amount"}, paid=True
    )
    result = _read({"kind": "Out", "amount": "250"}, cash=(paid,))
    assert _told(result.cash, "kind", "amount") == [("withdrawal", -250.0)]


def test_capital_is_a_deposit_or_a_withdrawal_by_its_sign():
    wire = CashRows(rows={"kind": ("Wire",)}, kind="capital", columns={"amount": "amount"})
    result = _read({"kind": "Wire", "amount": "5"}, {"kind": "Wire", "amount": "-7"}, cash=(wire,))
    assert _told(result.cash, "kind", "amount") == [("deposit", 5.0), ("withdrawal", -7.0)]


def test_an_amount_a_unit_is_multiplied():
    a_unit = CashRows(
        rows={"kind": ("DIV",)}, kind="dividend", columns={"amount": "price", "units": "units"}
    )
    result = _read({"kind": "DIV", "price": "0.80", "units": "4200"}, cash=(a_unit,))
    assert _told(result.cash, "amount") == [(3360.0,)]


def test_cash_beside_a_trade_is_a_record_of_the_same_row():
    duty = CashRows(
        kind="tax",
        columns={"amount": "duty", "symbol": "symbol"},
        constants={"currency": "GBP"},
        paid=True,
        beside=True,
    )
    rows = [{**BUY, "duty": "0.5"}, {**BUY, "duty": "0"}, {**BUY, "duty": ""}]
    result = _read(*rows, cash=(duty,))
    assert (result.fills.num_rows, result.recorded) == (3, 3)
    assert _told(result.cash, "kind", "amount", "currency", "symbol") == [
        ("tax", -0.5, "GBP", "AAPL")
    ]


def test_a_trade_whose_cash_beside_it_is_unreadable_is_refused_whole():
    duty = CashRows(kind="tax", columns={"amount": "duty"}, beside=True)
    result = _read({**BUY, "duty": "a lot"}, BUY, cash=(duty,))
    assert [(r.line, r.field) for r in result.refused] == [(1, "amount")]
    assert (result.fills.num_rows, result.cash.num_rows) == (1, 0)


def test_a_cash_row_with_an_unreadable_amount_is_refused():
    fee = CashRows(rows={"kind": ("Fee",)}, kind="fee", columns={"amount": "amount"})
    result = _read({"kind": "Fee", "amount": "1,5"}, {"kind": "Fee"}, cash=(fee,))
    assert [(r.line, r.field) for r in result.refused] == [(1, "amount"), (2, "amount")]
    assert result.refused[0].reason == "amount must be a number like 1234.5, was 1,5"


def test_a_split_is_read_from_its_ratio():
    split = SplitRows(rows={"kind": ("Split",)}, columns={"ratio": "units"})
    result = _read({"kind": "Split", "symbol": "AAPL", "units": "4"}, splits=(split,))
    assert _told(result.splits, "symbol", "ratio", "account_id") == [("AAPL", 4.0, "A1")]


PAIR = SplitRows(
    rows={"kind": ("open",)}, old_rows={"kind": ("close",)}, columns={"units": "units"}
)


def test_a_split_in_two_rows_is_the_new_units_over_the_old():
    rows = [
        {"kind": "close", "symbol": "ISOU", "units": "29.80478"},
        {"kind": "open", "symbol": "ISOU", "units": "7.451195"},
    ]
    result = _read(*rows, splits=(PAIR,))
    assert _told(result.splits, "symbol", "ratio") == [("ISOU", 0.25)]
    assert [(r.line, r.reason) for r in result.skipped] == [(1, "the old units of a split")]
    backwards = _read(*rows[::-1], splits=(PAIR,), newest_first=True)
    assert _told(backwards.splits, "ratio") == [(0.25,)]


def test_half_of_a_split_is_refused():
    rows = [
        {"kind": "open", "symbol": "ISOU", "units": "7"},
        {"kind": "close", "symbol": "SPY", "units": "7"},
        {"kind": "close", "symbol": "IWM", "units": ""},
        {"kind": "open", "symbol": "IWM", "units": "3"},
    ]
    result = _read(*rows, splits=(PAIR,))
    assert [(r.line, r.field) for r in result.refused] == [(1, "ratio"), (2, "ratio"), (4, "ratio")]
    assert "the row with the old units before it" in result.refused[0].reason
    assert "a row with the new units after it" in result.refused[1].reason
    assert "were None and 3.0" in result.refused[2].reason


def test_rows_that_the_table_does_not_tell_are_refused_and_not_skipped():
    cfd = RefusedRows(rows={"kind": ("CFD",)}, field="side", reason="must be known; say it")
    result = _read(BUY, {"kind": "CFD"}, {"kind": "Note"}, refused=(cfd,))
    assert [(r.line, r.field, r.reason) for r in result.refused] == [
        (2, "side", "side must be known; say it")
    ]
    assert [r.line for r in result.skipped] == [3]


def test_no_words_are_any_text():
    anything = RefusedRows(rows={"text": ()}, reason="must be plain")
    result = _read({"kind": "x", "text": "Koop?"}, {"kind": "y"}, refused=(anything,))
    assert ([r.line for r in result.refused], [r.line for r in result.skipped]) == ([1], [2])


def test_trades_written_otherwise_have_columns_and_constants_of_their_own():
    option = TradeRows(
        rows={"text": ("PUT", "CALL")},
        columns={"symbol": ("symbol", "text")},
        constants={"multiplier": 100},
    )
    result = _read(BUY, {**BUY, "text": "PUT"}, BUY, trades=(option,))
    assert _told(result.fills, "symbol", "multiplier") == [
        ("AAPL", 1.0),
        ("AAPL/PUT", 100.0),
        ("AAPL", 1.0),
    ]


def test_a_trade_is_taken_out_of_one_cell():
    columns = {**COLUMNS, "side": "way", "volume": "count", "price": "each", "currency": "quote"}
    pattern = r"^(?P<way>Buy|Sell) (?P<count>[\d.]+) @ (?P<each>[\d.]+) (?P<quote>[A-Z]{3})$"
    result = _read(
        {"kind": "buy", "symbol": "SPY", "text": "Sell 3 @ 139.74 USD"},
        {"kind": "buy", "symbol": "SPY", "text": "Sell 3 for 139.74"},
        columns=columns,
        patterns={"text": pattern},
    )
    assert _told(result.fills, "side", "volume", "price", "currency") == [
        ("sell", 3.0, 139.74, "USD")
    ]
    (refused,) = result.refused
    assert refused.field == "side"
    assert "was 'Sell 3 for 139.74'" in refused.reason


def test_rows_are_chosen_by_what_was_taken_out_and_named_by_what_stood_there():
    columns = {**COLUMNS, "side": "way"}
    result = _read(
        {**BUY, "text": "OPEN BUY"},
        {**BUY, "text": "Interest"},
        columns=columns,
        trade_rows={"way": ("BUY",)},
        patterns={"text": "^OPEN (?P<way>.+)$"},
    )
    assert [r.reason for r in result.skipped] == ["not a trade: text is 'Interest'"]


def test_a_number_and_its_unit_in_one_cell_are_taken_apart():
    columns = {**COLUMNS, "volume": "count", "base_currency": "coin"}
    result = _read(
        {**BUY, "text": "0.05BTC"},
        columns=columns,
        patterns={"text": r"^(?P<count>[\d.]+)(?P<coin>[A-Z]+)$"},
    )
    assert _told(result.fills, "volume", "base_currency") == [(0.05, "BTC")]


def test_a_price_that_is_not_written_follows_from_the_notional():
    columns = {name: column for name, column in COLUMNS.items() if name != "price"}
    result = _read(
        {**BUY, "amount": "-399.43", "units": "34"},
        {**BUY, "amount": "5", "units": "0"},
        columns={**columns, "notional": "amount"},
    )
    # by hand: 399.43 / 34
    assert _told(result.fills, "price") == [(pytest.approx(11.747941, abs=1e-6),)]
    assert [(r.line, r.field) for r in result.refused] == [(2, "price")]


def test_a_row_is_read_on_the_clock_that_it_names():
    frame = pd.DataFrame(
        [
            {**EMPTY, **BUY, "time": "2024-01-31 10:00", "zone": zone}
            for zone in ("Europe/Amsterdam", "UTC", "Mars/Base", "")
        ]
    )
    layout = TableFormat(columns={**COLUMNS, "zone": "zone"})
    result = read_table(frame, layout, account="A1", strategy="s")
    times = result.fills["execution_time"].to_pylist()
    assert times == [datetime(2024, 1, 31, hour, tzinfo=UTC) for hour in (9, 10)]
    assert [(r.line, r.field) for r in result.refused] == [
        (3, "execution_time"),
        (4, "execution_time"),
    ]
    assert "was 'Mars/Base'" in result.refused[0].reason


def test_a_time_with_a_long_month_and_a_half_day_clock_is_read():
    frame = pd.DataFrame([{**EMPTY, **BUY, "time": "May 5, 2020, 10:10:57 PM"}])
    layout = TableFormat(
        columns=COLUMNS, times=TimeStyle(layout="%B %d, %Y, %I:%M:%S %p", zone="UTC")
    )
    (time,) = (
        read_table(frame, layout, account="A1", strategy="s").fills["execution_time"].to_pylist()
    )
    assert time == datetime(2020, 5, 5, 22, 10, 57, tzinfo=UTC)


def test_a_column_of_another_generation_is_found_by_its_old_name():
    frame = pd.DataFrame([{**BUY, "When": "2024-01-31T10:00:00Z"}])
    layout = TableFormat(
        columns={**COLUMNS, "commission": "fee"}, renamed={"When": "time"}, optional=("fee",)
    )
    fills = read_table(frame, layout, account="A1", strategy="s").fills
    assert _told(fills, "commission") == [(0.0,)]


def test_a_column_that_is_neither_there_nor_optional_is_an_error():
    with pytest.raises(ImportFormatError, match="column 'fee'"):
        _read(BUY, columns={**COLUMNS, "commission": "fee"})


def test_a_column_without_a_name_is_called_after_the_one_before(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("time;kind;symbol;units;price;;\n2024-01-31T10:00:00Z;buy;AAPL;2;USD;10,5;\n")
    layout = TableFormat(
        columns={**COLUMNS, "price": "price (2)", "currency": "price"},
        csv=CsvStyle(separator=";"),
        numbers=NumberStyle(decimal=","),
    )
    fills = read_table(path, layout, account="A1", strategy="s").fills
    assert _told(fills, "price", "currency") == [(10.5, "USD")]
