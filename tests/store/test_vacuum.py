"""Vacuum: what no version refers to goes when it is old enough, and never a row."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from deltalake import DeltaTable

from perfkit.errors import DamagedStoreError, InvalidArgumentError, StoreError
from perfkit.store import TradeStore, verify
from perfkit.store.compaction import compact
from perfkit.store.stale_files import RETENTION, vacuum

HOUR = timedelta(hours=1)


@pytest.fixture
def merged(tmp_path, trades):
    """Two files that were merged into a third, an hour of reading apart from nothing."""
    with TradeStore(tmp_path) as store:
        for start in (0, 10):
            recorded = datetime(2024, 6, 1 + start, tzinfo=UTC)
            store.append("trades", trades(10, start, recorded_at=recorded))
            store.flush()
    compact(tmp_path)
    return tmp_path


def files(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def live(root):
    return {os.path.relpath(path, root) for path in DeltaTable(root / "trades").file_uris()}


def aged(path, content=b"x", days=8):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))
    return path


def test_merged_files_stay_a_week_and_then_go(merged):
    before = files(merged)
    assert vacuum(merged).removed == ()
    assert vacuum(merged).kept == 2
    assert files(merged) - {"journal.sqlite.flush.lock"} <= before
    report = vacuum(merged, now=datetime.now(UTC) + RETENTION + HOUR)
    assert len(report.removed) == 2
    assert report.size > 0
    assert live(merged) <= files(merged)
    assert verify(merged).is_clean


def test_a_history_from_before_a_table_was_there_is_vacuumed(merged):
    shutil.rmtree(merged / "news")  # empty, as one that was never made
    assert vacuum(merged, now=datetime.now(UTC) + timedelta(days=8)).removed
    assert verify(merged).is_clean


def test_the_week_counts_from_the_merge_and_not_from_the_file_s_age(merged):
    long_ago = (datetime.now(UTC) - timedelta(days=400)).timestamp()
    for path in (merged / "trades").rglob("part-*.parquet"):
        os.utime(path, (long_ago, long_ago))
    assert vacuum(merged).removed == ()
    assert len(vacuum(merged, now=datetime.now(UTC) + RETENTION + HOUR).removed) == 2


def test_a_merge_is_remembered_when_the_log_is_summed_up(merged, trades, monkeypatch):
    monkeypatch.setattr("perfkit.store.delta_tables.INTERVAL", 2)
    monkeypatch.setattr("perfkit.store.checkpoints.MARGIN", 0)
    with TradeStore(merged) as store:
        for start in range(20, 24):
            store.append("trades", trades(1, start))
            store.flush()
    assert "trades/_delta_log/00000000000000000003.json" not in files(merged)  # the merge's
    assert vacuum(merged).kept == 2
    assert len(vacuum(merged, now=datetime.now(UTC) + RETENTION + HOUR).removed) == 2


def test_every_time_reads_the_same_before_and_after(merged):
    times = [datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 5, tzinfo=UTC)]
    store = TradeStore(merged)
    before = [store.read(), *(store.as_of(time).read() for time in times)]
    assert [rows.num_rows for rows in before] == [20, 0, 10]
    assert len(vacuum(merged, now=datetime.now(UTC) + RETENTION + HOUR).removed) == 2
    after = [store.read(), *(store.as_of(time).read() for time in times)]
    assert all(a.equals(b) for a, b in zip(after, before, strict=True))


def test_leftovers_of_writes_and_repairs_go_and_other_files_stay(merged):
    table = merged / "trades"
    old = {
        aged(table / "month=2024-01" / f"part-{'0' * 64}.parquet"),
        aged(table / "month=2024-01" / ".part-1.parquet.tmp"),
        aged(table / "_delta_log" / ".00000000000000000020.checkpoint.parquet.tmp"),
        aged(table / "_damaged" / "_delta_log_00000000000000000009.json"),
    }
    kept = {
        aged(table / "notes.txt"),
        aged(table / "month=2024-01" / "part-1.parquet", days=6),
    }
    report = vacuum(merged, dry_run=True)
    assert set(report.removed) == {str(path.relative_to(merged)) for path in old}
    assert all(path.exists() for path in old)
    assert vacuum(merged) == report
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in kept)
    assert TradeStore(merged).read().num_rows == 20


def test_nothing_is_removed_while_acknowledged_rows_are_missing(merged):
    """The file that a torn log forgot may be the only one that has them."""
    newest = max((merged / "trades" / "_delta_log").glob("*.json"))
    newest.unlink()
    newest = max((merged / "trades" / "_delta_log").glob("*.json"))
    newest.unlink()
    before = files(merged)
    with pytest.raises(DamagedStoreError, match="must hold the 20 rows"):
        vacuum(merged, now=datetime.now(UTC) + timedelta(days=30))
    assert files(merged) - {"journal.sqlite.flush.lock"} <= before


def test_rows_in_the_journal_are_not_missing(merged, trades):
    with TradeStore(merged) as store:
        store.append("trades", trades(5, 20))
        assert vacuum(merged).kept == 2
        store.release()


@pytest.mark.parametrize("retention", [timedelta(minutes=59), timedelta(days=8), -HOUR])
def test_a_retention_that_breaks_reads_or_is_forgotten_is_refused(merged, retention):
    with pytest.raises(InvalidArgumentError, match="one hour to seven days"):
        vacuum(merged, retention=retention)


def test_where_there_is_no_journal_nothing_is_removed(tmp_path):
    with pytest.raises(StoreError, match="its journal is not at"):
        vacuum(tmp_path / "nowhere")


def test_a_history_in_s3_is_vacuumed(s3, trades):
    with TradeStore("s3://desk/perf", storage_options=s3) as store:
        for start in (0, 10):
            store.append("trades", trades(10, start))
            store.flush()
    compact("s3://desk/perf", storage_options=s3)
    later = datetime.now(UTC) + RETENTION + HOUR
    report = vacuum("s3://desk/perf", now=later, storage_options=s3)
    assert len(report.removed) == 2
    assert TradeStore("s3://desk/perf", storage_options=s3).read().num_rows == 20
    assert vacuum("s3://desk/perf", now=later, storage_options=s3).removed == ()
