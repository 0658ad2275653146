"""Stored periods: never believed when they are damaged, foreign, or older than the facts."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from perfkit.history import History
from perfkit.records import Bar, CashKind
from perfkit.store import compact
from perfkit.store.location import LocalLocation
from perfkit.tracker import TradeTracker
from tests.history.random_desks import START, bars_of, cash_of, fills_of, recorded, split_of

BY = ["account", "strategy"]
USD = {"convert_to": "USD"}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("original"))


@pytest.fixture
def desk(original, tmp_path):
    shutil.copytree(original, tmp_path / "desk")
    return tmp_path / "desk"


def asked(desk):
    return History(str(desk)).metrics(BY, **USD)


def as_if_never_stored(desk):
    """Ask a copy that has no periods: whatever it says is computed."""
    copy = desk.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(desk, copy, ignore=shutil.ignore_patterns("periods"))
    return asked(copy)


def stored(desk):
    """Files of the stored periods, with when they were written."""
    return {
        path: path.stat().st_mtime_ns for path in (desk / "periods").rglob("*") if path.is_file()
    }


def same(one, other):
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    return one.attrs == other.attrs


def test_what_is_read_is_what_was_computed(desk):
    computed = asked(desk)
    files = stored(desk)
    assert len(files) == 2
    assert same(asked(desk), computed)
    assert same(as_if_never_stored(desk), computed)
    assert stored(desk) == files


def record(desk, step):
    fills, last = fills_of(0), START + timedelta(days=39)
    with TradeTracker(desk, market=None, labeler=None) as tracker:
        new = replace(fills[-1], trade_id="new", execution_time=last)
        point = {"original_trade_id": fills[50].trade_id}
        {
            "append": lambda: tracker.record(new),
            "late fill": lambda: tracker.record(
                replace(fills[100], trade_id="late", execution_time=START + timedelta(days=2))
            ),
            "correction": lambda: tracker.record(
                replace(fills[50], trade_id="c", record_type="correct", price=50.0, **point)
            ),
            "bust": lambda: tracker.record(
                replace(fills[50], trade_id="b", record_type="bust", **point)
            ),
            "bar": lambda: tracker.record_bars(
                [Bar(symbol="AAA", close_time=last + timedelta(hours=22), close=130.0)]
            ),
            "bar again": lambda: tracker.record_bars([replace(bars_of(0)[-4], close=130.0)]),
            "cash": lambda: tracker.record_cash(
                [replace(cash_of(0)[0], cash_id="x", kind=CashKind.WITHDRAWAL, amount=-1_000.0)]
            ),
            "split": lambda: tracker.record_splits([replace(split_of("a"), split_id="s2")]),
        }[step]()
        tracker.store.release()  # it waits in the journal


@pytest.mark.parametrize(
    "step",
    ["append", "late fill", "correction", "bust", "bar", "bar again", "cash", "split"],
)
def test_a_new_fact_is_in_the_answer_at_once_and_when_it_was_flushed(desk, step):
    before, files = asked(desk), stored(desk)
    record(desk, step)
    after = asked(desk)
    assert not after.equals(before)
    assert same(after, as_if_never_stored(desk))
    changed = stored(desk)
    assert not changed.keys() & {file for file, time in files.items() if "part-" in file.name}
    TradeTracker(desk, market=None, labeler=None).close()
    assert same(asked(desk), after)
    assert stored(desk) == changed  # a flush and a merge tell nothing new
    compact(desk)
    assert same(asked(desk), after)
    assert stored(desk) == changed


def test_each_question_has_rows_of_its_own(desk):
    asked(desk)
    first = stored(desk)
    elsewhere = History(str(desk), zone="Asia/Tokyo", cutoff="06:30")
    assert not elsewhere.metrics(BY, **USD).equals(asked(desk))
    History(str(desk)).equity(currency="EUR")
    assert first.items() < stored(desk).items()
    assert len(stored(desk)) == 6
    assert History(str(desk), periods=260).periods == 260


def test_another_moment_is_computed_and_not_stored(desk):
    then = History(str(desk)).as_of(START + timedelta(days=20), START + timedelta(days=999_99))
    assert len(then.equity((), **USD)) < len(History(str(desk)).equity((), **USD))
    files = stored(desk)
    then.metrics(BY, **USD)
    assert stored(desk) == files


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["part-*", "index*"])
def test_a_flipped_bit_is_never_believed(desk, kind, place):
    whole = asked(desk)
    (file,) = (desk / "periods").rglob(kind)
    data = bytearray(file.read_bytes())
    data[int(place * len(data))] ^= 1
    file.write_bytes(data)
    assert same(asked(desk), whole)
    assert stored(desk).keys() == {*(desk / "periods").rglob(kind), *stored(desk)}
    assert file.read_bytes() != bytes(data)  # it was written anew


def test_a_missing_or_cut_file_is_computed_anew(desk):
    whole = asked(desk)
    for kind, damage in (
        ("part-*", Path.unlink),
        ("index*", Path.unlink),
        ("part-*", lambda file: file.write_bytes(file.read_bytes()[:100])),
        ("index*", lambda file: file.write_bytes(b"")),
    ):
        (file,) = (desk / "periods").rglob(kind)
        damage(file)
        assert same(asked(desk), whole)


def test_rows_of_another_history_are_not_believed(desk, tmp_path):
    asked(desk)
    other = Path(recorded(tmp_path / "other", seed=1))
    shutil.copytree(desk / "periods", other / "periods")
    assert same(asked(other), as_if_never_stored(other))


def test_a_history_put_back_from_a_backup_and_gone_on_with_is_computed_anew(desk):
    backup = desk.with_name("backup")
    shutil.copytree(desk, backup)
    record(desk, "append")
    asked(desk)
    shutil.copytree(desk / "periods", backup / "periods")
    record(backup, "late fill")  # it has the number that the other one had
    assert same(asked(backup), as_if_never_stored(backup))


_KILLED = """
import os, signal, sys
from perfkit.history import History
from perfkit.store.location import LocalLocation
step, of = int(sys.argv[2]), {"put": LocalLocation.put, "move": LocalLocation.move}
count = 0
def counted(name):
    def act(self, *given):
        global count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)
        of[name](self, *given)
    return act
