"""Record all: fills, cash and splits of one import are one transaction."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import pytest

from perfkit.errors import ConflictError, InvalidTableError, StoreError, UnknownNameError
from perfkit.records import CashRecord, SplitRecord, to_table
from perfkit.store import TradeStore, verify
from perfkit.store.journal import Journal
from perfkit.tracker import TradeTracker

BEGIN = datetime(2024, 1, 2, 15, tzinfo=UTC)
NONE = {"trades": 0, "cash": 0, "splits": 0}


def cash(cash_id="c", hours=-1.0, amount=10_000.0, kind="deposit"):
    return CashRecord(
        cash_id=cash_id, account_id="acc_1", strategy_id="trend", kind=kind, amount=amount,
        execution_time=BEGIN + timedelta(hours=hours),
    )  # fmt: skip


def split(split_id="s", hours=1.0, ratio=2.0, symbol="SPY"):
    return SplitRecord(
        split_id=split_id, account_id="acc_1", symbol=symbol, ratio=ratio,
        execution_time=BEGIN + timedelta(hours=hours),
    )  # fmt: skip


def counts(history):
    return {name: TradeStore(history).read(name).num_rows for name in NONE}


def test_everything_is_recorded_stamped_and_receipted_by_table(tmp_path, fill, clock):
    with TradeTracker(tmp_path, clock=clock) as tracker:
        receipts = tracker.record_all(
            fills=[fill("1"), fill("2", 2, "sell", 30.0)], cash=[cash()], splits=[split()]
        )
        assert {name: receipt.accepted for name, receipt in receipts.items()} == {
            "trades": 2, "cash": 1, "splits": 1,
        }  # fmt: skip
        assert [receipts[n].first_sequence for n in ("trades", "cash", "splits")] == [1, 3, 4]
    for name in NONE:
        stamps = TradeStore(tmp_path).read(name)["recorded_at"].to_pylist()
        assert set(stamps) == {clock()}


def test_cash_and_splits_count_for_the_fills_that_come_with_them(tmp_path, fill):
    """A hundred at 50 become two hundred; of those one hundred are sold at 30."""
    with TradeTracker(tmp_path) as tracker:
        tracker.record_all(
            fills=[fill("2", 2, "sell", 30.0), fill("1")], cash=[cash()], splits=[split()]
        )
    first, second = TradeStore(tmp_path).read().to_pylist()
    assert first["account_state"]["equity"] == 10_000.0
    assert second["pnl"] == (30.0 - 25.0) * 100
    assert (second["position"], second["average_price"]) == (100.0, 25.0)
    assert second["account_state"]["position_before"] == 200.0
    assert second["account_state"]["equity"] == 10_000.0  # two hundred at 25, as bought


def test_again_everything_is_a_duplicate_told_by_table(tmp_path, fill):
    given = {"fills": [fill("1")], "cash": [cash()], "splits": [split()]}
    with TradeTracker(tmp_path) as tracker:
        tracker.record_all(**given)
    for is_reopened in (False, True):
        with TradeTracker(tmp_path) as tracker:
            heard = []
            tracker.subscribe(heard.append)
            receipts = tracker.record_all(**given)
            assert [r.accepted for r in receipts.values()] == [0, 0, 0]
            assert {name: r.duplicates for name, r in receipts.items()} == {
                "trades": ("1",), "cash": ("c",), "splits": ("s",),
            }  # fmt: skip
            more = given["cash"] + [cash("d")]
            if not is_reopened:
                assert tracker.record_all(cash=more)["cash"].duplicates == ("c",)
            assert heard == []
    assert counts(tmp_path) == {"trades": 1, "cash": 2, "splits": 1}


def test_what_is_not_given_has_no_receipt(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        assert tracker.record_all() == {}
        assert list(tracker.record_all(splits=[split()])) == ["splits"]
        assert tracker.record_all(fills=[])["trades"].accepted == 0


def bad(rows, **values):
    return to_table(rows, type(rows[0])).to_pandas().assign(**values)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"cash": bad([cash()], amount=-1.0)}, InvalidTableError, "amount must be > 0"),
        ({"splits": bad([split()], ratio=0.0)}, InvalidTableError, "ratio must be > 0"),
        ({"cash": [cash(amount=1.0), cash(amount=2.0)]}, ConflictError, "amount was 1.0 and is"),
        ({"splits": [split(), split(ratio=3.0)]}, ConflictError, "split_id 's'.*ratio was 2.0"),
    ],
)
def test_one_bad_row_refuses_them_all(tmp_path, fill, given, error, message):
    rows = {"fills": [fill("1")], "cash": [cash()], "splits": [split()]}
    with TradeTracker(tmp_path) as tracker:
        with pytest.raises(error, match=message):
            tracker.record_all(**(rows | given))
        assert counts(tmp_path) == NONE
        tracker.record_all(**rows)
        assert counts(tmp_path) == {"trades": 1, "cash": 1, "splits": 1}


def test_a_fill_that_the_books_refuse_takes_its_cash_and_splits_with_it(tmp_path, fill):
    unknown = fill("9c", 1, record_type="correct", original_trade_id="9")
    with TradeTracker(tmp_path) as tracker:
        tracker.record_all(fills=[fill("1")], cash=[cash()])
        with pytest.raises(UnknownNameError):
            tracker.record_all(fills=[unknown], cash=[cash("d")], splits=[split()])
        assert counts(tmp_path) == {"trades": 1, "cash": 1, "splits": 0}
        tracker.record(fill("2", 2))
    last = TradeStore(tmp_path).read().to_pylist()[-1]
    assert (last["position"], last["account_state"]["cash"]) == (200.0, 5_000.0)


def test_a_disk_that_fails_acknowledges_none_of_them(tmp_path, fill, monkeypatch):
    tracker = TradeTracker(tmp_path)
    with monkeypatch.context() as patch:

        def refuse(self, tables):
            raise StoreError("the disk is gone")

        patch.setattr(Journal, "append", refuse)
        with pytest.raises(StoreError, match="the disk is gone"):
            tracker.record_all(fills=[fill("1")], cash=[cash()], splits=[split(hours=-3)])
    assert counts(tmp_path) == NONE
    tracker.record(fill("1"))  # the books know nothing of the cash and the split either
    tracker.close()
    (row,) = TradeStore(tmp_path).read().to_pylist()
    assert (row["position"], row["account_state"]["cash"]) == (100.0, None)


CHILD = textwrap.dedent(
    """
    import os, signal, sys
    from datetime import datetime, timedelta, UTC
    from perfkit.records import CashRecord, Fill, SplitRecord
    from perfkit.store.journal import Journal
    from perfkit.tracker import TradeTracker

    begin = datetime(2024, 1, 1, tzinfo=UTC)
    who = {"account_id": "a", "strategy_id": "s"}

    def given(n):
        time = begin + timedelta(days=n)
        return {
            "fills": [Fill(trade_id=f"{n}-{k}", execution_time=time, symbol="X", side="buy",
                           price=1.0, volume=1.0, **who) for k in range(3)],
            "cash": [CashRecord(cash_id=f"{n}", execution_time=time, kind="dividend", amount=1.0,
                                **who)],
            "splits": [SplitRecord(split_id=f"{n}", account_id="a", symbol="X", ratio=2.0,
                                   execution_time=time + timedelta(hours=1))],
        }

    tracker = TradeTracker(sys.argv[1])
    tracker.record_all(**given(0))
    place, append = sys.argv[2], Journal.append

    def die(self, tables):
        if place == "after":
            append(self, tables)
        os.kill(os.getpid(), signal.SIGKILL)

    Journal.append = die
    tracker.record_all(**given(1))
    """
)


@pytest.mark.parametrize(("place", "imports"), [("before", 1), ("after", 2)])
def test_after_a_kill_an_import_is_there_whole_or_not_at_all(tmp_path, place, imports):
    command = [sys.executable, "-c", CHILD, str(tmp_path), place]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (run.stdout, run.stderr, run.returncode) == ("", "", -9)
    assert counts(tmp_path) == {"trades": 3 * imports, "cash": imports, "splits": imports}
    with TradeTracker(tmp_path) as tracker:
        positions = tracker.store.read()["position"].to_pylist()
    # three shares become six, and three more are bought
    assert positions == [1.0, 2.0, 3.0, 7.0, 8.0, 9.0][: 3 * imports]
    assert verify(tmp_path).is_clean
