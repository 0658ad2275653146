"""Verify: whatever changed on disk is named."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import StoreError
from perfkit.store import TradeStore, verify


@pytest.fixture
def history(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(200))
        store.flush()
        store.append("trades", trades(5, 200))
        store.release()
    return tmp_path


def a_file(history):
    return min((history / "trades").rglob("*.parquet"))


def test_a_whole_history_is_clean(history):
    report = verify(history)
    assert report.is_clean
    assert report.is_chain_whole
    assert (report.table_rows["trades"], report.journal_rows["trades"]) == (200, 5)
    assert report.files == 2


def test_it_changes_nothing(history):
    before = {path: path.read_bytes() for path in history.rglob("*") if path.is_file()}
    verify(history)
    after = {path: path.read_bytes() for path in history.rglob("*") if path.is_file()}
    assert {p: b for p, b in after.items() if p.suffix not in {".sqlite-shm", ".sqlite-wal"}} == {
        p: b for p, b in before.items() if p.suffix not in {".sqlite-shm", ".sqlite-wal"}
    }


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_it_finds_any_flipped_bit_of_a_data_file(history, data):
    file = a_file(history)
    whole = file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(flipped)
    damaged = verify(history).damaged
    file.write_bytes(whole)
    name = file.relative_to(history)
    assert damaged == (f"{name} has other bytes than were written",)


def test_it_names_a_file_that_is_gone_and_one_that_is_empty(history):
    first, second = sorted((history / "trades").rglob("*.parquet"))
    first.unlink()
    second.write_bytes(b"")
    gone, empty = sorted(verify(history).damaged)
    assert f"{first.relative_to(history)} can't be read" in gone
    assert empty == f"{second.relative_to(history)} has other bytes than were written"


def test_it_finds_a_changed_row_of_the_journal(history):
    with sqlite3.connect(history / "journal.sqlite") as connection:
        connection.execute("UPDATE groups SET payload = zeroblob(length(payload))")
    connection.close()
    report = verify(history)
    assert not report.is_chain_whole
    assert "not what was acknowledged" in report.damaged[0]


def test_it_names_a_torn_commit(history):
    log = max((history / "trades" / "_delta_log").glob("*.json"))
    log.write_text(log.read_text()[:40])
    report = verify(history)
    assert not report.is_clean
    assert "trades can't be opened" in report.damaged[0]


def test_an_absent_history_is_an_error(tmp_path):
    with pytest.raises(StoreError, match="no history"):
        verify(tmp_path / "none")
