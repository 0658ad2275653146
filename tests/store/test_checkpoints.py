"""Checkpoints: the log stays short, and half a checkpoint is never in it."""

from __future__ import annotations

import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from perfkit.store import TradeStore, verify
from perfkit.store.checkpoints import INTERVAL, MARGIN
from perfkit.store.location import LocalLocation

HINT = "_last_checkpoint"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "trades" / "_delta_log"


@pytest.fixture
def often(monkeypatch):
    """A checkpoint every third commit, and no margin behind the sixth last."""
    monkeypatch.setattr("perfkit.store.delta_tables.INTERVAL", 3)
    monkeypatch.setattr("perfkit.store.checkpoints.MARGIN", 6)


def commit(root, trades, count, start=0):
    with TradeStore(root) as store:
        for n in range(start, start + count):
            store.append("trades", trades(1, n))
            store.flush()


def versions(log, kind):
    return sorted(int(path.name[:20]) for path in log.glob(f"*.{kind}"))


def test_every_twentieth_commit_is_summed_up(tmp_path, log, trades):
    commit(tmp_path, trades, 2 * INTERVAL + 1)
    assert versions(log, "checkpoint.parquet") == [INTERVAL, 2 * INTERVAL]
    assert json.loads((log / HINT).read_text())["version"] == 2 * INTERVAL


def test_a_checkpoint_alone_says_what_the_commits_said(tmp_path, log, trades, often):
    commit(tmp_path, trades, 3)
    before = DeltaTable(tmp_path / "trades")
    files, schema = before.file_uris(), before.schema().to_json()
    with TradeStore(tmp_path) as store:
        writer = store._opened().journal.id
    done = before.transaction_version(writer)
    for path in log.glob("*.json"):
        path.unlink()
    after = DeltaTable(tmp_path / "trades")
    assert sorted(after.file_uris()) == sorted(files)
    assert (after.schema().to_json(), after.transaction_version(writer)) == (schema, done)
    assert done == 3
    assert TradeStore(tmp_path).read().num_rows == 3


def test_a_checkpoint_is_synced_before_its_name_is_in_the_log(
    tmp_path, log, trades, often, monkeypatch
):
    """Whatever the log lists was put whole: written beside, fsynced, renamed."""
    whole = set()
    put = LocalLocation.put

    def spy(self, path, data):
        put(self, path, data)
        whole.add((self.root / path).name)

    monkeypatch.setattr(LocalLocation, "put", spy)
    commit(tmp_path, trades, 3)
    summed_up = {path.name for path in log.iterdir() if path.suffix != ".json"}
    assert summed_up == {f"{3:020}.checkpoint.parquet", HINT}
    assert summed_up <= whole


CHILD = """
import os, signal, sys
from pathlib import Path
import perfkit.store.delta_tables
from perfkit.records import Bar, to_table
from datetime import UTC, datetime, timedelta
from perfkit.store import TradeStore
from perfkit.store.location import LocalLocation
root, name, place = sys.argv[1:]
perfkit.store.delta_tables.INTERVAL = 3
put = LocalLocation.put
def die(self, path, data):
    if path.endswith(name) and place == "half":
        (self.root / path).with_name(f".{Path(path).name}.tmp").write_bytes(data[:9])
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, path, data)
    if path.endswith(name):
        os.kill(os.getpid(), signal.SIGKILL)
LocalLocation.put = die
store = TradeStore(root).open()
for n in range(5):
    close_time = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n)
    store.append("bars", to_table([Bar(symbol="SPY", close_time=close_time, close=1.0)], Bar))
    store.flush()
"""


@pytest.mark.parametrize(
    ("name", "place"), [("checkpoint.parquet", "half"), (HINT, "half"), (HINT, "after")]
)
def test_a_kill_around_a_checkpoint_harms_nothing(tmp_path, name, place):
    command = [sys.executable, "-c", CHILD, str(tmp_path), name, place]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (run.stderr, run.returncode) == ("", -9)
    assert TradeStore(tmp_path).read("bars").num_rows == 3
    for checkpoint in (tmp_path / "bars" / "_delta_log").glob("0*.checkpoint.parquet"):
        pq.read_table(checkpoint)
    with TradeStore(tmp_path) as store:
        assert store.flush() == 1  # the row is in the table, and the journal had not forgotten it
        assert store.read("bars").num_rows == 3
    report = verify(tmp_path)
    assert (report.is_clean, report.table_rows["bars"]) == (True, 3)


def test_old_commits_go_when_a_checkpoint_has_long_covered_them(tmp_path, log, trades, often):
    commit(tmp_path, trades, 14)
    covered = 6  # at version 12 the newest checkpoint that is six behind
    assert versions(log, "json") == list(range(covered, 15))
    assert versions(log, "checkpoint.parquet") == [6, 9, 12]
    for version in (6, 7, 14):  # each that is left can be opened
        assert len(DeltaTable(tmp_path / "trades", version=version).file_uris()) == version
    assert TradeStore(tmp_path).read().num_rows == 14


def test_a_newest_checkpoint_that_is_lost_is_no_loss(tmp_path, log, trades, often):
    commit(tmp_path, trades, 13)
    (log / f"{12:020}.checkpoint.parquet").unlink()
    (log / HINT).unlink()
    assert TradeStore(tmp_path).read().num_rows == 13
    commit(tmp_path, trades, 3, start=13)
    assert versions(log, "checkpoint.parquet") == [9, 15]
    assert TradeStore(tmp_path).read().num_rows == 16


def test_the_margin_keeps_ten_checkpoints():
    assert MARGIN // INTERVAL == 10


def test_checkpoints_are_made_in_s3_too(s3, trades, often, monkeypatch):
    monkeypatch.setattr("perfkit.store.checkpoints.MARGIN", 2)
    with TradeStore("s3://desk/perf", storage_options=s3) as store:
        for n in range(7):
            store.append("trades", trades(1, n))
            store.flush()
    table = DeltaTable("s3://desk/perf/trades", storage_options=s3)
    assert len(table.file_uris()) == 7
    reader = TradeStore("s3://desk/perf", storage_options=s3)
    assert reader.read()["sequence"].to_pylist() == list(range(1, 8))
    with pytest.raises(DeltaError):
        DeltaTable("s3://desk/perf/trades", version=1, storage_options=s3)
