"""Recovery: books that go on from a snapshot are those of a full replay."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import ConflictError
from perfkit.history import History
from perfkit.metrics import PerformanceMetrics
from perfkit.records import Bar, CashRecord, Fill, SplitRecord
from perfkit.tracker import TradeTracker, memory, window

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def books(tracker):
    """Give the ledger's positions, and what is held, bit for bit, by their names."""
    ledger = tracker.recording.memory.ledger().positions()
    holdings = tracker.recording.memory.books.state().holdings
    held = {
        tuple(key): tuple(row)
        for key, row in zip(holdings.names["holdings"], holdings.arrays["holdings"], strict=True)
        if row["time"]
    }
    keys = ["account_id", "strategy_id", "symbol"]
    days = days_of(tracker.recording.memory.performance())
    return ledger.sort_values(keys).reset_index(drop=True), held, days


def days_of(performance):
    """Give every day of every strategy, with its labels, bit for bit."""
    return {
        (*owner, str(day.day)): (
            repr(replace(day, labels={})),
            sorted(map(str, day.labels.items())),
        )
        for owner in performance.strategies()
        for day in performance._range(*owner, None, None).periods()
    }


def assert_same(one, other):
    pd.testing.assert_frame_equal(one[0], other[0], check_exact=True)
    assert one[1:] == other[1:]


class Sides:
    """Labels each trade by its side and its symbol."""

    def generate(self, trades, context):
        words = zip(trades["side"].to_pylist(), trades["symbol"].to_pylist(), strict=True)
        return pa.array([[side, symbol.lower()] for side, symbol in words], pa.list_(pa.string()))


def replayed(folder):
    """Open a history without its snapshot, and give the books."""
    shutil.rmtree(folder / "recovery", ignore_errors=True)
    with TradeTracker(folder, labeler=Sides()) as tracker:
        return books(tracker)


def a_life(rng):
    """Make steps of a desk: late and corrected fills, busts, splits, cash, rates, restarts."""
    names, steps = [], []
    for n in range(60):
        owner = {"account_id": rng.choice("ab"), "strategy_id": rng.choice(["x", "y"])}
        time = BEGIN + timedelta(hours=rng.choice([n, n, n, n - 1, n - 20]))
        values = owner | {
            "execution_time": time, "symbol": rng.choice(["SPY", "QQQ"]),
            "price": rng.uniform(1, 9), "side": rng.choice(["buy", "sell"]),
            "volume": float(rng.randint(1, 9)), "commission": 0.1, "currency": "USD",
            "fee_currency": rng.choice(["USD", "USD", "BNB"]),
        }  # fmt: skip
        kind = rng.choice(["fill"] * 6 + ["correct", "bust", "split", "cash", "rate", "restart"])
        if kind in ("correct", "bust") and names:
            account, original = rng.choice(names)
            values |= {"record_type": kind, "original_trade_id": original, "account_id": account}
            steps.append(("fill", Fill(trade_id=f"c{n}", **values)))
        elif kind == "split":
            day = BEGIN + timedelta(days=n, seconds=n)
            row = {
                "account_id": owner["account_id"],
                "symbol": "SPY",
                "ratio": rng.choice([2.0, 0.5]),
            }
            steps.append(("split", SplitRecord(split_id=f"s{n}", execution_time=day, **row)))
        elif kind == "cash":
            row = owner | {"execution_time": time, "kind": "deposit", "amount": 100.0}
            steps.append(("cash", CashRecord(cash_id=f"d{n}", **row)))
        elif kind == "rate":
            steps.append(
                (
                    "rate",
                    Bar(symbol="BNB/USD", close_time=BEGIN + timedelta(hours=n), close=300.0 + n),
                )
            )
        elif kind == "restart":
            steps.append(("restart", rng.choice(["close", "release"])))
        else:
            names.append((owner["account_id"], f"t{n}"))
            steps.append(("fill", Fill(trade_id=f"t{n}", **values)))
    return steps


@pytest.fixture
def small(monkeypatch):
    """Make snapshots and windows so small that a short life goes through many of them."""
    monkeypatch.setattr(memory, "_SNAPSHOT_ROWS", 7)
    monkeypatch.setattr(window, "_SPAN", 5)
    monkeypatch.setattr(window, "_LONGEST", 20)


