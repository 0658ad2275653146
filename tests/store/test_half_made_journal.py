"""A crash while the journal is first made: nothing was acknowledged, and opening goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from perfkit.errors import StoreError
from perfkit.store import TradeStore, journal_file, verify


def empty(path):
    path.touch()


def without_tables(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def without_a_row(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(journal_file._TABLES)


@pytest.mark.parametrize("state", [empty, without_tables, without_a_row])
def test_a_journal_that_was_never_finished_is_finished_by_the_next_writer(tmp_path, trades, state):
    state(tmp_path / "journal.sqlite")
    for look in (lambda: TradeStore(tmp_path).read(), lambda: verify(tmp_path)):
        with pytest.raises(StoreError, match=r"no such table|never finished|no history"):
            look()
    with TradeStore(tmp_path) as store:
        assert store.append("trades", trades(1)).first_sequence == 1
    assert verify(tmp_path).is_clean