LocalLocation.put, LocalLocation.move = counted("put"), counted("move")
History(sys.argv[1]).metrics(["account", "strategy"], convert_to="USD")
"""


@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("fact", ["bar", "append"])  # all is computed, and only what grew
def test_a_kill_while_they_are_written_leaves_nothing_that_is_believed(desk, fact, step):
    before = asked(desk)
    record(desk, fact)
    run = subprocess.run([sys.executable, "-c", _KILLED, str(desk), str(step)], check=False)
    assert run.returncode == -signal.SIGKILL
    after = asked(desk)
    assert not after.equals(before)
    assert same(after, as_if_never_stored(desk))


def _ask(desk, answers):
    answers.put([History(str(desk)).metrics(BY, **USD).to_dict() for _ in range(3)])


def test_two_that_ask_at_once_get_the_same_answer(desk):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [context.Process(target=_ask, args=(desk, answers)) for _ in range(2)]
    for process in processes:
        process.start()
    found = [answer for _ in processes for answer in answers.get(timeout=120)]
    for process in processes:
        process.join()
    whole = as_if_never_stored(desk).to_dict()
    assert [repr(answer) for answer in found] == [repr(whole)] * 6


@pytest.mark.parametrize("reason", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_place_that_can_t_be_written_is_answered_from_each_time(desk, monkeypatch, reason):
    def refused(place, path, data):
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(LocalLocation, "put", refused)
    first = asked(desk)
    assert same(asked(desk), first)
    assert not (desk / "periods").exists()


def test_a_disk_that_fails_is_said(desk, monkeypatch):
    def failed(place, path, data):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(LocalLocation, "put", failed)
    with pytest.raises(OSError, match="Input/output error"):
        asked(desk)
