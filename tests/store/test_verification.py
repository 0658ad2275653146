"""Verify: whatever changed on disk is named."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import StoreError
from perfkit.store import TradeStore, verify
from perfkit.store.journal import Journal
from perfkit.store.numbering import Numbering


@pytest.fixture
def history(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(200))
        store.flush()
        store.append("trades", trades(5, 200))
        store.release()
    return tmp_path


def on_disk(history):
    """Every file except those that SQLite makes when a journal is looked at."""
    return {
        path: path.read_bytes()
        for path in history.rglob("*")
        if path.is_file() and path.suffix not in {".sqlite-shm", ".sqlite-wal"}
    }


def test_a_whole_history_is_clean(history):
    report = verify(history)
    assert report.is_clean
    assert report.is_chain_whole
    assert (report.repaired, report.warnings, report.damaged) == ((), (), ())
    assert (report.table_rows["trades"], report.journal_rows["trades"]) == (200, 5)
    assert report.files == 2


def test_it_changes_nothing_in_a_whole_history(history):
    before = on_disk(history)
    verify(history)
    assert on_disk(history) == before


def test_it_finds_each_of_200_flipped_bits_of_the_data_files(history):
    files = sorted((history / "trades").rglob("*.parquet"))
    dice = random.Random(20240501)
    for _ in range(200):
        file = dice.choice(files)
        whole = file.read_bytes()
        flipped = bytearray(whole)
        flipped[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        file.write_bytes(flipped)
        (damage,) = verify(history, dry_run=True).damaged
        file.write_bytes(whole)
        assert f"{file.relative_to(history)} has other bytes than were written; it held" in damage
    assert verify(history).is_clean


def test_it_names_a_file_that_is_gone_and_one_that_is_empty_with_what_they_held(history):
    first, second = sorted((history / "trades").rglob("*.parquet"))
    first.unlink()
    second.write_bytes(b"")
    # four trades a day: January has 124 of them
    assert set(verify(history).damaged) == {
        f"{first.relative_to(history)} is gone; it held 124 rows, numbered 1 to 124",
        f"{second.relative_to(history)} is empty; it held 76 rows, numbered 125 to 200",
    }


def test_it_finds_a_log_that_says_other_than_its_files(history):
    log = max((history / "trades" / "_delta_log").glob("*.json"))
    log.write_text(log.read_text().replace('\\"numRecords\\": 124', '\\"numRecords\\": 123'))
    (damage,) = verify(history).damaged
    assert "holds 124 rows, numbered 1 to 124; its table's log says 123, numbered" in damage


def test_it_finds_a_changed_row_of_the_journal(history):
    with sqlite3.connect(history / "journal.sqlite") as connection:
        connection.execute("UPDATE groups SET payload = zeroblob(length(payload))")
    connection.close()
    report = verify(history)
    assert not report.is_chain_whole
    assert any("not what was" in line for line in report.damaged)


def test_an_absent_history_is_an_error(tmp_path):
    with pytest.raises(StoreError, match="no history"):
        verify(tmp_path / "none")


@given(st.lists(st.lists(st.integers(1, 3000), min_size=1, max_size=40), max_size=8))
@settings(deadline=None, max_examples=60)
def test_a_number_is_lost_doubled_or_there_once(files):
    numbering = Numbering()
    for numbers in files:
        numbering.add(np.array(numbers))
    times = [sum(numbers.count(n) for numbers in files) for n in range(1, 3001)]
    lost = {n for low, high in numbering.lost(3000) for n in range(low, high + 1)}
    assert lost == {n for n, count in enumerate(times, 1) if count == 0}
    assert sum("more than once" in line for line in numbering.faults(0)) == (max(times) > 1)


CHILD = textwrap.dedent(
    """
    import sys
    from datetime import UTC, datetime, timedelta
    from perfkit.records import TradeRecord, to_table
    from perfkit.store import TradeStore

    begin = datetime(2024, 1, 1, tzinfo=UTC)
    store = TradeStore(sys.argv[1]).open()
    for start in range(int(sys.argv[2]), 10**6, 7):
        store.append("trades", to_table([TradeRecord(
            trade_id=f"T{n}", account_id="a", strategy_id="s", symbol="SPY", side="buy", price=1.0,
            volume=1.0, execution_time=begin + timedelta(hours=n)) for n in range(start, start + 7)
        ], TradeRecord))
        print(start + 7, flush=True)
        if start % 2 == 0:
            store.flush()
    """
)


def recording(root, start=0):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root), str(start)], stdout=subprocess.PIPE, text=True
    )


def killed(child):
    """Give the last line that was read, or was still to be read."""
    os.kill(child.pid, signal.SIGKILL)
    with child.stdout as lines:
        rest = lines.read().splitlines()
    child.wait()
    return rest[-1:]


def test_a_history_that_is_being_written_to_is_clean(tmp_path):
    child = recording(tmp_path)
    child.stdout.readline()
    reports = [verify(tmp_path) for _ in range(12)]
    killed(child)
    assert [(r.damaged, r.repaired, r.warnings) for r in reports] == [((), (), ())] * 12
    assert reports[-1].table_rows["trades"] > reports[0].table_rows["trades"]


def lose_power(history, dice):
    """Empty or tear what was written last and what the journal still has the rows of."""
    log = history / "trades" / "_delta_log"
    commits = sorted(log.glob("*.json"))
    for path in commits[len(commits) - dice.randrange(3) :]:
        path.write_bytes(path.read_bytes()[: dice.choice([0, 0, 300])])
    for pattern in ("*.checkpoint.parquet", "_last_checkpoint"):
        for path in sorted(log.glob(pattern))[-1:]:
            path.write_bytes(path.read_bytes()[: dice.choice([0, 40, None])])
    waiting = first_waiting(history)
    for path in sorted((history / "trades").rglob("part-*.parquet")):
        if first_number(path) >= waiting and dice.random() < 0.5:
            path.write_bytes(b"")


def first_waiting(history):
    with closing(Journal(history / "journal.sqlite", "local", read_only=True)) as journal:
        group = next(journal.groups(), None)
        return journal.last_sequence + 1 if group is None else group.first_sequence


def first_number(path):
    numbers = pq.ParquetFile(path).read(columns=["sequence"])["sequence"]
    return min(numbers.to_pylist())


@pytest.mark.parametrize("seed", range(2))
def test_after_kills_at_full_load_and_power_losses_every_receipt_is_kept_once(tmp_path, seed):
    dice = random.Random(seed)
    acknowledged = 0
    for _ in range(2):
        child = recording(tmp_path, acknowledged)
        for _ in range(dice.randrange(6, 24)):
            acknowledged = int(child.stdout.readline())
        acknowledged = int(*(killed(child) or [acknowledged]))
        lose_power(tmp_path, dice)
        report = verify(tmp_path)
        assert report.damaged == ()
        found = [int(name[1:]) for name in TradeStore(tmp_path).read()["trade_id"].to_pylist()]
        # what was journalled and not yet answered may be there too
        assert found[:acknowledged] == list(range(acknowledged))
        assert found == list(range(len(found)))
        acknowledged = len(found)
    with TradeStore(tmp_path):
        pass
    report = verify(tmp_path)
    assert (report.damaged, report.table_rows["trades"]) == ((), acknowledged)


def test_a_trade_that_was_written_twice_is_named(tmp_path, trades):
    with TradeStore(tmp_path) as store:
        store.append("trades", trades(3))
        store.append("trades", trades(1, 1))
        store.flush()
    (damage,) = verify(tmp_path, dry_run=True).damaged
    assert "trade 'T1' of account 'acc_1' is recorded more than once: as numbers 2, 4" in damage
