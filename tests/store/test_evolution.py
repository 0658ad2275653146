"""Evolution: a history that was recorded before a column existed goes on."""

from __future__ import annotations

import json
import typing
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, make_dataclass, replace
from datetime import UTC, datetime

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from perfkit.errors import StoreError
from perfkit.records import (
    Bar,
    CashRecord,
    MarketContext,
    SplitRecord,
    TradeRecord,
    arrow_schema,
    from_table,
    to_table,
)
from perfkit.store import TABLES, TradeStore, verify
from perfkit.store.compaction import compact

YOUNG = {
    "trades": ["base_currency", "contract", "reason", "stop_price", "reference_price"],
    "cash": ["symbol"],
    "bars": ["recorded_at"],
}
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
DEFAULTS = dict.fromkeys(YOUNG["trades"]) | {"contract": "linear"}


def without(record, *names, **kinds):
    """A record class as it was before some of its fields existed."""
    hints = typing.get_type_hints(record, include_extras=True) | kinds
    kept = [
        (f.name, hints[f.name], field() if f.default is MISSING else field(default=f.default))
        for f in fields(record)
        if f.name not in names
    ]
    return make_dataclass(record.__name__, kept, kw_only=True)


@dataclass(kw_only=True)
class OldContext:
    trend: str | None = None
    context_reason: str | None = None


@contextmanager
def the_past():
    """Tables without splits, and records without the fields of today."""
    today = dict(TABLES)
    for name, young in YOUNG.items():
        kinds = {"market_context": OldContext | None} if name == "trades" else {}
        TABLES[name] = replace(TABLES[name], record=without(TABLES[name].record, *young, **kinds))
    del TABLES["splits"]
    yield
    TABLES.clear()
    TABLES.update(today)


def cash(cash_id):
    return CashRecord(
        cash_id=cash_id,
        account_id="a",
        strategy_id="s",
        execution_time=NOON,
        kind="deposit",
        amount=1e6,
    )


def old_rows(trades, count, start=0):
    context = MarketContext(trend="up", context_reason="old")
    return trades(count, start, market_context=context).drop_columns(YOUNG["trades"])


@pytest.fixture(params=["journal", "table", "both"])
def old_history(request, tmp_path, trades):
    """Twenty trades, one deposit and one bar of the past."""
    with the_past():
        store = TradeStore(tmp_path).open()
        store.append("trades", old_rows(trades, 10))
        store.append("cash", to_table([cash("1")], CashRecord).drop_columns("symbol"))
        if request.param == "both":
            store.flush()
        bar = to_table([Bar(symbol="SPY", close_time=NOON, close=1.0)], Bar)
        store.append("bars", bar.drop_columns("recorded_at"))
        store.append("trades", old_rows(trades, 10, 10))
        if request.param == "table":
            store.flush()
        store.release()
    return tmp_path


def check_old(history):
    store = TradeStore(history)
    found = store.read("trades", where=pl.col("sequence") <= 22)
    assert found.schema.equals(arrow_schema(TradeRecord), check_metadata=True)
    assert found["trade_id"].to_pylist() == [f"T{n}" for n in range(20)]
    for name, value in DEFAULTS.items():
        assert set(found[name].to_pylist()) == {value}
    records = from_table(found, TradeRecord)  # which checks each of them
    assert {r.market_context for r in records} == {MarketContext(trend="up", context_reason="old")}
    assert from_table(store.read("cash"), CashRecord)[0] == cash("1")
    assert store.read("bars")["recorded_at"].to_pylist()[0] is None


def test_the_past_knows_nothing_of_the_columns_of_today(old_history):
    files = list((old_history / "trades").rglob("*.parquet"))
    leaves = {leaf.path for file in files for leaf in pq.ParquetFile(file).schema}
    assert leaves.isdisjoint({*YOUNG["trades"], "market_context.close"})
    assert not (old_history / "splits").exists()


