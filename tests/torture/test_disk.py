"""A slow, a failing and a full disk under a recorder: no receipt before it is true, none after."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from perfkit.tracker import TradeTracker
from tests.torture.desk import (
    assert_books_are_those_of_a_replay,
    assert_clean,
    assert_kept,
    first_fills,
    stored,
)
from tests.torture.disk import HAS_CC

pytestmark = pytest.mark.skipif(not HAS_CC, reason="needs cc, to compile a disk with faults")
ROOT = Path(__file__).parents[2]

CHILD = textwrap.dedent(
    """
    import json, os, sys, time
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path
    from perfkit.errors import StoreError
    from perfkit.tracker import Recorder, TradeTracker, memory
    from tests.torture.desk import bars, first_fills

    root, slow, full = Path(sys.argv[1]), Path(os.environ["FSYNC_PLAN"]), Path(os.environ["DISK_FULL"])
    sent, said, told = first_fills(0, 0, 400), {}, {}

    def attempt(step, *arguments, **options):
        try:
            answer = step(*arguments, **options)
        except StoreError as error:
            return str(error)
        return getattr(answer, "accepted", answer)

    def offer(fills, tell=True):
        '''Submit from four threads; what is acknowledged is noted, errors are given back.'''
        def one(fill):
            waiter = recorder.submit(fill)
            error = waiter.exception()
            if error is None:
                told[fill.trade_id] = waiter.result().sequence
            return None if error is None else f"{type(error).__name__}: {error}"
        with ThreadPoolExecutor(4) as threads:
            return sorted({answer for answer in threads.map(one, fills)}, key=str)

    tracker = TradeTracker(root)
    tracker.record_bars(bars(0))
    """
)


@pytest.fixture
def child(shim, disk):
    """Run a script on a disk whose faults it plans; gives what it said."""

    def run(script):
        plan = disk.full.with_name("slow")
        environment = disk.environment() | {"FSYNC_PLAN": str(plan)}
        environment["LD_PRELOAD"] = f"{shim}:{environment['LD_PRELOAD']}"
        command = [sys.executable, "-c", CHILD + textwrap.dedent(script), disk.root]
        answer = subprocess.run(
            command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
        return json.loads(answer.stdout)

    return run


def assert_whole(disk, told, tmp_path):
    """Open what a stopped tracker left: all that was acknowledged is there, and it goes on."""
    with TradeTracker(disk.root) as again:
        assert_kept(told, stored(again.store))
        receipt = again.record_many(first_fills(0, 0, 400))
        assert receipt.rejected == ()
        assert_kept(told, stored(again.store))
        assert_books_are_those_of_a_replay(disk.root, again, tmp_path / "copy")
    assert_clean(disk.root)


def test_receipts_wait_for_the_disk(child):
    said = child(
        """
        with Recorder(tracker) as recorder:
            recorder.submit(sent[0]).result()
            slow.write_text("delay -wal 700")
            begun = time.monotonic()
            waiters = [recorder.submit(fill) for fill in sent[1:30]]
            said["before"] = [waiter.done() for waiter in waiters if time.monotonic() - begun < 0.5]
            said["receipts"] = [waiter.result().accepted for waiter in waiters]
            said["seconds"] = time.monotonic() - begun
        tracker.close()
        print(json.dumps(said))
        """
    )
    assert set(said["before"]) <= {False}
    assert said["receipts"] == [1] * 29
    assert said["seconds"] >= 0.7


FAULTS = {
    "eio": ("""slow.write_text("eio -wal")""", "disk I/O error"),
    "enospc": ("""full.write_text("-wal 1000")""", "database or disk is full"),
    "enospc_once": ("""full.write_text("-wal 1")""", "database or disk is full"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_the_first_error_of_the_journal_nothing_is_acknowledged_any_more(
    child, disk, tmp_path, fault
):
    step, message = FAULTS[fault]
    said = child(
        f"""
        with Recorder(tracker) as recorder:
            said["well"] = offer(sent[:150])
            {step}
            said["ill"] = offer(sent[150:300])
            full.unlink(missing_ok=True)
            acknowledged = dict(told)
            said["new"], said["resent"] = offer(sent[300:350]), offer(sent[:50])
            said["told later"] = len(told) - len(acknowledged)
        said["others"] = [
            attempt(tracker.record_many, sent[350:360]), attempt(tracker.record, sent[0]),
            attempt(tracker.record_bars, bars(1)), attempt(tracker.flush),
        ]
        tracker.close()
        print(json.dumps(said | {{"told": told}}))
        """
    )
    assert said["well"] == [None]
    refused = [answer for answer in said["ill"] if answer is not None]
    assert any(
        message in answer and "nothing was acknowledged and writing has stopped" in answer
        for answer in refused
    )
    assert all(answer.startswith("StoreError: the journal") for answer in refused)
    assert said["told later"] == 0
    for answers in (said["new"], said["resent"], said["others"]):
        assert all("has stopped after an error" in answer for answer in answers)
    assert_whole(disk, said["told"], tmp_path)


def test_full_tables_keep_nobody_from_recording(child, disk, tmp_path):
    """Files of the tables are refused; rows wait in the journal, and are moved afterwards."""
    said = child(
        """
        with Recorder(tracker) as recorder:
            said["well"] = offer(sent[:100])
            full.write_text(".parquet.tmp 1000000")
            said["flush"] = attempt(tracker.flush)
            said["meanwhile"] = offer(sent[100:300])
            said["again"] = attempt(tracker.flush)
            full.unlink()
            said["mended"] = attempt(tracker.flush)
            said["waiting"] = tracker.store.backlog().rows
            said["then"] = offer(sent[300:])
        tracker.close()
        print(json.dumps(said | {"told": told}))
        """
    )
    assert said["well"] == said["meanwhile"] == said["then"] == [None]
    for answer in (said["flush"], said["again"]):
        assert "No space left on device" in answer
        assert "its trades are safe where they are" in answer
    assert (said["mended"] > 300, said["waiting"]) == (True, 0)
    assert_whole(disk, said["told"], tmp_path)
