"""The journal: durable, numbered, chained, and silent after an error."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pyarrow as pa
import pytest

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.backlog import Backlog
from perfkit.store.journal import Journal
from perfkit.store.journal_group import encode

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite", "local")
    yield journal
    journal.close()


def change(path, statement, *values):
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


def test_rows_are_numbered_from_one_and_go_on_after_reopening(journal, trades):
    assert journal.append({"trades": trades(3)}) == {"trades": (1, 3)}
    assert journal.append({"trades": trades(2, 3)}) == {"trades": (4, 5)}
    journal.close()
    again = Journal(journal.path, "local")
    assert again.append({"trades": trades(1, 5)}) == {"trades": (6, 6)}
    assert [group.number for group in again.groups()] == [1, 2, 3]
    assert [n for g in again.groups() for n in g.rows["sequence"].to_pylist()] == list(range(1, 7))
    again.close()


def test_numbers_start_above_those_in_use_elsewhere(journal, trades):
    journal.number_from(100)
    assert journal.append({"trades": trades(1)}) == {"trades": (101, 101)}


def test_another_connection_sees_a_group_from_its_receipt_on(journal, trades):
    reader = Journal(journal.path, "local", read_only=True)
    assert list(reader.groups()) == []
    journal.append({"trades": trades(2)})
    assert [group.rows.num_rows for group in reader.groups("trades")] == [2]
    assert list(reader.groups("cash")) == []
    reader.close()


def test_a_large_batch_is_several_groups_of_one_commit(journal, trades, monkeypatch):
    monkeypatch.setattr("perfkit.store.journal.GROUP_ROWS", 10)
    assert journal.append({"trades": trades(25)}) == {"trades": (1, 25)}
    groups = list(journal.groups())
    assert [(g.first_sequence, g.last_sequence) for g in groups] == [(1, 10), (11, 20), (21, 25)]


def test_forgetting_keeps_the_chain_and_the_numbers(journal, trades):
    for n in range(3):
        journal.append({"trades": trades(1, n)})
    journal.forget(list(journal.groups())[1])
    assert [group.number for group in journal.groups()] == [3]
    journal.forget(list(journal.groups())[-1])
    journal.close()
    again = Journal(journal.path, "local")
    assert again.append({"trades": trades(1, 3)}) == {"trades": (4, 4)}
    assert [group.number for group in again.groups()] == [4]
    assert again.verify() is None
    again.close()


def sizes(path):
    files = (path, path.with_name(f"{path.name}-wal"))
    return [file.stat().st_size for file in files]


def test_what_is_forgotten_makes_room_for_the_next_groups(journal, trades, monkeypatch):
    """Ten megabytes in all, of which two at most wait at a time."""
    monkeypatch.setattr("perfkit.store.journal_file.KEPT_EMPTY", 64 << 20)
    rows = trades(999)  # from a thousand on they would be compressed
    for _ in range(5):
        for _ in range(5):
            journal.append({"trades": rows})
        groups = list(journal.groups())
        journal.forget(groups[-1])
    written = 5 * sum(len(encode(group.rows, NOON)) for group in groups)
    assert written > 8_000_000
    assert sizes(journal.path)[0] < 0.3 * written
    assert journal.verify() is None


def test_an_emptied_journal_gives_its_space_back(journal, trades):
    rows = trades(999)
    for _ in range(20):
        journal.append({"trades": rows})
    groups = list(journal.groups())
    full = sum(len(encode(group.rows, NOON)) for group in groups)
    journal.forget(groups[-1])
    journal.append({"trades": trades(1, 1_000)})
    journal.copy_log()
    assert sizes(journal.path)[0] < 0.02 * full
    journal.close()
    assert not journal.path.with_name("journal.sqlite-wal").exists()
    again = Journal(journal.path, "local")
    assert [group.number for group in again.groups()] == [21]
    assert again.verify() is None
    again.close()


def test_the_log_is_started_again_though_groups_keep_coming(journal, trades, monkeypatch):
    monkeypatch.setattr("perfkit.store.journal_file.LOG_BOUND", 1 << 20)
    other = Journal(journal.path, "local")
    for _ in range(20):
        journal.append({"trades": trades(999)})
        other.copy_log()
    assert sizes(journal.path)[1] < 3 << 20
    other.close()


def test_a_journal_of_the_first_perfkit_opens_and_does_not_say_since_when_it_waits(
    journal, trades, monkeypatch
):
    """It gave space back as it forgot, and wrote no time; the chain covers what it wrote."""
    rows = trades(3)
    with monkeypatch.context() as patch:
        patch.setattr("perfkit.store.journal.encode", lambda rows, time: early(rows))
        journal.append({"trades": rows})
    journal.close()
    change(journal.path, "PRAGMA auto_vacuum = FULL")
    again = Journal(journal.path, "local")
    waiting = again.backlog()
    assert (waiting.rows, waiting.groups, waiting.oldest) == (3, 1, None)
    assert math.isnan(waiting.age(NOON))
    again.append({"trades": trades(1, 3)})
    assert [group.rows.num_rows for group in again.groups()] == [3, 1]
    again.forget(next(again.groups()))
    assert again.backlog().oldest is not None
    assert again.verify() is None
    again.close()


def early(rows):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    return bytes(sink.getvalue())


def test_the_backlog_says_how_much_waits_and_since_when(journal, trades):
    assert journal.backlog() == Backlog()
    assert journal.backlog().age(NOON) == 0.0
    before = datetime.now(UTC)
    journal.append({"trades": trades(3), "cash": trades(2)})
    between = datetime.now(UTC)
    journal.append({"trades": trades(4, 3)})
    reader = Journal(journal.path, "local", read_only=True)
    waiting = reader.backlog()
    assert (waiting.rows, waiting.groups, waiting.last_group) == (9, 3, 3)
    assert before <= waiting.oldest <= between
    assert waiting.age(waiting.oldest + timedelta(seconds=2)) == 2.0
    assert waiting.age(waiting.oldest - timedelta(hours=1)) == 0.0  # a clock was set back
    journal.forget(list(journal.groups())[1])
    waiting = reader.backlog()
    assert (waiting.rows, waiting.groups) == (4, 1)
    assert waiting.oldest >= between
    reader.close()


def test_forgetting_much_is_cut_into_steps_that_each_leave_a_whole_chain(
    journal, trades, monkeypatch
):
    monkeypatch.setattr("perfkit.store.journal_file.STEP", 20_000)  # two groups of one trade
    for n in range(7):
        journal.append({"trades": trades(1, n)})
    reader = Journal(journal.path, "local", read_only=True)
    seen = []
    monkeypatch.setattr(
        "perfkit.store.journal.time.sleep",
        lambda seconds: seen.append([group.number for group in reader.groups()]),
    )
    journal.forget(list(journal.groups())[5])
    assert seen[0][0] > 1
    assert seen == [list(range(numbers[0], 8)) for numbers in seen]
    assert [group.number for group in reader.groups()] == [7]
    reader.close()


def test_a_process_that_holds_the_journal_for_too_long_is_no_error_of_the_disk(journal, trades):
    journal.append({"trades": trades(1)})
    journal._connection.execute("PRAGMA busy_timeout = 0")  # no one waits half a minute here
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"held by another process for too long.*try again"):
        journal.append({"trades": trades(1, 1)})
    other.execute("ROLLBACK")
    other.close()
    assert journal.append({"trades": trades(1, 1)}) == {"trades": (2, 2)}
    assert journal.verify() is None


def test_a_reader_in_the_middle_of_what_is_forgotten_reads_it_to_its_end(journal, trades):
    for n in range(3):
        journal.append({"trades": trades(1_000, 1_000 * n)})
    groups = list(journal.groups())
    journal._connection.execute("PRAGMA busy_timeout = 0")  # no one waits half a minute here
    reader = Journal(journal.path, "local", read_only=True)
    reading = reader.groups()
    seen = [next(reading)]
    journal.forget(groups[-1])
    journal.append({"trades": trades(1, 3_000)})
    seen += reading
    assert [group.number for group in seen] == [1, 2, 3]
    assert [group.number for group in reader.groups()] == [4]
    assert reader.verify() is None
    reader.close()


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE groups SET payload = zeroblob(length(payload)) WHERE number = 2", ()),
        ("UPDATE groups SET last_sequence = 9 WHERE number = 2", ()),
        ("UPDATE groups SET kind = 'cash' WHERE number = 2", ()),
        ("UPDATE groups SET digest = x'00' WHERE number = 1", ()),
        ("DELETE FROM groups WHERE number = 1", ()),
        ("DELETE FROM groups WHERE number = 2", ()),
    ],
)
def test_a_tampered_group_breaks_the_chain(journal, trades, statement, values):
    for n in range(3):
        journal.append({"trades": trades(1, n)})
    change(journal.path, statement, *values)
    assert journal.verify() is not None
    with pytest.raises(DamagedStoreError, match="not what was acknowledged"):
        list(journal.groups())


def test_a_journal_may_be_made_at_once_by_a_tracker_and_a_flusher(tmp_path):
    def made(path):
        start.wait()
        with closing(Journal(path, "local")) as journal:
            return journal.id

    for n in range(20):
        start = Barrier(3)
        with ThreadPoolExecutor(3) as pool:
            found = list(pool.map(made, [tmp_path / f"{n}.sqlite"] * 3))
        assert len(set(found)) == 1


def test_a_journal_of_another_history_is_refused(journal):
    with pytest.raises(StoreError, match=r"belong to 's3://desk/perf'.*belongs to 'local'"):
        Journal(journal.path, "s3://desk/perf")


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database, and long enough to be one" * 100)
    with pytest.raises(StoreError, match="is a journal of perfkit"):
        Journal(path, "local")


def test_a_journal_that_is_full_stops_though_there_is_room_again(journal, trades):
    """SQLite answers a page too many as it answers ENOSPC."""
    journal.append({"trades": trades(1)})
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(StoreError, match=r"could not be written \(database or disk is full\)"):
        journal.append({"trades": trades(500, 1)})
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    with pytest.raises(StoreError, match="has stopped after an error"):
        journal.append({"trades": trades(1, 1)})
    with pytest.raises(StoreError, match="has stopped after an error"):
        journal.forget(next(journal.groups()))
    assert [group.rows.num_rows for group in journal.groups()] == [1]


def test_a_full_disk_stops_the_journal_for_good(tmp_path, trades):
    """The file system refuses to grow the files; later it would, but nobody asks again."""
    script = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        from datetime import datetime, UTC
        from perfkit.errors import StoreError
        from perfkit.records import Bar, to_table
        from perfkit.store import TradeStore

        def bars(day):
            return to_table([Bar(symbol=f"S{n}", close_time=datetime(2024, 1, day, tzinfo=UTC),
                                 close=float(n)) for n in range(500)], Bar)

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = TradeStore(sys.argv[1]).open()
        print(store.append("bars", bars(1)).accepted)
        wal = Path(sys.argv[1], "journal.sqlite-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal, resource.RLIM_INFINITY))
        for day in (2, 3):
            if day == 3:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            try:
                store.append("bars", bars(day))
            except StoreError as error:
                print(error)
        print(store.read("bars").num_rows)
        store.close()
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "history")],
        capture_output=True,
        text=True,
        check=True,
    )
    accepted, first, second, rows = run.stdout.splitlines()
    assert (accepted, rows) == ("500", "500")
    assert "could not be written" in first
    assert "has stopped after an error" in second
    again = Journal(tmp_path / "history" / "journal.sqlite", "local")
    assert sum(group.rows.num_rows for group in again.groups()) == 500
    again.close()
