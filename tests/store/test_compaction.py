"""Compaction: fewer files, the same rows, whatever happens meanwhile."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.records import Bar, to_table
from perfkit.store import TABLES, TradeStore, verify
from perfkit.store.compaction import compact
from perfkit.store.journal import Journal
from perfkit.store.merging import DUE, ROWS, SmallFile, batches, due_batches


def record(root, trades, *starts, count=10, **fields):
    """One flush, and so one file a month, for each start."""
    with TradeStore(root) as store:
        for start in starts:
            store.append("trades", trades(count, start, **fields))
            store.flush()


def data_files(root, table="trades"):
    return sorted(path.relative_to(root) for path in (root / table).rglob("part-*.parquet"))


def live(root, table="trades"):
    return DeltaTable(root / table).file_uris()


def test_a_month_becomes_one_file_with_the_same_rows_in_the_layout_s_order(tmp_path, trades):
    for n, account in enumerate(["acc_2", "acc_1", "acc_3"]):
        record(tmp_path, trades, 10 * n, account_id=account, labels=("a", "b"), stop_price=99.0)
    before = TradeStore(tmp_path).read()
    report = compact(tmp_path)
    assert (report.files["trades"], report.rows) == ((3, 1), 30)
    assert TradeStore(tmp_path).read().equals(before)
    rows = pq.ParquetFile(live(tmp_path)[0]).read()
    assert rows["account_id"].to_pylist() == ["acc_1"] * 10 + ["acc_2"] * 10 + ["acc_3"] * 10
    report = verify(tmp_path)
    assert (report.is_clean, report.table_rows["trades"]) == (True, 30)


def test_each_month_stays_a_partition_of_its_own(tmp_path, trades):
    # 124 trades at six hours fill January 2024, 116 its February
    record(tmp_path, trades, 0, 124, 50, 180, count=20)
    assert compact(tmp_path).files["trades"] == (4, 2)
    files = {path.parent.name: path for path in map(type(tmp_path), live(tmp_path))}
    assert {name: pq.ParquetFile(path).metadata.num_rows for name, path in files.items()} == {
        "month=2024-01": 40,
        "month=2024-02": 40,
    }


def test_compacting_again_changes_nothing(tmp_path, trades):
    record(tmp_path, trades, 0, 10)
    compact(tmp_path)
    version = DeltaTable(tmp_path / "trades").version()
    assert compact(tmp_path).rows == 0
    assert DeltaTable(tmp_path / "trades").version() == version


def test_tables_without_partition_and_with_a_key_are_compacted_too(tmp_path):
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    with TradeStore(tmp_path) as store:
        for close in (1.0, 2.0, 3.0):  # the same bar three times: the last one counts
            bars = [Bar(symbol="SPY", close_time=begin + timedelta(days=1), close=close)]
            store.append("bars", to_table(bars, Bar))
            store.flush()
    assert compact(tmp_path).files["bars"] == (3, 1)
    assert TradeStore(tmp_path).read("bars")["close"].to_pylist() == [3.0]
    assert pq.ParquetFile(live(tmp_path, "bars")[0]).metadata.num_rows == 3


def test_files_that_were_listed_before_are_still_there(tmp_path, trades):
    record(tmp_path, trades, 0, 10)
    listed = live(tmp_path)
    compact(tmp_path)
    assert sorted(listed) != sorted(live(tmp_path))
    assert sum(pq.ParquetFile(path).metadata.num_rows for path in listed) == 20


def test_a_damaged_file_is_never_merged(tmp_path, trades):
    record(tmp_path, trades, 0, 10)
    victim = tmp_path / data_files(tmp_path)[0]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    files = live(tmp_path)
    with pytest.raises(DamagedStoreError, match="has other bytes than were written"):
        compact(tmp_path)
    assert sorted(live(tmp_path)) == sorted(files)


def test_rows_that_the_journal_still_has_stay_where_their_flush_looks_for_them(
    tmp_path, trades, monkeypatch
):
    record(tmp_path, trades, 0, 10)
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(10, 20))
        with monkeypatch.context() as patch:  # cut short behind the commit
            patch.setattr(Journal, "forget", lambda *_: (_ for _ in ()).throw(StoreError("cut")))
            with pytest.raises(StoreError, match="cut"):
                store.flush()
        store.release()
    assert compact(tmp_path).files["trades"] == (3, 2)
    with TradeStore(tmp_path) as store:
        assert store.flush() == 10
    assert TradeStore(tmp_path).read()["sequence"].to_pylist() == list(range(1, 31))
    assert compact(tmp_path).files["trades"] == (2, 1)


def test_a_recorder_goes_on_while_its_history_is_compacted(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        for start in (0, 10):
            store.append("trades", trades(10, start))
            store.flush()
        store.append("trades", trades(10, 20))
        assert compact(tmp_path).files["trades"] == (2, 1)
        assert store.read().num_rows == 30
        store.append("trades", trades(10, 30))
        assert store.flush() == 20
    assert TradeStore(tmp_path).read()["sequence"].to_pylist() == list(range(1, 41))


def test_many_small_files_are_merged_by_the_way(tmp_path, trades, monkeypatch):
    monkeypatch.setattr("perfkit.store.merging.DUE", 4)
    monkeypatch.setattr("perfkit.store.merging.FEW", 3)
    monkeypatch.setattr("perfkit.store.delta_tables.INTERVAL", 5)
    record(tmp_path, trades, *range(0, 110, 10))
    # the tenth commit finds nine files whose rows have left the journal, and more than four are due
    assert sorted(pq.ParquetFile(path).metadata.num_rows for path in live(tmp_path)) == [10, 10, 90]
    assert TradeStore(tmp_path).read()["sequence"].to_pylist() == list(range(1, 111))
    assert verify(tmp_path).is_clean


def test_a_late_row_in_an_old_month_makes_a_small_file_there(tmp_path, trades):
    record(tmp_path, trades, 0, 10, 124, 134)
    compact(tmp_path)
    record(tmp_path, trades, 60, count=1)
    folders = sorted(type(tmp_path)(path).parent.name for path in live(tmp_path))
    assert folders == ["month=2024-01", "month=2024-01", "month=2024-02"]


CHILD = """
import os, signal, sys
from deltalake import DeltaTable
from perfkit.store import compaction
from perfkit.store.location import LocalLocation
root, owner, name = sys.argv[1:]
owner = {"location": LocalLocation, "delta": DeltaTable}[owner]
step = getattr(owner, name)
def die(*arguments, **options):
    step(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, die)
