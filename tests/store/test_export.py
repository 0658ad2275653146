"""Export: every acknowledged row, in plain files that say what must be in them."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perfkit.errors import InvalidArgumentError, StoreError
from perfkit.records import CashRecord, to_table
from perfkit.store import TradeStore
from perfkit.store.export_format import export_writer
from perfkit.store.full_export import export


@pytest.fixture
def uri(tmp_path, trades):
    """250 trades of three months: 200 in the table, 50 in the journal; one row of cash."""
    with TradeStore(tmp_path / "history") as store:
        store.append("trades", trades(200, labels=("a", "b")))
        store.flush()
        store.append("trades", trades(50, 200, source="=1+2", reason="-x", order_id=None))
        cash = CashRecord(
            cash_id="c1",
            account_id="acc_1",
            strategy_id="trend",
            execution_time=datetime(2024, 1, 1, tzinfo=UTC),
            kind="withdrawal",
            amount=-5.0,
            currency="USD",
        )
        store.append("cash", to_table([cash], CashRecord))
        store.release()
    return tmp_path / "history"


@pytest.fixture
def in_months(monkeypatch):
    monkeypatch.setattr("perfkit.store.full_export.PIECE", 1)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_journal_and_table_are_exported_together_and_without_loss(uri, tmp_path, form, in_months):
    report = export(uri, tmp_path / "out", form=form)
    path = tmp_path / "out" / f"trades.{form}"
    rows = pq.read_table(path) if form == "parquet" else pa.ipc.open_file(path).read_all()
    names = TradeStore(uri).read().column_names
    assert rows.select(names).equals(TradeStore(uri).read().cast(rows.select(names).schema))
    assert rows["sequence"].to_pylist() == list(range(1, 251))
    assert (report.sequence, report.tables["trades"].rows, report.tables["cash"].rows) == (
        251,
        250,
        1,
    )


def test_the_manifest_says_what_must_be_in_the_folder(uri, tmp_path):
    export(uri, tmp_path / "out", form="csv")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["sequence"], manifest["format"]) == (251, "csv")
    assert set(manifest["tables"]) == {"trades", "cash", "splits", "bars", "news", "labels", "pnl"}
    for entry in manifest["tables"].values():
        data = (tmp_path / "out" / entry["file"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry["sha256"], entry["size"])
    assert [entry["rows"] for entry in manifest["tables"].values()].count(0) == 5


def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe_and_a_number_stays(uri, tmp_path):
    export(uri, tmp_path / "out", form="csv")
    last = rows_of(tmp_path / "out" / "trades.csv")[-1]
    assert (last["source"], last["reason"], last["order_id"]) == ("'=1+2", "'-x", "")
    assert float(rows_of(tmp_path / "out" / "cash.csv")[0]["amount"]) == -5.0


def test_each_way_to_begin_a_formula_is_seen(tmp_path):
    """What records refuse today, a tab or a line end in front, may lie in an older history."""
    texts = ["=a", "+a", "-a", "@a", "\ta", "\ra", "a=", "", None]
    rows = pa.table({"text": pa.array(texts), "number": pa.array([-1.0] * len(texts))})
    with export_writer(tmp_path / "rows.csv", "csv", rows.schema) as write:
        write(rows)
    cells = rows_of(tmp_path / "rows.csv")
    guarded = ["'=a", "'+a", "'-a", "'@a", "'\ta", "'\ra", "a=", "", ""]
    assert [cell["text"] for cell in cells] == guarded
    assert {cell["number"] for cell in cells} == {"-1"}


def test_nested_columns_become_flat_in_csv(uri, tmp_path):
    export(uri, tmp_path / "out", form="csv")
    first = rows_of(tmp_path / "out" / "trades.csv")[0]
    assert json.loads(first["labels"]) == ["a", "b"]
    assert first["market_context.close"] == ""


def test_what_is_acknowledged_while_it_runs_is_left_for_the_next(
    uri, tmp_path, trades, in_months, monkeypatch
):
    read = TradeStore.read

    def read_late(self, name, **options):
        with TradeStore(uri) as store:  # flushes, too: rows move while they are read
            store.append("trades", trades(1, 1000 + store.read("trades").num_rows))
        return read(self, name, **options)

    def read_alone(self, name="trades", **options):
        monkeypatch.setattr(TradeStore, "read", read)
        rows = read_late(self, name, **options)
        monkeypatch.setattr(TradeStore, "read", read_alone)
        return rows

    monkeypatch.setattr(TradeStore, "read", read_alone)
    report = export(uri, tmp_path / "out")
    monkeypatch.undo()
    assert (report.sequence, report.tables["trades"].rows) == (251, 250)
    assert TradeStore(uri).read().num_rows > 250


def test_an_export_is_replaced_only_when_told_to(uri, tmp_path):
    out = tmp_path / "out"
    export(uri, out)
    with pytest.raises(InvalidArgumentError, match="holds an earlier export"):
        export(uri, out, form="csv")
    assert (out / "trades.parquet").exists()
    export(uri, out, form="csv", force=True)
    assert not (out / "trades.parquet").exists()
    assert (out / "trades.csv").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history", "out"]


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_with_anything_else_is_never_replaced(uri, tmp_path, force):
    for folder in (uri, tmp_path):
        with pytest.raises(InvalidArgumentError, match="holds something else"):
            export(uri, folder, force=force)
    assert TradeStore(uri).read().num_rows == 250


def test_a_failed_export_leaves_no_folder(uri, tmp_path, monkeypatch):
    def torn(self, *arguments, **options):
        raise StoreError("the place is gone")

    monkeypatch.setattr(TradeStore, "read", torn)
    with pytest.raises(StoreError, match="the place is gone"):
        export(uri, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["history"]


def test_an_unknown_format_and_an_absent_history_are_refused(uri, tmp_path):
    with pytest.raises(InvalidArgumentError, match="one of parquet, csv, arrow, was 'xlsx'"):
        export(uri, tmp_path / "out", form="xlsx")
    with pytest.raises(StoreError, match="there is no history at"):
        export(tmp_path / "nowhere", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["history"]
