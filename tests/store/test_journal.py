"""The journal: durable, numbered, chained, and silent after an error."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap

import pytest

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.journal import Journal


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


def test_what_is_forgotten_gives_its_space_back_at_once(journal, trades):
    def sizes():
        files = (journal.path, journal.path.with_name("journal.sqlite-wal"))
        return [file.stat().st_size for file in files]

    rows = trades(999)  # from a thousand on they would be compressed
    for _ in range(20):
        journal.append({"trades": rows})
    (full,) = journal._connection.execute("SELECT sum(length(payload)) FROM groups").fetchone()
    groups = list(journal.groups())
    journal.forget(groups[9])
    file, log = sizes()
    assert (file < 0.6 * full, log) == (True, 0)
    assert [group.number for group in journal.groups()] == list(range(11, 21))
    assert journal.verify() is None
    journal.forget(groups[-1])
    file, log = sizes()
    assert (file < 0.05 * full, log) == (True, 0)


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


def test_a_journal_of_another_history_is_refused(journal):
    with pytest.raises(StoreError, match=r"belong to 's3://desk/perf'.*belongs to 'local'"):
        Journal(journal.path, "s3://desk/perf")


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database, and long enough to be one" * 100)
    with pytest.raises(StoreError, match="is a journal of perfkit"):
        Journal(path, "local")


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