def test_it_is_read_with_defaults_and_nulls_and_nothing_is_written(old_history):
    before = {p: p.read_bytes() for p in old_history.rglob("*.json")}
    check_old(old_history)
    assert TradeStore(old_history).read("splits").num_rows == 0
    assert {p: p.read_bytes() for p in old_history.rglob("*.json")} == before
    assert verify(old_history).is_clean


def test_a_filter_on_a_young_column_meets_the_default(old_history):
    store = TradeStore(old_history)
    linear, inverse = pl.col("contract") == "linear", pl.col("contract") == "inverse"
    assert store.read(where=linear, columns=["trade_id"]).num_rows == 20
    assert store.read(where=inverse).num_rows == 0
    assert store.read(where=pl.col("reason").is_null(), columns=["reason"]).num_rows == 20


def new_trades(trades):
    young = {"base_currency": "BTC", "contract": "inverse", "reason": "roi", "stop_price": 9.0}
    return trades(5, 100, **young)


@pytest.mark.parametrize("is_flushed", [False, True])
def test_it_is_opened_and_goes_on_with_the_columns_of_today(old_history, trades, is_flushed):
    split = SplitRecord(split_id="1", account_id="a", symbol="SPY", ratio=2.0, execution_time=NOON)
    with TradeStore(old_history) as store:
        store.append("trades", new_trades(trades))
        store.append("splits", to_table([split], SplitRecord))
        store.append("cash", to_table([replace(cash("2"), symbol="SPY")], CashRecord))
        if is_flushed:
            store.flush()
        check_old(old_history)
        young = store.read(where=pl.col("contract") == "inverse")
        assert young["trade_id"].to_pylist() == [f"T{n}" for n in range(100, 105)]
        assert set(young["stop_price"].to_pylist()) == {9.0}
    check_old(old_history)
    assert from_table(TradeStore(old_history).read("splits"), SplitRecord) == [split]
    assert TradeStore(old_history).read("cash")["symbol"].to_pylist() == [None, "SPY"]
    report = verify(old_history)
    assert report.is_clean
    rows = {"trades": 25, "cash": 2, "splits": 1, "bars": 1, "news": 0, "labels": 0, "pnl": 0}
    assert report.table_rows == rows


def test_old_and_young_rows_are_merged_and_read_as_before(old_history, trades):
    with TradeStore(old_history) as store:
        store.append("trades", new_trades(trades))
    before = TradeStore(old_history).read()
    months = before["execution_time"].to_pandas().dt.strftime("%Y-%m").nunique()
    assert compact(old_history).files["trades"][1] == months
    check_old(old_history)
    assert TradeStore(old_history).read().equals(before)
    assert verify(old_history).is_clean


def test_other_readers_of_the_table_see_the_columns_too(old_history, trades):
    with TradeStore(old_history) as store:
        store.append("trades", new_trades(trades))
    table = DeltaTable(old_history / "trades")
    schema = {f["name"]: f for f in json.loads(table.schema().to_json())["fields"]}
    assert schema["stop_price"]["metadata"] == {"unit": "quote currency"}
    assert schema["contract"]["nullable"]  # the rows before have none
    assert {part["name"] for part in schema["market_context"]["type"]["fields"]} == set(
        arrow_schema(MarketContext).names
    )


def test_the_columns_are_added_once(old_history):
    TradeStore(old_history).open().close()
    log = old_history / "trades" / "_delta_log"
    commits = len(list(log.glob("*.json")))
    TradeStore(old_history).open().close()
    assert len(list(log.glob("*.json"))) == commits
    check_old(old_history)


def test_a_history_of_a_newer_version_is_left_alone(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(1))
    with the_past():
        for use in (TradeStore(tmp_path).open, TradeStore(tmp_path).read):
            with pytest.raises(StoreError, match=r"has base_currency.* too; a newer perfkit wrote"):
                use()
