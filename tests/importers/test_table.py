"""The column map: locale, clocks, signs, ids, and the file that holds the map."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.importers import (
    FORMATS,
    CsvStyle,
    NumberStyle,
    TableFormat,
    TimeStyle,
    read_file,
    read_table,
)
from perfkit.records import Fill, arrow_schema, to_table

COLUMNS = {
    "execution_time": "time",
    "symbol": "symbol",
    "side": "side",
    "price": "price",
    "volume": "volume",
}
ROW = {
    "time": "2024-01-31T10:00:00Z",
    "symbol": "AAPL",
    "side": "buy",
    "price": "184.4",
    "volume": "10",
}


def _read(*rows, columns=(), **layout):
    frame = pd.DataFrame([{**ROW, **row} for row in rows])
    table_format = TableFormat(columns={**COLUMNS, **dict(columns)}, **layout)
    return read_table(frame, table_format, account="A1", strategy="s")


def test_a_date_and_a_time_in_two_columns_are_joined():
    result = _read(
        {"date": "2024-01-31", "clock": "10:00"},
        columns={"execution_time": ("date", "clock")},
        times=TimeStyle(zone="UTC"),
    )
    assert result.fills["execution_time"].to_pylist() == [datetime(2024, 1, 31, 10, tzinfo=UTC)]


def test_commissions_in_several_columns_are_added():
    result = _read(
        {"fee": "1.5", "tax": "0.25"},
        {"fee": "1.5", "tax": None, "time": "2024-02-01T10:00:00Z"},
        columns={"commission": ("fee", "tax")},
    )
    assert result.fills["commission"].to_pylist() == [1.75, 1.5]


def test_a_cost_that_is_signed_as_cash_becomes_positive():
    result = _read(
        {"fee": "-1.5"}, {"fee": "0"}, columns={"commission": "fee"}, costs_are_negative=True
    )
    commissions = result.fills["commission"].to_pylist()
    assert commissions == [1.5, 0.0]
    assert not np.signbit(commissions).any()


def test_words_for_the_side_are_translated():
    sides = {"Market buy": "buy", "Limit sell": "sell"}
    result = _read({"side": "market BUY"}, {"side": "Limit sell"}, sides=sides)
    assert result.fills["side"].to_pylist() == ["buy", "sell"]


def test_a_signed_volume_is_the_side():
    columns = {k: v for k, v in COLUMNS.items() if k != "side"}
    frame = pd.DataFrame([{**ROW, "volume": "-10"}, {**ROW, "volume": "4"}])
    layout = TableFormat(columns=columns, signed_volume=True)
    fills = read_table(frame, layout, account="A1", strategy="s").fills
    assert fills["side"].to_pylist() == ["sell", "buy"]
    assert fills["volume"].to_pylist() == [10.0, 4.0]


def test_a_side_that_contradicts_the_sign_is_refused():
    result = _read(
        {"side": "sell", "volume": "-10"}, {"side": "buy", "volume": "-10"}, signed_volume=True
    )
    assert result.fills.num_rows == 1
    assert [(r.line, r.field) for r in result.refused] == [(2, "side")]
    assert "was buy with -10" in result.refused[0].reason


def test_rows_that_are_no_trades_are_skipped_with_their_word():
    result = _read(
        {"kind": "ORDER"},
        {"kind": "DIVIDEND", "price": ""},
        columns={},
        trade_rows={"kind": ("ORDER",)},
    )
    assert result.fills.num_rows == 1
    assert [(r.line, r.reason) for r in result.skipped] == [(2, "not a trade: kind is 'DIVIDEND'")]


def test_constants_fill_what_the_table_does_not_say():
    fills = _read({}, constants={"currency": "USD", "multiplier": 100, "source": "desk"}).fills
    row = fills.to_pylist()[0]
    assert (row["currency"], row["multiplier"], row["source"]) == ("USD", 100.0, "desk")


def test_a_file_that_runs_backwards_keeps_the_order_inside_a_moment():
    newest_first = [{"price": "3", "time": "2024-02-01T10:00:00Z"}, {"price": "2"}, {"price": "1"}]
    result = _read(*newest_first, newest_first=True)
    assert result.fills["price"].to_pylist() == [1.0, 2.0, 3.0]
    assert result.out_of_order == 0


def test_equal_rows_are_legal_and_get_ids_of_their_own():
    result = _read({}, {}, {})
    assert len(set(result.fills["trade_id"].to_pylist())) == 3
    assert _read({}, {}, {}).fills.equals(result.fills)


def test_mending_a_refused_row_leaves_its_neighbours_ids():
    broken = _read({"fee": "x"}, {"fee": "1"}, columns={"commission": "fee"})
    mended = _read({"fee": "2"}, {"fee": "1"}, columns={"commission": "fee"})
    assert broken.fills["trade_id"][0] == mended.fills["trade_id"][1]


def test_missing_ids_are_derived_beside_given_ones():
    result = _read({"id": "x-1"}, {"id": ""}, columns={"trade_id": "id"})
    given_id, derived = result.fills["trade_id"].to_pylist()
    assert given_id == "x-1"
    assert len(derived) == 24


def test_a_csv_with_bom_and_semicolons_and_a_preamble_reads_like_a_plain_one(tmp_path):
    plain, german = tmp_path / "plain.csv", tmp_path / "german.csv"
    header = ",".join(ROW)
    plain.write_text(f"{header}\n" + ",".join(ROW.values()) + "\n")
    cells = ";".join(ROW.values()).replace("184.4", "184,4")
    german.write_bytes(
        (
            "\ufeffReport of 2024\r\n\r\n" + header.replace(",", ";") + "\r\n" + cells + "\r\n"
        ).encode()
    )
    layout = TableFormat(
        columns=COLUMNS,
        csv=CsvStyle(separator=";", skip_lines=2),
        numbers=NumberStyle(decimal=",", thousands="."),
    )
    expected = read_table(plain, TableFormat(columns=COLUMNS), account="A1", strategy="s")
    result = read_table(german, layout, account="A1", strategy="s")
    assert result.fills.equals(expected.fills)


def test_lines_are_counted_from_the_top_of_the_file(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text(
        "Report\n" + ",".join(ROW) + "\n\n" + ",".join(ROW.values()).replace("buy", "?")
    )
    layout = TableFormat(columns=COLUMNS, csv=CsvStyle(skip_lines=1))
    (refused,) = read_table(path, layout, account="A1", strategy="s").refused
    assert refused.line == 4


def _fills():
    fill = Fill(
        trade_id="t1",
        account_id="A1",
        strategy_id="s",
        execution_time=datetime(2024, 1, 31, 10, tzinfo=UTC),
        symbol="AAPL",
        side="buy",
        price=184.4,
        volume=10.0,
        commission=1.0,
        currency="USD",
        source="desk",
    )
    return to_table([fill], Fill)


def test_perfkits_own_parquet_reads_back_unchanged(tmp_path):
    pq.write_table(_fills(), tmp_path / "fills.parquet")
    assert read_table(tmp_path / "fills.parquet").fills.equals(_fills())


def test_a_frame_with_times_of_its_own_zone_reads_back_unchanged():
    frame = _fills().select([n for n in arrow_schema(Fill).names if n != "recorded_at"]).to_pandas()
    frame["execution_time"] = frame["execution_time"].dt.tz_convert("Asia/Tokyo")
    assert read_table(frame).fills.equals(_fills())


def test_typed_columns_need_no_words():
    table = pa.table(
        {
            "time": pa.array(["2024-01-31T10:00:00"]).cast(pa.timestamp("ns")),
            "symbol": pa.array(["AAPL"]).dictionary_encode(),
            "side": ["sell"],
            "price": pa.array([184], pa.int32()),
            "volume": pa.array([10.5], pa.float32()),
            "id": [123456789012345678],
        }
    )
    layout = TableFormat(
        columns={**COLUMNS, "trade_id": "id"}, times=TimeStyle(zone="Europe/Zurich")
    )
    row = read_table(table.to_pandas(), layout, account="A1", strategy="s").fills.to_pylist()[0]
    assert row["execution_time"] == datetime(2024, 1, 31, 9, tzinfo=UTC)
    assert (row["trade_id"], row["volume"], row["price"]) == ("123456789012345678", 10.5, 184.0)


def test_a_file_is_read_by_the_name_of_its_format_with_settings_as_text(tmp_path):
    assert {"ccxt", "ibkr", "fix", "pyfolio", "schwab", "table"} <= FORMATS.keys()
    file = tmp_path / "trades.csv"
    pd.DataFrame([ROW]).to_csv(file, index=False)
    with pytest.raises(UnknownNameError, match="format must be one of alpaca"):
        read_file(file, "tarot")
    with pytest.raises(InvalidArgumentError, match=r"missing \['zone'\], unknown \['zome'\]"):
        read_file(file, "tradovate", settings={"zome": "UTC"})
    with pytest.raises(InvalidArgumentError, match="contract_size must be a number or a table"):
        read_file(file, "metatrader", settings={"zone": "UTC", "contract_size": "many"})


CELLS = st.sampled_from(
    ["buy", "sell", "", "hold", "1.5", "-1", "0", "nan", "2024-01-31T10:00:00Z", "AAPL", "a,b"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys([*ROW, "id"], CELLS)), max_size=12))
def test_every_row_is_a_fill_or_skipped_or_refused(rows):
    frame = pd.DataFrame(rows, columns=[*ROW, "id"], dtype=str)
    layout = TableFormat(
        columns={**COLUMNS, "trade_id": "id"}, trade_rows={"side": ("buy", "hold", "")}
    )
    result = read_table(frame, layout, account="A1", strategy="s")
    assert result.read == len(rows)
    assert result.fills.num_rows + len(result.skipped) + len(result.refused) == len(rows)
    assert (
        len({r.line for r in (*result.skipped, *result.refused)})
        == len(rows) - result.fills.num_rows
    )
    assert result.fills.schema == arrow_schema(Fill)
