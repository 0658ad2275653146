"""Append many: rows of several tables are one transaction."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import pytest

from perfkit.errors import InvalidTableError, UnknownNameError
from perfkit.records import CashRecord, SplitRecord, to_table
from perfkit.store import TradeStore, verify

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def cash():
    record = CashRecord(
        cash_id="1", account_id="a", strategy_id="s", execution_time=NOON, kind="fee", amount=-1.0
    )
    return to_table([record], CashRecord)


@pytest.fixture
def splits():
    record = SplitRecord(split_id="1", account_id="a", execution_time=NOON, symbol="X", ratio=2.0)
    return to_table([record], SplitRecord)


def counts(history):
    return {name: TradeStore(history).read(name).num_rows for name in ("trades", "cash", "splits")}


def test_tables_are_numbered_in_the_order_given(tmp_path, trades, cash, splits, monkeypatch):
    monkeypatch.setattr("perfkit.store.journal.GROUP_ROWS", 2)
    with TradeStore(tmp_path) as store:
        receipts = store.append_many({"cash": cash, "trades": trades(5), "splits": splits})
        numbers = {
            name: (receipt.first_sequence, receipt.last_sequence, receipt.accepted)
            for name, receipt in receipts.items()
        }
        assert numbers == {"cash": (1, 1, 1), "trades": (2, 6, 5), "splits": (7, 7, 1)}
        assert store.flush() == 7
    assert counts(tmp_path) == {"trades": 5, "cash": 1, "splits": 1}
    assert verify(tmp_path).is_clean


def test_an_empty_table_is_acknowledged_among_others(tmp_path, trades, cash):
    with TradeStore(tmp_path) as store:
        receipts = store.append_many({"trades": trades(0), "cash": cash})
        assert (receipts["trades"].accepted, receipts["trades"].first_sequence) == (0, None)
        assert receipts["cash"].first_sequence == 1
        assert store.append_many({}) == {}


def test_one_bad_table_refuses_them_all(tmp_path, trades, cash):
    rows = trades(3)
    place = rows.column_names.index("volume")
    bad = rows.set_column(place, rows.schema.field(place), [[1.0, -1.0, 1.0]])
    with TradeStore(tmp_path) as store:
        with pytest.raises(InvalidTableError, match="volume must be > 0"):
            store.append_many({"cash": cash, "trades": bad})
        with pytest.raises(UnknownNameError, match="there is no 'trade'"):
            store.append_many({"cash": cash, "trade": rows})
    assert counts(tmp_path) == {"trades": 0, "cash": 0, "splits": 0}


CHILD = textwrap.dedent(
    """
    import sqlite3, sys
    from datetime import datetime, timedelta, UTC
    from perfkit.records import CashRecord, SplitRecord, TradeRecord, to_table
    from perfkit.store import TradeStore, journal

    begin = datetime(2024, 1, 1, tzinfo=UTC)
    who = {"account_id": "a", "strategy_id": "s"}
    journal.GROUP_ROWS = 2

    def tables(n):
        time = begin + timedelta(days=n)
        trades = [TradeRecord(trade_id=f"T{n}-{k}", execution_time=time, symbol="X", side="buy",
                              price=1.0, volume=1.0, **who) for k in range(5)]
        cash = CashRecord(cash_id=f"C{n}", execution_time=time, kind="fee", amount=-1.0, **who)
        split = SplitRecord(split_id=f"S{n}", account_id="a", execution_time=time, symbol="X",
                            ratio=2.0)
        return {"cash": to_table([cash], CashRecord), "trades": to_table(trades, TradeRecord),
                "splits": to_table([split], SplitRecord)}

    store = TradeStore(sys.argv[1]).open()
    for n in range(100_000):
        store.append_many(tables(n))
        print(n, flush=True)
        if n % 20 == 19:
            store.flush()
    """
)

STEPS = textwrap.dedent(
    """
    import os, signal
    store.append_many(tables(0))
    left = int(sys.argv[2])

    class Dying:
        def __init__(self, connection):
            self.connection = connection

        def __getattr__(self, name):
            return getattr(self.connection, name)

        def executemany(self, statement, lines):
            for count, line in enumerate(lines):
                if count == left:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.connection.execute(statement, line)
            if left == -1:
                os.kill(os.getpid(), signal.SIGKILL)  # everything is said, and not committed

    store._writer.journal._connection = Dying(store._writer.journal._connection)
    store.append_many(tables(1))
    """
)


@pytest.mark.parametrize("groups", [0, 1, 2, 4, -1])
def test_a_kill_between_two_groups_of_a_transaction_leaves_none_of_them(tmp_path, groups):
    script = CHILD[: CHILD.index("for n in range(100_000)")] + STEPS
    command = [sys.executable, "-c", script, str(tmp_path), str(groups)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (run.stdout, run.stderr, run.returncode) == ("", "", -9)
    assert counts(tmp_path) == {"trades": 5, "cash": 1, "splits": 1}
    with TradeStore(tmp_path) as store:
        assert store.flush() == 7
    assert verify(tmp_path).is_clean


def test_a_kill_at_any_time_leaves_whole_transactions(tmp_path):
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for acknowledged in range(45):
        assert child.stdout.readline() == f"{acknowledged}\n"
    os.kill(child.pid, signal.SIGKILL)
    rest = child.communicate()[0].splitlines()
    acknowledged = int(rest[-1]) if rest else acknowledged
    found = counts(tmp_path)
    assert found["cash"] in (acknowledged + 1, acknowledged + 2)  # one may be on disk, unanswered
    assert found == {"cash": found["cash"], "trades": 5 * found["cash"], "splits": found["cash"]}
    assert verify(tmp_path).is_clean
