"""A desk whose every fill can be made again, and what must be true of its history after a fault."""

from __future__ import annotations

import random
import shutil
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from itertools import count, islice

from typer.testing import CliRunner

from perfkit.cli import app
from perfkit.records import Bar, Fill
from perfkit.tracker import Recorder, TradeTracker
from tests.tracker.test_recovery import assert_same, books

BEGIN = datetime(2025, 3, 3, 14, tzinfo=UTC)
SYMBOLS = ("SPY", "QQQ", "IWM")
COLUMNS = ["trade_id", "sequence"]


def bars(day):
    """Make a few days' bars of every symbol, the last of them the day before."""
    days = range(-40, 0) if day == 0 else [day - 1]
    return [
        Bar(
            symbol=symbol, close_time=BEGIN + timedelta(days=n), close=100.0 + n % 7, volume=1e6,
            open=100.0, high=110.0, low=90.0,
        )
        for n in days
        for symbol in SYMBOLS
    ]  # fmt: skip


def fills(day, thread):
    """Make the fills of one thread on one day, for ever; some late, corrected or repeated."""
    rng = random.Random(f"{day}/{thread}")
    sent = deque(maxlen=200)
    for number in count():
        if number % 53 == 52:
            yield rng.choice(sent)
            continue
        seconds = number - (90.5 if number % 97 == 96 else 0)  # no two at one time
        values = {
            "trade_id": f"d{day}.{thread}.{number}",
            "account_id": f"acc_{thread % 2}",
            "strategy_id": f"s{thread}",
            "execution_time": BEGIN + timedelta(days=day, seconds=seconds, milliseconds=thread),
            "symbol": rng.choice(SYMBOLS),
            "side": rng.choice(["buy", "sell"]),
            "price": rng.uniform(90, 110),
            "volume": float(rng.randint(1, 9)),
            "commission": 0.35,
        }
        if number % 301 == 300:
            original = next(fill for fill in reversed(sent) if fill.record_type == "new")
            values |= {
                "record_type": "correct",
                "original_trade_id": original.trade_id,
                "symbol": original.symbol,
                "execution_time": original.execution_time,
            }
        sent.append(Fill(**values))
        yield sent[-1]


def first_fills(day, thread, number):
    return list(islice(fills(day, thread), number))


def acknowledged(ledger):
    """Read what was written down of each receipt: from each trade's id its sequence."""
    told = {}
    whole, _, _ = ledger.read_bytes().rpartition(b"\n") if ledger.exists() else (b"", b"", b"")
    for line in whole.decode().splitlines():
        trade, _, sequence = line.partition(" ")
        assert sequence.isdecimal(), f"a receipt was refused: {line}"
        assert told.setdefault(trade, int(sequence)) == int(sequence), f"{trade} got two numbers"
    return told


def stored(store):
    """Read what a history holds: from each trade's id its sequence; no id and no number twice."""
    rows = store.read(columns=COLUMNS).to_pydict()
    twice = [trade for trade, times in Counter(rows["trade_id"]).items() if times > 1]
    assert twice == []
    assert len(set(rows["sequence"])) == len(rows["sequence"])
    return dict(zip(rows["trade_id"], rows["sequence"], strict=True))


def assert_kept(told, held):
    """Hold what was acknowledged against what is there."""
    lost = {trade: number for trade, number in told.items() if held.get(trade) != number}
    assert lost == {}, f"{len(lost)} of {len(told)} acknowledged are lost or renumbered"


def assert_books_are_those_of_a_replay(folder, tracker, copy):
    """Replay all of a history whose writer is idle, in a copy without snapshots."""
    live = books(tracker)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("recovery", "*.lock"))
    with TradeTracker(copy, labeler=None) as replay:
        assert_same(live, books(replay))
    shutil.rmtree(copy)


def assert_resent_are_duplicates(tracker, sent, held):
    """Offer everything again: what is held is a duplicate under its own number."""
    with Recorder(tracker, capacity=len(sent)) as recorder:
        receipts = [recorder.submit(fill) for fill in sent]
    again = {f.trade_id: w.result() for f, w in zip(sent, receipts, strict=True)}
    known = {trade: receipt for trade, receipt in again.items() if trade in held}
    assert {trade for trade, receipt in known.items() if not receipt.duplicate} == set()
    assert {trade: receipt.sequence for trade, receipt in known.items()} == held


def assert_clean(folder):
    """Run `perfkit verify`, and want nothing to say against the history."""
    answer = CliRunner().invoke(app, ["verify", str(folder)])
    assert answer.exit_code == 0, answer.output