compaction.compact(root)
"""


@pytest.mark.parametrize(
    ("owner", "name", "files"),
    [
        ("location", "put", 3),  # the merged file lies there, and no one knows of it
        ("delta", "create_write_transaction", 1),  # the commit is there, unsynced
    ],
)
def test_a_kill_leaves_every_row_exactly_once(tmp_path, trades, owner, name, files):
    record(tmp_path, trades, 0, 10, 20)
    command = [sys.executable, "-c", CHILD, str(tmp_path), owner, name]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (run.stderr, run.returncode) == ("", -9)
    assert len(live(tmp_path)) == files
    assert TradeStore(tmp_path).read()["sequence"].to_pylist() == list(range(1, 31))
    compact(tmp_path)
    assert len(live(tmp_path)) == 1
    assert TradeStore(tmp_path).read()["sequence"].to_pylist() == list(range(1, 31))
    assert verify(tmp_path).is_clean


def test_months_that_end_are_merged_with_the_next_one():
    """48 files are left of each of three months: together they are more than may collect."""
    left = [
        SmallFile(path=f"{month}-{n}", size=1, rows=300, partition={"month": month})
        for month in ("2024-01", "2024-02", "2024-03")
        for n in range(48)
    ]
    assert [len(batch) for batch in due_batches(left)] == [48, 48, 48]
    assert list(due_batches(left[:96])) == []


def test_without_its_journal_a_history_is_not_compacted(tmp_path, trades):
    record(tmp_path, trades, 0, 10)
    (tmp_path / "journal.sqlite").rename(tmp_path / "elsewhere.sqlite")
    with pytest.raises(StoreError, match="its journal is not at"):
        compact(tmp_path)
    assert compact(tmp_path, journal=tmp_path / "elsewhere.sqlite").rows == 20


def test_a_history_in_s3_is_compacted(s3, trades):
    with TradeStore("s3://desk/perf", storage_options=s3) as store:
        for start in (0, 10):
            store.append("trades", trades(10, start))
            store.flush()
    report = compact("s3://desk/perf", storage_options=s3)
    assert report.files["trades"] == (2, 1)
    reader = TradeStore("s3://desk/perf", storage_options=s3)
    assert reader.read()["sequence"].to_pylist() == list(range(1, 21))


@pytest.mark.parametrize("name", TABLES)
def test_delta_itself_refuses_to_change_a_row_of_any_table(tmp_path, name):
    TradeStore(tmp_path).open().release()
    table = DeltaTable(tmp_path / name)
    assert table.metadata().configuration["delta.appendOnly"] == "true"
    rows = TABLES[name].stored_schema.empty_table()
    for change in (
        table.delete,
        lambda: table.update(updates={"sequence": "0"}),
        lambda: write_deltalake(table, rows, mode="overwrite"),
    ):
        with pytest.raises(DeltaError, match=r"append-only|appendOnly"):
            change()
    assert DeltaTable(tmp_path / name).version() == 0


@given(
    sizes=st.lists(st.integers(1, ROWS // 2 - 1), max_size=400),
    months=st.integers(1, 3),
    plan=st.sampled_from([batches, due_batches]),
)
@settings(deadline=None, max_examples=50)
def test_a_batch_is_two_files_or_more_of_one_month_and_fits_into_memory(sizes, months, plan):
    files = sorted(
        (
            SmallFile(path=str(n), size=1, rows=rows, partition={"month": str(n % months)})
            for n, rows in enumerate(sizes)
        ),
        key=lambda file: (file.partition["month"], file.rows),
    )
    planned = list(plan(files))
    taken = [file.path for batch in planned for file in batch]
    assert len(taken) == len(set(taken))
    for batch in planned:
        assert len(batch) > 1
        assert sum(file.rows for file in batch) <= ROWS
        assert len({file.partition["month"] for file in batch}) == 1


def test_a_row_is_written_a_logarithm_of_times():
    """10,000 commits of 300 rows fill 100 merges; a row's file doubles log2(100) + 1 = 8 times."""
    files: list[SmallFile] = []
    written = most = 0
    for n in range(10_000):
        files.append(SmallFile(path=str(n), size=1, rows=300, partition={}))
        if len(files) > DUE:
            files.sort(key=lambda file: file.rows)
            for batch in list(due_batches([f for f in files if f.rows < ROWS // 2])):
                rows = sum(file.rows for file in batch)
                files = [file for file in files if file not in batch]
                files.append(SmallFile(path=f"m{n}", size=1, rows=rows, partition={}))
                written += rows
        most = max(most, len(files))
    assert written <= 8 * 10_000 * 300
    assert most <= 2 * DUE
