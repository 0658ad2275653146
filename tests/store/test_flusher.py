"""The flusher: killed anywhere, it goes on; nothing is lost, nothing is twice."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store import TradeStore, verify
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.flush_lock import flush_lock
from perfkit.store.flusher import flush
from perfkit.store.journal import Journal
from perfkit.store.location import LocalLocation

CHILD = textwrap.dedent(
    """
    import os, signal, sys
    from datetime import datetime, timedelta, UTC
    from perfkit.records import Bar, Fill, TradeRecord, to_table
    from perfkit.store import TradeStore
    from perfkit.store.delta_tables import DeltaTables
    from perfkit.store.journal import Journal
    from perfkit.store.location import LocalLocation

    root, owner, name, place, calls = sys.argv[1:]
    owner = {"tables": DeltaTables, "journal": Journal, "location": LocalLocation}[owner]
    wanted = int(calls)

    def trades(count, start):
        begin = datetime(2024, 1, 1, tzinfo=UTC)
        return to_table([TradeRecord(
            trade_id=f"T{n}", account_id="a", strategy_id="s", symbol="SPY", side="buy", price=1.0,
            volume=1.0, execution_time=begin + timedelta(days=n))
            for n in range(start, start + count)
        ], TradeRecord)

    def die(*arguments):
        global wanted
        wanted -= 1
        if wanted == 0 and place == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = step(*arguments)
        if wanted == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    store = TradeStore(root).open()
    store.append("trades", trades(20, 0))
    store.flush()
    store.append("trades", trades(20, 20))
    store.append("bars", to_table(
        [Bar(symbol="SPY", close_time=datetime(2024, 1, 1, tzinfo=UTC), close=1.0)], Bar))
    store.append("trades", trades(20, 40))
    step = getattr(owner, name)
    setattr(owner, name, die)
    store.flush()
    print("the step was not reached")
    """
)
IDS = sorted(f"T{n}" for n in range(60))


@pytest.mark.parametrize(
    ("owner", "name", "place", "calls"),
    [
        ("location", "put", "before", 1),
        ("location", "put", "after", 1),
        ("location", "put", "after", 2),
        ("tables", "commit", "before", 1),
        ("tables", "commit", "after", 1),
        ("location", "sync_log", "before", 1),
        ("tables", "commit", "before", 2),
        ("tables", "commit", "after", 2),
        ("location", "get", "after", 3),  # two files before the commit, and the commit
        ("journal", "forget", "before", 1),
        ("journal", "forget", "after", 1),
    ],
)
def test_a_kill_between_any_two_steps_loses_and_repeats_nothing(
    tmp_path, owner, name, place, calls
):
    command = [sys.executable, "-c", CHILD, str(tmp_path), owner, name, place, str(calls)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (run.stdout, run.stderr, run.returncode) == ("", "", -9)
    reader = TradeStore(tmp_path)
    assert sorted(reader.read()["trade_id"].to_pylist()) == IDS
    assert verify(tmp_path).is_clean
    with TradeStore(tmp_path) as store:
        assert store.append("trades", reader.read().slice(0, 0)).accepted == 0
    assert sorted(reader.read()["trade_id"].to_pylist()) == IDS
    assert reader.read("bars").num_rows == 1
    report = verify(tmp_path)
    assert report.is_clean
    assert (report.table_rows["trades"], report.table_rows["bars"]) == (60, 1)
    assert set(report.journal_rows.values()) == {0}


def test_rows_that_come_after_a_kill_are_moved_with_those_before(tmp_path, trades):
    command = [sys.executable, "-c", CHILD, str(tmp_path), "tables", "commit", "after", "1"]
    subprocess.run(command, check=False)
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(5, 500))
        assert store.flush() == 46
        assert store.read().num_rows == 65
    assert verify(tmp_path).table_rows["trades"] == 65


def test_after_any_number_of_kills_behind_a_commit_the_flush_goes_on(tmp_path, trades):
    """Each time the rows are in the table, and the journal has not forgotten them."""
    script = (
        "import os, signal, sys; from perfkit.store import TradeStore\n"
        "from perfkit.store.journal import Journal\n"
        "Journal.forget = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "TradeStore(sys.argv[1]).open().flush()"
    )
    for kill in range(4):
        store = TradeStore(tmp_path).open()
        store.append("trades", trades(5, 5 * kill))
        store.release()
        run = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
        assert run.returncode == -9
    with TradeStore(tmp_path) as store:
        assert store.flush() == 20
        assert store.read()["sequence"].to_pylist() == list(range(1, 21))
    assert verify(tmp_path).is_clean


def test_a_commit_that_a_power_loss_emptied_is_made_again(tmp_path):
    """Nothing was synced yet, so file and commit have their names and no content."""
    command = [sys.executable, "-c", CHILD, str(tmp_path), "location", "sync_log", "before", "1"]
    subprocess.run(command, check=False)
    log = max((tmp_path / "trades" / "_delta_log").glob("*.json"))
    for action in map(json.loads, log.read_text().splitlines()):
        if "add" in action:
            (tmp_path / "trades" / action["add"]["path"]).write_bytes(b"")
    log.write_bytes(b"")
    reader = TradeStore(tmp_path)
    assert sorted(reader.read()["trade_id"].to_pylist()) == IDS
    TradeStore(tmp_path).open().close()
    assert sorted(reader.read()["trade_id"].to_pylist()) == IDS
    assert verify(tmp_path).is_clean


def test_a_long_session_is_flushed_in_bounded_commits(tmp_path, trades, monkeypatch):
    monkeypatch.setattr("perfkit.store.flusher.COMMIT_ROWS", 25)
    with TradeStore(tmp_path) as store:
        for start in range(0, 100, 10):
            store.append("trades", trades(10, start))
        assert store.flush() == 100
        assert store.read().num_rows == 100
    # two groups of ten a commit, and the commit that made the table
    assert len(list((tmp_path / "trades" / "_delta_log").glob("*.json"))) == 6


def test_a_file_that_reads_back_otherwise_is_not_committed_and_stops_nothing(
    tmp_path, trades, monkeypatch
):
    put = LocalLocation.put
    store = TradeStore(tmp_path).open()
    store.append("trades", trades(3))
    with monkeypatch.context() as patch:
        patch.setattr(LocalLocation, "put", lambda self, path, data: put(self, path, data[:-1]))
        with pytest.raises(DamagedStoreError, match="the journal still has its rows"):
            store.flush()
    assert store.append("trades", trades(1, 3)).accepted == 1
    assert store.read().num_rows == 4
    store.close()
    assert verify(tmp_path).is_clean
    assert verify(tmp_path).table_rows["trades"] == 4


@pytest.mark.parametrize("step", ["put", "sync_log", "get"])
def test_tables_that_refuse_stop_nothing_and_get_the_rows_later(
    tmp_path, trades, monkeypatch, step
):
    def refuse(self, *arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    store = TradeStore(tmp_path).open()
    store.append("trades", trades(3))
    with monkeypatch.context() as patch:
        patch.setattr(LocalLocation, step, refuse)
        for count in (4, 5):
            with pytest.raises(StoreError, match="No space left on device; its trades are safe"):
                store.flush()
            store.append("trades", trades(1, count - 1))
            assert store.read().num_rows == count
    assert store.flush() == 5
    assert store.read()["sequence"].to_pylist() == [1, 2, 3, 4, 5]
    store.close()
    assert verify(tmp_path).is_clean


def test_a_commit_whose_file_is_damaged_before_the_journal_forgot_it_is_noticed(tmp_path, trades):
    store = TradeStore(tmp_path).open()
    store.append("trades", trades(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "forget", lambda *_: None)
        store.flush()
    (file,) = (tmp_path / "trades").rglob("*.parquet")
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    with pytest.raises(DamagedStoreError, match="reads back otherwise than it was written"):
        store.flush()
    assert store._writer.journal.backlog().rows == 2
    file.write_bytes(content)
    assert store.flush() == 2
    store.close()


def test_the_reads_of_a_flush_do_not_grow_with_the_commits(tmp_path, trades, monkeypatch):
    """By a flush: its own file and its own commit, however many there were before."""
    read = []
    get = LocalLocation.get
    with TradeStore(tmp_path) as store:
        for n in range(12):
            store.append("trades", trades(1, n))
            with monkeypatch.context() as patch:
                patch.setattr(
                    LocalLocation, "get", lambda self, path: read.append(path) or get(self, path)
                )
                store.flush()
            assert len(read) == 2, read
            assert (read[0][-8:], read[1][-5:]) == (".parquet", ".json")
            read.clear()


def test_a_thread_may_append_while_another_one_flushes(tmp_path, trades):
    with TradeStore(tmp_path) as store, ThreadPoolExecutor(1) as other:
        appending = other.submit(append_one_by_one, store, [trades(2, 2 * n) for n in range(60)])
        moved = 0
        while not appending.done():
            moved += store.flush()
        assert appending.result() == 120
        assert moved + store.flush() == 120
        assert store.read()["sequence"].to_pylist() == list(range(1, 121))
    assert verify(tmp_path).is_clean


def append_one_by_one(store, tables):
    return [store.append("trades", rows).last_sequence for rows in tables][-1]


def test_two_flushes_at_once_take_turns(tmp_path, trades):
    """The kernel tells the threads of a process apart as it does two processes."""
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(3))
        journal = LocalLocation(tmp_path).journal
        with ThreadPoolExecutor(1) as other, flush_lock(journal):
            flushing = other.submit(flush_elsewhere, tmp_path)
            with pytest.raises(TimeoutError):
                flushing.result(0.3)
        assert flushing.result() == 3
        assert store.flush() == 0
    assert verify(tmp_path).table_rows["trades"] == 3


def flush_elsewhere(path):
    location = LocalLocation(path)
    with closing(Journal(location.journal, "local")) as journal:
        return flush(journal, DeltaTables(location))