@settings(
    max_examples=10, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(seed=st.integers(0, 10_000))
def test_after_any_life_the_books_are_those_of_a_full_replay(tmp_path_factory, small, seed):
    folder = tmp_path_factory.mktemp("history")
    tracker = TradeTracker(folder, labeler=Sides())
    how = {"fill": "record_many", "cash": "record_cash", "split": "record_splits"}
    for kind, row in a_life(random.Random(seed)):
        if kind == "restart":
            tracker.close() if row == "close" else tracker.store.release()
            tracker = TradeTracker(folder, labeler=Sides())
        else:
            getattr(tracker, how.get(kind, "record_bars"))([row])
    live = books(tracker)
    tracker.close()
    with TradeTracker(folder, labeler=Sides()) as again:
        assert_same(books(again), live)
    assert_same(replayed(folder), live)
    in_force = PerformanceMetrics()
    in_force.update(History(folder)._facts.records({}))
    assert days_of(in_force) == live[2]


@pytest.mark.parametrize("copies", [1, 3])
def test_delivered_in_any_order_and_repeatedly_the_books_are_bit_equal(tmp_path, fill, copies):
    rng = random.Random(copies)
    fills = [
        fill(str(n), n / 7, rng.choice(["buy", "sell"]), rng.uniform(1, 9), rng.randint(1, 9),
             symbol=rng.choice(["SPY", "QQQ", "IWM"]), strategy_id=rng.choice(["x", "y"]),
             commission=0.1)
        for n in range(2_000)
    ]  # fmt: skip
    delivered = fills * copies
    rng.shuffle(delivered)
    with TradeTracker(tmp_path / "live", market=None, labeler=None) as live:
        accepted = sum(
            live.record_many(delivered[start : start + 150]).accepted
            for start in range(0, len(delivered), 150)
        )
        with TradeTracker(tmp_path / "batch", market=None, labeler=None) as batch:
            batch.record_many(fills)
            assert accepted == 2_000
            assert_same(books(live), books(batch))


def snapshot(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill(str(n), n) for n in range(20)])
        return books(tracker)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "run_gone", "run_flip", "text"])
def test_a_damaged_snapshot_is_not_believed(tmp_path, fill, damage):
    live = snapshot(tmp_path, fill)
    file = tmp_path / "recovery" / "snapshot"
    (run,) = (tmp_path / "recovery").glob("*.run")
    target = run if damage.startswith("run") else file
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    changed = {"cut": bytes(data[:100]), "empty": b"", "text": b"{}"}.get(damage, bytes(data))
    target.unlink() if damage.endswith("gone") else target.write_bytes(changed)
    with TradeTracker(tmp_path) as tracker:
        assert_same(books(tracker), live)
        assert tracker.record(fill("7", 7)).duplicate
        with pytest.raises(ConflictError):
            tracker.record(fill("7", 7, price=1.0))


def test_a_snapshot_of_more_than_the_history_holds_is_not_believed(tmp_path, fill):
    """The history was put back from a backup, its snapshot was not."""
    with TradeTracker(tmp_path / "history") as tracker:
        tracker.record_many([fill(str(n), n) for n in range(5)])
    shutil.copytree(tmp_path / "history", tmp_path / "backup")
    with TradeTracker(tmp_path / "history") as tracker:
        tracker.record_many([fill(str(n), n) for n in range(5, 9)])
    shutil.copytree(tmp_path / "history" / "recovery", tmp_path / "backup" / "recovery",
                    dirs_exist_ok=True)  # fmt: skip
    with TradeTracker(tmp_path / "backup") as tracker:
        assert tracker.record(fill("7", 7)).accepted == 1
        assert tracker.record(fill("3", 3)).duplicate


def test_a_history_in_another_place_goes_on_from_its_own_snapshot(tmp_path, fill):
    live = snapshot(tmp_path / "here", fill)
    shutil.move(tmp_path / "here", tmp_path / "there")
    with TradeTracker(tmp_path / "there") as tracker:
        assert_same(books(tracker), live)


def test_only_what_came_after_the_snapshot_is_read(tmp_path, fill, monkeypatch):
    live = snapshot(tmp_path, fill)
    read = []
    monkeypatch.setattr(
        "perfkit.tracker.books.Books.catch_up",
        lambda books, facts, sequence: read.append(facts.trades.num_rows),
    )
    with TradeTracker(tmp_path) as tracker:
        assert_same(books(tracker), live)
    assert read == [0]
