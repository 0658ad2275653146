"""`perfkit flush`: once, or beside a tracker until it is told to end."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from perfkit.records import Bar, to_table
from perfkit.store import TradeStore, verify


def bars(*days):
    times = [datetime(2024, 1, day, tzinfo=UTC) for day in days]
    return to_table([Bar(symbol="SPY", close_time=time, close=1.0) for time in times], Bar)


def test_what_waits_is_moved_and_counted_while_a_tracker_records(perfkit, tmp_path):
    with TradeStore(tmp_path) as store:
        store.append("bars", bars(1, 2, 3))
        answer = perfkit("flush", tmp_path)
        assert answer.code == 0
        moved, last = answer.out.splitlines()
        assert moved.split()[:3] == ["moved", "3", "rows"]
        assert last == "3 rows moved; nothing waits"
        assert perfkit("flush", tmp_path).out == "0 rows moved; nothing waits\n"
    assert verify(tmp_path).table_rows["bars"] == 3


def test_a_place_without_a_history_is_refused_and_left_as_it_is(perfkit, tmp_path):
    answer = perfkit("flush", tmp_path / "nowhere")
    assert answer.code == 1
    assert "flush where the trades are recorded" in answer.err
    assert not (tmp_path / "nowhere").exists()


def test_tables_that_refuse_are_exit_code_1_and_keep_the_rows(perfkit, tmp_path):
    with TradeStore(tmp_path) as store:
        store.append("bars", bars(1))
        log = tmp_path / "bars" / "_delta_log"
        log.rename(tmp_path / "log")
        log.write_text("in the way")
        answer = perfkit("flush", tmp_path)
        assert answer.code == 1
        assert str(tmp_path) in answer.err
        log.unlink()
        (tmp_path / "log").rename(log)
        assert store.append("bars", bars(2)).accepted == 1
    assert verify(tmp_path).table_rows["bars"] == 2


def test_a_damaged_journal_is_exit_code_2(perfkit, tmp_path):
    store = TradeStore(tmp_path).open()
    store.append("bars", bars(1))
    connection = sqlite3.connect(tmp_path / "journal.sqlite")
    with connection:
        connection.execute("UPDATE groups SET last_sequence = 9")
    connection.close()
    answer = perfkit("flush", tmp_path)
    assert answer.code == 2
    assert "not what was acknowledged" in answer.err
    store.release()


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_a_pause_that_is_none_is_refused(perfkit, tmp_path, seconds):
    answer = perfkit("flush", tmp_path, "--follow", "--every", seconds)
    assert answer.code == 1
    assert "--every must be more than 0 seconds" in answer.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_follower_moves_what_is_recorded_and_ends_cleanly_when_told(tmp_path, number):
    command = [sys.executable, "-m", "perfkit", "flush", tmp_path, "--follow", "--every", "0.05"]
    flusher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert flusher.stdout.readline().startswith(f"following {tmp_path / 'journal.sqlite'}")
        with TradeStore(tmp_path) as store:
            store.append("bars", bars(1, 2))
            assert flusher.stdout.readline().split()[:3] == ["moved", "2", "rows"]
            store.append("bars", bars(3))
            assert flusher.stdout.readline().split()[:3] == ["moved", "1", "rows"]
            flusher.send_signal(number)
            out, err = flusher.communicate(timeout=60)
            assert (out, err) == ("ended: 3 rows moved; nothing waits\n", "")
            assert flusher.returncode == 0
    finally:
        flusher.kill()
        flusher.communicate()
    assert verify(tmp_path).table_rows["bars"] == 3
