"""A slow, a failing and a full disk under a recorder: no receipt before it is true, none after."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.tracker import TradeTracker
from tests.torture.desk import (
    assert_books_are_those_of_a_replay,
    assert_clean,
    first_fills,
    stored,
)
from tests.torture.disk import HAS_CC, Disk

pytestmark = pytest.mark.skipif(not HAS_CC, reason="needs cc, to compile a disk with faults")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("faults") / "histories"


@pytest.fixture(scope="module")
def heard(shim, library, root):
    """Run the process whose disk fails; gives what it heard, by the name of the scene."""
    disk = Disk(library, root.with_name("disk"), root)
    environment = disk.environment() | {"FSYNC_PLAN": str(root.with_name("plan"))}
    environment["LD_PRELOAD"] = f"{shim}:{environment['LD_PRELOAD']}"
    command = [sys.executable, "-m", "tests.torture.failing", root]
    answer = subprocess.run(
        command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(answer.stdout)


def assert_whole(folder, told, tmp_path):
    """Open what a tracker left: all that was acknowledged is there, and it goes on."""
    with TradeTracker(folder) as tracker:
        assert set(told) <= set(stored(tracker.store))
        assert tracker.record_many(first_fills(0, 0, 400)).rejected == ()
        assert_books_are_those_of_a_replay(folder, tracker, tmp_path / "copy")
    assert_clean(folder)


def test_receipts_wait_for_the_disk(heard):
    said = heard["slow"]
    assert set(said["early"]) <= {False}
    assert said["receipts"] == [1] * 29
    assert said["seconds"] >= 0.7


@pytest.mark.parametrize(
    ("scene", "message"),
    [("failing_sync", "disk I/O error"), ("full_journal", "database or disk is full")],
)
def test_after_the_first_error_of_the_journal_nothing_is_acknowledged_any_more(
    heard, root, tmp_path, scene, message
):
    said = heard[scene]
    assert said["well"] == [1]
    refused = [answer for answer in said["ill"] if answer != 1]
    assert any(
        f"could not be written ({message}); nothing was acknowledged" in answer
        for answer in refused
    )
    assert said["told later"] == 0
    for answer in (*refused[1:], *said["new"], *said["resent"], *said["others"]):
        assert answer.startswith("StoreError: the journal")
        assert "has stopped after an error" in answer
    assert_whole(root / scene, said["told"], tmp_path)


def test_full_tables_keep_nobody_from_recording(heard, root, tmp_path):
    """Files of the tables are refused; rows wait in the journal, and are moved afterwards."""
    said = heard["full_tables"]
    assert said["well"] == said["meanwhile"] == said["then"] == [1]
    for answer in (said["flush"], said["again"]):
        assert "No space left on device" in answer
        assert "its trades are safe where they are" in answer
    assert (said["mended"], said["waiting"]) == (120 + 80, 0)  # bars and fills
    assert_whole(root / "full_tables", said["told"], tmp_path)


def test_a_snapshot_that_finds_no_room_keeps_nobody_from_recording(heard, root, tmp_path):
    said = heard["full_for_snapshots"]
    assert said["meanwhile"] == said["then"] == [1]
    assert any("No space left on device" in warning for warning in said["warned"])
    assert_whole(root / "full_for_snapshots", said["told"], tmp_path)
