"""Power losses in the middle of full load: what was synced is there, of the rest nothing or some.

Recorder and flusher run on a disk that keeps what each fsync covers and forgets all else. They
are stopped for a moment, and the history is made as it would be found after a power loss then.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfkit.tracker import TradeTracker
from tests.torture.desk import (
    acknowledged,
    assert_books_are_those_of_a_replay,
    assert_clean,
    assert_kept,
    stored,
)
from tests.torture.disk import HAS_CC
from tests.torture.load import THREADS

pytestmark = pytest.mark.skipif(not HAS_CC, reason="needs cc, to compile a disk that forgets")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(tmp_path, disk):
    """Start a recorder and a flusher on the disk that forgets; gives both, and the ledger."""
    ledger = tmp_path / "ledger"
    record = [sys.executable, "-m", "tests.torture.load", disk.root, ledger, "0"]
    flush = [sys.executable, "-m", "perfkit", "flush", disk.root, "--follow", "--every", "0.02"]
    with contextlib.ExitStack() as ending:
        processes = []
        for command in (record, flush):
            process = ending.enter_context(
                subprocess.Popen(
                    command, cwd=ROOT, env=disk.environment(forgets=True), stdout=subprocess.DEVNULL
                )
            )
            ending.callback(process.kill)  # also ends one that is stopped
            processes.append(process)
        yield processes, ledger


def assert_recovered(left, told, copy):
    """Open what a power loss left: all is there, and nothing is to be said against it."""
    with TradeTracker(left) as tracker:
        assert_kept(told, stored(tracker.store))
        assert_books_are_those_of_a_replay(left, tracker, copy)
    assert_clean(left)
    shutil.rmtree(left)


def test_after_a_power_loss_all_that_was_acknowledged_is_there(tmp_path, disk, desk, size):
    processes, ledger = desk
    moments = random.Random(7)
    while len(acknowledged(ledger)) < 200:
        assert [process.poll() for process in processes] == [None, None]
        time.sleep(0.02)
    for moment in range(size(3, 40)):
        time.sleep(moments.uniform(0, 0.7))
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        told = acknowledged(ledger)
        left = tmp_path / "left"
        disk.lose_power(left, random.Random(moment) if moment % 2 else None)
        assert_recovered(left, told, tmp_path / "copy")
        for process in processes:
            process.send_signal(signal.SIGCONT)
    assert {int(trade.split(".")[1]) for trade in told} == set(range(THREADS))


def test_at_any_sync_a_power_loss_leaves_all_that_was_acknowledged(tmp_path, disk, size):
    """Of one process that records, flushes, merges, keeps snapshots and starts again."""
    ledger, left, choice = tmp_path / "ledger", tmp_path / "left", random.Random(3)
    command = [sys.executable, "-m", "tests.torture.stepping", disk.root, ledger, str(size(2, 24))]
    environment = disk.environment(forgets=True, stops=True)
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            while os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1]):
                told = acknowledged(ledger)
                if told and choice.random() < size(0.08, 0.3):
                    disk.lose_power(left, choice if choice.random() < 0.5 else None)
                    assert_recovered(left, told, tmp_path / "copy")
                process.send_signal(signal.SIGCONT)
        finally:
            process.kill()
    assert len(told) > 100
