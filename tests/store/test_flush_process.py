"""The flusher beside a tracker: it follows, bears a table that refuses, and may be killed."""

from __future__ import annotations

import math
import multiprocessing
import random
import sqlite3
import time

import pytest

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store import TradeStore, verify
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.flush_process import flush_once, follow
from perfkit.store.location import LocalLocation

KILLS = 5


def follow_for_ever(path):
    for _ in follow(DeltaTables(LocalLocation(path)), every=0.01, is_ending=lambda: False):
        pass


@pytest.fixture
def following(tmp_path):
    """Rounds of a flusher in this process, which follows until the test ends."""
    ending = []
    rounds = follow(
        DeltaTables(LocalLocation(tmp_path)), every=0.01, is_ending=lambda: bool(ending)
    )
    yield rounds
    ending.append(True)
    assert list(rounds) == []


def test_a_flusher_killed_at_any_moment_loses_and_repeats_nothing(tmp_path, trades):
    """This process records all the while; after each kill the next flusher goes on."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["perfkit.store.flush_process"])
    moments, acknowledged, moved = random.Random(4), 0, 0
    with TradeStore(tmp_path) as store:
        for _ in range(KILLS):
            flusher = context.Process(target=follow_for_ever, args=(tmp_path,), daemon=True)
            flusher.start()
            end = math.inf
            while time.monotonic() < end:
                rows = trades(4, acknowledged)
                acknowledged = store.append("trades", rows).last_sequence
                has_begun = store._writer.journal.backlog().rows < acknowledged - moved
                if has_begun and end == math.inf:
                    end = time.monotonic() + moments.uniform(0, 0.3)
            flusher.kill()
            flusher.join()
            moved = acknowledged - store._writer.journal.backlog().rows
            numbers = store.read(columns=["sequence"])["sequence"].to_pylist()
            assert numbers == list(range(1, acknowledged + 1))
    assert verify(tmp_path).is_clean
    assert verify(tmp_path).table_rows["trades"] == acknowledged


def test_a_flusher_waits_for_a_tracker_and_moves_what_it_records(tmp_path, trades, following):
    with TradeStore(tmp_path) as store:
        first = next(following)
        assert (first.moved, first.backlog.rows, first.refusal) == (0, 0, None)
        for start in (0, 3):
            store.append("trades", trades(3, start))
            done = next(following)
            assert (done.moved, done.backlog.rows) == (3, 0)
        assert store.flush() == 0
        assert store.read().num_rows == 6


def test_tables_that_refuse_are_asked_again_less_and_less_often(tmp_path, trades, following):
    trades_folder, elsewhere = tmp_path / "trades", tmp_path / "unmounted"
    with TradeStore(tmp_path) as store:
        next(following)
        trades_folder.rename(elsewhere)
        store.append("trades", trades(3))
        refused = [next(following) for _ in range(4)]
        assert store.append("trades", trades(1, 3)).accepted == 1
        elsewhere.rename(trades_folder)
        done = next(following)
        assert (done.moved, done.refusal, done.backlog.rows) == (4, None, 0)
        trades_folder.rename(elsewhere)
        store.append("trades", trades(1, 4))
        again = next(following)
        elsewhere.rename(trades_folder)
    assert [round(r.pause, 2) for r in refused] == [0.02, 0.04, 0.08, 0.16]
    assert [r.backlog.rows for r in refused] == [3, 3, 3, 3]
    assert all("is gone; restore it from a backup" in r.refusal for r in refused)
    assert again.pause == 0.02
    assert verify(tmp_path).table_rows["trades"] == 5


def test_an_error_of_the_journal_ends_the_flusher(tmp_path, trades, following):
    store = TradeStore(tmp_path).open()
    next(following)
    store.append("trades", trades(1))
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    with connection:
        connection.execute("UPDATE groups SET payload = zeroblob(length(payload))")
    connection.close()
    with pytest.raises(DamagedStoreError, match="not what was acknowledged"):
        next(following)
    store.release()


def test_the_journal_of_another_history_ends_the_flusher(tmp_path):
    with TradeStore(tmp_path / "history"):
        pass
    location = LocalLocation(tmp_path / "elsewhere", tmp_path / "history" / "journal.sqlite")
    location.journal_home = "s3://desk/perf"
    with pytest.raises(StoreError, match="belongs to 'local'"):
        next(follow(DeltaTables(location), every=0.01, is_ending=lambda: False))


def test_what_waits_is_flushed_once_beside_the_tracker_and_without(tmp_path, trades):
    tables = DeltaTables(LocalLocation(tmp_path))
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(3))
        assert [done.moved for done in flush_once(tables)] == [0, 3]
        store.append("trades", trades(2, 3))
        store.release()
    rounds = list(flush_once(tables))
    assert ([done.moved for done in rounds], rounds[0].backlog.rows) == ([0, 2], 2)
    assert [done.moved for done in flush_once(tables)] == [0]


def test_a_machine_without_the_journal_has_nothing_to_flush(tmp_path):
    with pytest.raises(StoreError, match="flush where the trades are recorded"):
        next(flush_once(DeltaTables(LocalLocation(tmp_path))))
    assert list(tmp_path.iterdir()) == []
