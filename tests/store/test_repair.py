"""Repair: what a power loss leaves behind is set aside, and no acknowledged row is missing."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest
from deltalake import DeltaTable, Transaction

from perfkit.errors import DamagedStoreError
from perfkit.records import Bar, to_table
from perfkit.store import TABLES, TradeStore, verify
from perfkit.store.data_file import data_files
from perfkit.store.delta_tables import DeltaTables
from perfkit.store.location import LocalLocation
from perfkit.store.repair import repair
from perfkit.store.writer_lock import WriterLock

ROWS = 80  # in four flushes of 20; a quarter of them in the second month


@pytest.fixture(scope="module")
def histories(tmp_path_factory, trades):
    """Histories by (what the journal still has, where the checkpoint is).

    In one that is ``kept`` the process was killed after its last flush, before
    the journal forgot the rows.
    """
    root = tmp_path_factory.mktemp("histories")
    for checkpoint in (None, 3, 4):
        history = root / f"forgotten-{checkpoint}"
        for flush in range(1, 5):
            with TradeStore(history) as store:
                store.append("trades", trades(20, 64 + 20 * flush))
                store.append("bars", to_table([bar(flush)], Bar))
                store.release()
            journal = (history / "journal.sqlite").read_bytes()
            with TradeStore(history):
                pass
            if flush == checkpoint:
                DeltaTable(str(history / "trades")).create_checkpoint()
        shutil.copytree(history, root / f"kept-{checkpoint}")
        (root / f"kept-{checkpoint}" / "journal.sqlite").write_bytes(journal)
    return root


def bar(day):
    return Bar(symbol="SPY", close_time=datetime(2024, 1, day, tzinfo=UTC), close=1.0)


@pytest.fixture
def history(histories, tmp_path):
    def copy(name):
        shutil.copytree(histories / name, tmp_path / "history")
        return tmp_path / "history"

    return copy


def log(history):
    return history / "trades" / "_delta_log"


def commit(history, number):
    return log(history) / f"{number:020}.json"


def a_checkpoint(history):
    return max(log(history).glob("*.checkpoint.parquet"))


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def first_line(path):
    return path.read_bytes().index(b"\n") + 1


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "journal" not in path.name
    }


def is_complete(history):
    found = TradeStore(history).read("trades", columns=["trade_id", "sequence"])
    ids = [f"T{n}" for n in range(84, 84 + ROWS)]
    return (
        found["trade_id"].to_pylist() == ids
        and len(set(found["sequence"].to_pylist())) == ROWS
        and TradeStore(history).read("bars").num_rows == 4
    )


LOGS = {
    "the newest commit is empty": lambda h: cut(commit(h, 4), 0),
    "the newest commit is torn": lambda h: cut(commit(h, 4), 100),
    "the newest commit is torn in its last line": lambda h: cut(commit(h, 4), -5),
    "the newest commit is torn at the end of a line": lambda h: cut(
        commit(h, 4), first_line(commit(h, 4))
    ),
    "the newest commit is zeros": lambda h: commit(h, 4).write_bytes(b"\0" * 900),
    "the two newest commits are empty": lambda h: [cut(commit(h, n), 0) for n in (3, 4)],
    "a commit in the middle is gone": lambda h: commit(h, 2).unlink(),
    "a commit in the middle is empty": lambda h: cut(commit(h, 2), 0),
    "the first commit is empty": lambda h: cut(commit(h, 0), 0),
    "all commits are empty": lambda h: [cut(commit(h, n), 0) for n in range(5)],
}
CHECKPOINTS = {
    "the checkpoint is empty": lambda h: cut(a_checkpoint(h), 0),
    "the checkpoint is torn": lambda h: cut(a_checkpoint(h), 700),
    "the checkpoint is gone": lambda h: a_checkpoint(h).unlink(),
    "the hint is empty": lambda h: cut(log(h) / "_last_checkpoint", 0),
    "the hint is torn": lambda h: cut(log(h) / "_last_checkpoint", 9),
    "the hint names a checkpoint to come": lambda h: (log(h) / "_last_checkpoint").write_text(
        json.dumps({"version": 99, "size": 5})
    ),
    "checkpoint and hint are empty": lambda h: [
        cut(p, 0) for p in (a_checkpoint(h), log(h) / "_last_checkpoint")
    ],
    "the checkpoint and the newest commit are empty": lambda h: [
        cut(p, 0) for p in (a_checkpoint(h), commit(h, 4))
    ],
}
CASES = [
    (what, damage, name)
    for cases, names in (
        (LOGS, ("kept-None", "forgotten-None")),
        (CHECKPOINTS, ("kept-3", "forgotten-4")),
    )
    for what, damage in cases.items()
    for name in names
]


@pytest.mark.parametrize(
    ("damage", "name"), [c[1:] for c in CASES], ids=[f"{c[0]}, {c[2]}" for c in CASES]
)
def test_a_damaged_log_is_cut_off_and_no_row_is_missing_or_twice(history, trades, damage, name):
    root = history(name)
    damage(root)
    before = content(root)
    looked = verify(root, dry_run=True)
    assert not looked.is_clean
    assert looked.repaired == ()
    assert content(root) == before

    report = verify(root)
    assert (report.is_clean, report.damaged, bool(report.repaired)) == (True, (), True)
    assert is_complete(root)
    again = verify(root)
    assert (again.is_clean, again.repaired, again.warnings) == (True, (), ())
    # set aside, never deleted
    assert set(before.values()) <= set(content(root).values())

    with TradeStore(root) as store:
        store.append("trades", trades(1, 9000))
    assert TradeStore(root).read().num_rows == ROWS + 1
    report = verify(root)
    assert (report.is_clean, report.repaired) == (True, ())
    assert report.table_rows["trades"] == ROWS + 1


@pytest.mark.parametrize("name", ["kept-3", "forgotten-4"])
def test_who_opens_a_history_for_writing_repairs_it(history, name):
    root = history(name)
    cut(commit(root, 4), 0)
    cut(a_checkpoint(root), 0)
    (root / "trades" / ".part-0.parquet.tmp").write_bytes(b"half")
    with TradeStore(root):
        pass
    assert is_complete(root)
    report = verify(root)
    assert (report.is_clean, report.repaired, report.warnings) == (True, (), ())


def test_a_damaged_commit_under_a_checkpoint_is_a_warning(history):
    root = history("forgotten-4")
    cut(commit(root, 2), 50)
    report = verify(root)
    assert (report.is_clean, report.repaired) == (True, ())
    (warning,) = report.warnings
    assert "02.json is torn; a newer checkpoint says what it said" in warning
    assert is_complete(root)


def test_commits_that_a_checkpoint_covers_may_be_gone(history):
    root = history("forgotten-3")
    for number in range(3):
        commit(root, number).unlink()
    assert verify(root).is_clean
    cut(commit(root, 4), 0)
    assert verify(root).damaged == ()
    assert is_complete(root)


def test_rows_come_back_even_when_the_log_can_not_be_read_at_all(history):
    """The only checkpoint is torn and the commits before it have been cleaned away."""
    root = history("forgotten-3")
    for number in range(3):
        commit(root, number).unlink()
    cut(a_checkpoint(root), 900)
    report = verify(root)
    assert report.damaged == ()
    assert "80 rows of trades were put back from files without a commit" in report.repaired
    assert is_complete(root)


def newest_files(root):
    actions = [json.loads(line) for line in commit(root, 4).read_text().splitlines()]
    return [root / "trades" / action["add"]["path"] for action in actions if "add" in action]


FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
    "torn": lambda path: cut(path, 1000),
    "altered": lambda path: path.write_bytes(path.read_bytes().replace(b"SPY", b"SPX")),
}


@pytest.mark.parametrize("damage", FILES.values(), ids=FILES)
def test_a_data_file_is_written_again_while_the_journal_has_its_rows(history, damage):
    root = history("kept-3")
    files = newest_files(root)
    whole = content(root)
    for file in files:
        damage(file)
    report = verify(root)
    assert report.damaged == ()
    assert sum("was written again from the journal" in line for line in report.repaired) == len(
        files
    )
    assert {path: content(root)[path] for path in whole} == whole
    assert is_complete(root)
    TradeStore(root).open().close()
    assert is_complete(root)


@pytest.mark.parametrize("damage", FILES.values(), ids=FILES)
def test_a_data_file_whose_rows_the_journal_has_forgotten_is_damage(history, damage):
    root = history("forgotten-3")
    file = newest_files(root)[0]
    damage(file)
    report = verify(root)
    (said,) = report.damaged
    assert said.startswith(str(file.relative_to(root)))
    assert said.endswith("it held 20 rows, numbered 64 to 83")
    assert verify(root).damaged == report.damaged


def test_rows_of_a_lost_commit_whose_files_are_damaged_are_named(history):
    root = history("forgotten-None")
    newest_files(root)[0].write_bytes(b"")
    cut(commit(root, 4), 0)
    said = "the rows with the numbers 64 to 83 were acknowledged, and are in no table"
    for _ in range(2):
        (damage,) = verify(root).damaged
        assert damage.startswith(said)
    with pytest.raises(DamagedStoreError, match=said):
        repair(LocalLocation(root))


def test_a_commit_that_is_gone_without_a_trace_is_missed(history):
    """The bars of the same flush have higher numbers, and hide that the trades are gone."""
    root = history("forgotten-None")
    commit(root, 4).unlink()
    looked = verify(root, dry_run=True)
    assert "the rows with the numbers 64 to 83 were acknowledged" in looked.damaged[0]
    assert verify(root).damaged == ()
    assert is_complete(root)


def test_rows_that_are_there_twice_are_damage(history):
    root = history("forgotten-None")
    tables, layout = DeltaTables(LocalLocation(root)), TABLES["trades"]
    rows = TradeStore(root).read(columns=layout.numbered_schema.names).slice(60, 3)
    files = list(data_files(rows, layout))
    tables.location.put(f"trades/{files[0].path}", files[0].data)
    tables.commit(layout, files, Transaction("another", 1))
    said = "the rows with the numbers 64 to 66 are there more than once"
    assert verify(root).damaged == (said,)


def test_files_left_half_written_are_set_aside(history):
    root = history("forgotten-3")
    left = [
        root / "trades" / "month=2024-01" / ".part-00.parquet.tmp",
        log(root) / "_commit_7d3e.json.tmp",
        log(root) / f"{5:020}.json#1",
    ]
    for path in left:
        path.write_bytes(b"half")
    report = verify(root)
    assert len(report.repaired) == 3
    for path in left:
        assert not path.exists()
        aside = root / "trades" / "_damaged" / path.relative_to(root / "trades")
        assert aside.read_bytes() == b"half"
    assert verify(root).repaired == ()
    left[1].write_bytes(b"again")
    assert "_commit_7d3e.json.tmp.2" in verify(root).repaired[0]


def test_a_power_loss_while_a_history_is_made_is_no_loss(tmp_path):
    """The tables are made before the journal is."""
    store = TradeStore(tmp_path).open()
    store.release()
    for path in tmp_path.glob("journal*"):
        path.unlink()
    for path in tmp_path.rglob("*.json"):
        path.write_bytes(b"")
    assert repair(LocalLocation(tmp_path)) != ()
    with TradeStore(tmp_path) as store:
        assert store.read().num_rows == 0


def test_without_its_journal_a_torn_log_is_left_alone(history, tmp_path):
    root = history("forgotten-None")
    cut(commit(root, 4), 50)
    (root / "journal.sqlite").rename(tmp_path / "elsewhere")
    before = content(root)
    assert not verify(root).is_clean
    assert content(root) == before
    with pytest.raises(DamagedStoreError, match="without the journal"):
        repair(LocalLocation(root))
    assert verify(root, journal=tmp_path / "elsewhere").is_clean
    assert is_complete(root)


def test_nothing_is_repaired_while_another_process_writes(history):
    root = history("forgotten-None")
    cut(commit(root, 4), 0)
    before = content(root)
    lock = WriterLock(root / "journal.lock")
    report = verify(root)
    lock.release()
    assert not report.is_clean
    assert "is writing to this one" in report.warnings[-1]
    assert content(root) == before
    assert verify(root).is_clean


def test_a_whole_history_needs_no_repair(history):
    root = history("kept-3")
    before = content(root)
    assert repair(LocalLocation(root)) == ()
    assert content(root) == before
