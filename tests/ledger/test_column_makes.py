"""Columns of every make: how a table lies in memory, what it numbers, what it leaves out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from perfkit.errors import SchemaError
from perfkit.ledger import Ledger, daily_equity, effective_fills, round_trips
from perfkit.records import Fill, Mark, SplitRecord, to_table

METHODS = ["average", "fifo", "lifo", "hifo"]
START = datetime(2024, 1, 1, 12, tzinfo=UTC)
ETHER = {"symbol": "ETH", "currency": "USD", "base_currency": "ETH"}
INVERSE = {"symbol": "XBTUSD", "currency": "USD", "base_currency": "XBT", "contract": "inverse"}
TERMS = [{"symbol": "SPY", "currency": "EUR"}, ETHER, INVERSE]


def known_history():
    rng = np.random.default_rng(7)
    rows = []
    for number in range(60):
        kind = number % 3
        owed = [{}, {"commission": 1.0}, {"commission": 0.01, "fee_currency": "BNB"}]
        if kind:
            owed.append({"commission": 0.01, "fee_currency": TERMS[kind]["base_currency"]})
        rows.append(
            Fill(
                trade_id=f"T{number}",
                account_id="ab"[rng.integers(2)],
                strategy_id="xy"[rng.integers(2)],
                execution_time=START + timedelta(hours=number),
                side=["buy", "sell"][rng.integers(2)],
                volume=float(rng.integers(1, 5)),
                price=float(rng.integers(1, 100)),
                stop_price=None if number % 2 else 1.0,
                **TERMS[kind],
                **owed[rng.integers(len(owed))],
            )
        )
    rates = {"BNB/USD": 300.0, "EUR/USD": 1.1, "XBT/USD": 40_000.0, "ETH": 30.0, "XBTUSD": 44.0}
    marks = [Mark(symbol=s, time=START - timedelta(days=1), price=p) for s, p in rates.items()]
    split = SplitRecord(
        split_id="S",
        account_id="a",
        symbol="SPY",
        ratio=2.0,
        execution_time=START + timedelta(days=1),
    )
    return to_table(rows, Fill), to_table(marks, Mark), to_table([split], SplitRecord)


def everything(fills, marks, splits):
    found = [
        Ledger(METHODS, splits=splits, rates=marks).apply(fills).to_pandas(),
        round_trips(fills, method="fifo", grouping="fill_to_fill", splits=splits, rates=marks),
        daily_equity(fills, marks, splits=splits, convert_to="USD"),
    ]
    return [frame.astype(dict.fromkeys(frame.select_dtypes("category"), object)) for frame in found]


def texts(table, change):
    """Change the columns of text."""
    columns = [change(c) if pa.types.is_string(c.type) else c for c in table.columns]
    return pa.table(columns, names=table.column_names)


def chunks(table):
    return pa.concat_tables([table.slice(0, 0), *(table.slice(n, 1) for n in range(len(table)))])


def a_slice(table):
    """The same rows, behind 13 others in the same buffers."""
    return pa.concat_tables([table.slice(0, 13), table]).combine_chunks().slice(min(13, len(table)))


def read_only(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return pa.ipc.open_stream(sink.getvalue()).read_all()


def encoded(table):
    return texts(table, lambda column: column.dictionary_encode())


def encoded_by_chunk(table):
    return pa.concat_tables([encoded(table.slice(n, 7)) for n in range(0, len(table), 7)])


@pytest.mark.parametrize(
    "make",
    [
        chunks,
        a_slice,
        read_only,
        encoded,
        encoded_by_chunk,
        lambda table: a_slice(encoded(table)),
        lambda table: texts(table, lambda c: c.cast(pa.dictionary(pa.int8(), pa.string()))),
        lambda table: texts(table, lambda c: c.cast(pa.large_string())),
    ],
    ids=["chunks", "slice", "read-only", "encoded", "by chunk", "encoded slice", "int8", "large"],
)
def test_how_a_table_lies_in_memory_changes_nothing(make):
    tables = known_history()
    for found, expected in zip(everything(*map(make, tables)), everything(*tables), strict=True):
        pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)


@pytest.mark.parametrize("numbers", [pa.int64(), pa.int32(), pa.uint64(), None])
def test_a_sequence_of_any_make_or_none_gives_the_same_books(numbers):
    fills, marks, splits = known_history()
    sequence = pa.nulls(len(fills)) if numbers is None else pa.array(range(len(fills)), numbers)
    answer = Ledger(splits=splits, rates=marks).apply(fills.append_column("sequence", sequence))
    assert answer.equals(Ledger(splits=splits, rates=marks).apply(fills))


def test_columns_without_a_chunk_hold_no_fill():
    tables = [
        pa.table([pa.chunked_array([], field.type) for field in table.schema], schema=table.schema)
        for table in known_history()
    ]
    assert [len(frame) for frame in everything(*tables)] == [0, 0, 0]
    assert effective_fills(tables[0]).num_rows == 0


@pytest.mark.parametrize("name", ["symbol", "side", "price", "volume", "commission", "contract"])
def test_a_fill_without_a_value_that_every_fill_has_is_refused(name):
    fills, _, _ = known_history()
    values = fills[name].to_pylist()
    values[5] = None
    place, kind = fills.column_names.index(name), fills.schema.field(name).type
    with pytest.raises(SchemaError, match=rf"must have a value in \['{name}'\]"):
        Ledger().apply(fills.set_column(place, name, pa.array(values, kind)))


def test_columns_of_which_nothing_is_known_may_have_no_type(fills):
    table = fills((0, "buy", 1, 1.0), (1, "sell", 1, 3.0))
    columns = [pa.nulls(2) if c.null_count == 2 else c for c in table.columns]
    untyped = pa.table(columns, names=table.column_names)
    assert Ledger().apply(untyped).equals(Ledger().apply(table))
    assert round_trips(untyped)["pnl"].tolist() == [2.0]


def test_a_currency_that_no_row_names_is_no_money(fills):
    dollars = {"currency": "USD"}
    table = encoded(fills((0, "buy", 1, 1.0, dollars), (1, "buy", 1, 1.0, {"currency": "EUR"})))
    table = table.filter(pc.equal(table["currency"], "USD"))
    assert daily_equity(table, to_table([], Mark))["pnl"].tolist() == [0.0]
