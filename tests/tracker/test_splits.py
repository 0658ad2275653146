"""Splits in the tracker: units change, money does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import ConflictError
from perfkit.history import History
from perfkit.labels import LabelGenerator
from perfkit.market import MarketState
from perfkit.records import Bar, CashRecord, SplitRecord
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker

BEGIN = datetime(2024, 1, 2, 15, tzinfo=UTC)


def split(hours, ratio=4.0, split_id="s", symbol="SPY", account="acc_1"):
    return SplitRecord(
        split_id=split_id, account_id=account, symbol=symbol, ratio=ratio,
        execution_time=BEGIN + timedelta(hours=hours),
    )  # fmt: skip


def deposit(amount=10_000.0):
    return CashRecord(
        cash_id="d", account_id="acc_1", strategy_id="trend", kind="deposit", amount=amount,
        execution_time=BEGIN - timedelta(hours=1),
    )  # fmt: skip


def trades(history):
    return {row["trade_id"]: row for row in TradeStore(history).read().to_pylist()}


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_split_changes_the_units_of_what_is_held(tmp_path, fill, is_restarted):
    tracker = TradeTracker(tmp_path)
    tracker.record(fill("1", 0, "buy", 400.0, 10.0))
    receipt = tracker.record_splits([split(1)])
    assert (receipt.accepted, receipt.duplicates) == (1, ())
    if is_restarted:
        tracker.close()
        tracker = TradeTracker(tmp_path)
    tracker.record(fill("2", 2, "sell", 110.0, 40.0))
    tracker.close()
    found = trades(tmp_path)
    # ten at 400 are forty at 100; sold at 110
    assert (found["2"]["pnl"], found["2"]["position"]) == (400.0, 0.0)
    assert found["2"]["account_state"]["position_before"] == 40.0
    assert found["1"]["position"] == 10.0


def test_a_late_split_counts_for_what_comes_after_it(tmp_path, fill):
    """The broker tells of the split after fills in new units were recorded."""
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("1", 0, "buy", 400.0, 10.0), fill("2", 2, "sell", 110.0, 30.0)])
        tracker.record_splits([split(1)])
        tracker.record(fill("3", 3, "sell", 110.0, 10.0))
    found = trades(tmp_path)
    assert found["2"]["position"] == -20.0  # as it was known then; a fact is not rewritten
    assert (found["3"]["pnl"], found["3"]["cumulative_pnl"]) == (100.0, 400.0)
    assert found["3"]["position"] == 0.0


def test_a_split_is_recorded_once_and_never_changed(tmp_path, clock):
    with TradeTracker(tmp_path, clock=clock) as tracker:
        tracker.record_splits([split(1)])
        again = SplitRecord(
            split_id="s", account_id="acc_1", symbol="SPY", ratio=4.0, source="statement",
            execution_time=BEGIN + timedelta(hours=1),
        )  # fmt: skip
        assert tracker.record_splits([again]).duplicates == ("s",)
        with pytest.raises(ConflictError, match=r"ratio was 4\.0 and is now 2\.0"):
            tracker.record_splits([split(1, 2.0)])
        assert tracker.record_splits([split(1, account="acc_2")]).accepted == 1
    rows = TradeStore(tmp_path).read("splits").to_pylist()
    assert [(row["account_id"], row["recorded_at"]) for row in rows] == [
        ("acc_1", clock()), ("acc_2", clock()),
    ]  # fmt: skip


def test_a_frame_of_splits_takes_the_tracker_s_account(tmp_path):
    frame = pd.DataFrame(
        {
            "split_id": ["1"], "execution_time": [pd.Timestamp(BEGIN)], "symbol": ["SPY"],
            "ratio": [2.0],
        }
    )  # fmt: skip
    with TradeTracker(tmp_path, account="acc_1", strategy="trend") as tracker:
        tracker.record_splits(frame)
    assert TradeStore(tmp_path).read("splits")["account_id"].to_pylist() == ["acc_1"]


@pytest.mark.parametrize("is_in_order", [True, False])
def test_a_split_changes_no_value_whatever_price_is_known(tmp_path, fill, is_in_order):
    """Ten at 400, split 4:1; worth 4000 by the old price, 4400 by a close of 110 after it."""

    def bar(hours, close):
        return Bar(symbol="SPY", close_time=BEGIN + timedelta(hours=hours), close=close)

    others = [
        fill(f"x{n}", hours, "buy", 1.0, 1.0, symbol="X")
        for n, hours in enumerate((1.0, 3.0, 5.0, 7.0))
    ]
    with TradeTracker(tmp_path) as tracker:
        tracker.record_bars([bar(2, 420.0), bar(6, 110.0)])
        if is_in_order:
            tracker.record_all(cash=[deposit()], splits=[split(4)])
        tracker.record(fill("1", 0, "buy", 400.0, 10.0))
        if not is_in_order:
            tracker.record_all(cash=[deposit()], splits=[split(4)])
        tracker.record_many(others)
    found = trades(tmp_path)
    states = [found[f"x{n}"]["account_state"] for n in range(4)]
    # the fill's 400; the close of 420; the same after the split; forty at 110
    assert [s["exposure"] for s in states] == [4_000.0, 4_201.0, 4_202.0, 4_403.0]
    assert [s["equity"] for s in states] == [10_000.0, 10_200.0, 10_200.0, 10_400.0]


steps = st.lists(
    st.tuples(st.sampled_from(["X", "Y"]), st.sampled_from(["buy", "sell"]), st.integers(1, 9)),
    min_size=2,
    max_size=8,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(0, 7), st.sampled_from([0.5, 2.0, 4.0]), st.booleans())
def test_money_is_as_without_a_split(tmp_path_factory, fill, clock, rows, place, ratio, is_late):
    """The same trades in new units and at new prices make the same money."""

    def at(n, factor):
        symbol, side, size = rows[n]
        factor = factor if symbol == "X" else 1.0
        return fill(str(n), n, side, 10.0 * (n + 1) / factor, size * factor, symbol=symbol)

    plain, split_up = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("split")
    with TradeTracker(plain, clock=clock) as tracker:
        tracker.record_all(fills=[at(n, 1.0) for n in range(len(rows))], cash=[deposit()])
    fills = [at(n, ratio if n > place else 1.0) for n in range(len(rows))]
    record = split(place + 0.5, ratio, symbol="X")
    with TradeTracker(split_up, clock=clock) as tracker:
        if is_late:
            tracker.record_splits([record])
            tracker.record_cash([deposit()])
            for each in reversed(fills):
                tracker.record(each)
            tracker.record(fill("last", 99, "buy", 1.0, 1.0, symbol="Z"))
        else:
            tracker.record_all(fills=fills, cash=[deposit()], splits=[record])
    if is_late:
        with TradeTracker(plain, clock=clock) as tracker:
            tracker.record(fill("last", 99, "buy", 1.0, 1.0, symbol="Z"))
    names = ["last"] if is_late else [str(n) for n in range(len(rows))]
    ours, theirs = trades(split_up), trades(plain)
    for name in names:
        for field in ("pnl", "cumulative_pnl", "round_trip_pnl"):
            assert ours[name][field] == pytest.approx(theirs[name][field], abs=1e-9)
        for field in ("equity", "cash", "exposure"):
            one, other = (each[name]["account_state"][field] for each in (ours, theirs))
            assert one == pytest.approx(other, abs=1e-9)


def test_a_split_that_two_sources_tell_is_not_counted_twice(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_splits([split(1)])
        with pytest.raises(ConflictError, match="must be split once at"):
            tracker.record_splits([replace(split(1), split_id="other")])
        assert tracker.store.read("splits").num_rows == 1


# sixty days between 390 and 410, and a split 4:1 in the morning before the next trade
DAYS = [
    Bar(symbol="SPY", close_time=BEGIN - timedelta(days=n, hours=2), close=410.0 - n % 3 * 10.0)
    for n in range(60, 0, -1)
]


def described(history, trade_id="1"):
    trade = trades(history)[trade_id]
    context = trade["market_context"]
    return context["close"], context["channel_low"], "breakout" in trade["labels"]


# the last close is 400; 99 is no breakout below a channel from 97.5 on, but below 390 it is one
OLD, NEW = (400.0, 390.0, True), (100.0, 97.5, False)


@pytest.mark.parametrize("told", ["with the fill", "before it", "before the tracker was opened"])
def test_a_fill_is_described_in_the_units_of_its_time(tmp_path, fill, told):
    short = fill("1", 0, "sell", 99.0, 10.0)
    tracker = TradeTracker(tmp_path)
    if told == "before it":
        tracker.record_splits([split(-1)])
    tracker.record_bars(DAYS)
    if told == "before the tracker was opened":
        tracker.record_splits([split(-1)])
        tracker.close()
        tracker = TradeTracker(tmp_path)
    if told == "with the fill":
        tracker.record_all(fills=[short], splits=[split(-1)])
    else:
        tracker.record(short)
    tracker.close()
    assert described(tmp_path) == NEW


def test_a_trade_that_was_described_before_its_split_was_told_is_judged_again(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_bars(DAYS)
        tracker.record(fill("1", 0, "sell", 99.0, 10.0))
        tracker.record_splits([split(-1), split(-1, account="acc_2")])
    assert described(tmp_path) == OLD
    history = History(tmp_path)
    history.relabel()
    judged = TradeStore(tmp_path).read("labels").to_pylist()
    assert ("breakout", 0.0) in [(row["label"], row["confidence"]) for row in judged]


class Failing(LabelGenerator):
    """A labeler that fails once."""

    fails = True

    def generate(self, trades, context):
        if self.fails:
            self.fails = False
            raise ZeroDivisionError
        return super().generate(trades, context)


def test_a_split_that_could_not_be_recorded_is_unknown_to_the_market_too(tmp_path, fill):
    market = MarketState()
    with TradeTracker(tmp_path, market=market, labeler=Failing()) as tracker:
        tracker.record_bars(DAYS)
        tracker.record_splits([split(-9_000, 2.0, "old")])
        with pytest.raises(ZeroDivisionError):
            tracker.record_all(fills=[fill("1", 0, "sell", 99.0, 10.0)], splits=[split(-1)])
        assert tracker.store.read("splits")["split_id"].to_pylist() == ["old"]
        tracker.record(fill("1", 0, "sell", 99.0, 10.0))
        assert described(tmp_path) == OLD
        tracker.record_all(fills=[fill("2", 1, "sell", 99.0, 10.0)], splits=[split(-1)])
        assert described(tmp_path, "2") == NEW


@pytest.mark.parametrize("has_market", [True, False])
def test_accounts_that_contradict_each_other_on_a_ratio_are_told_so(tmp_path, fill, has_market):
    with TradeTracker(tmp_path, market=MarketState() if has_market else None) as tracker:
        tracker.record_splits([split(1)])
        with pytest.raises(
            ConflictError, match=r"ratio of SPY.*4\.0, as of account 'acc_1', was 5"
        ):
            tracker.record_all(fills=[fill("1", 2)], splits=[split(1, 5.0, "t", account="acc_2")])
        assert tracker.store.read("splits").num_rows == 1
        assert tracker.record(fill("1", 2)).accepted == 1
    TradeTracker(tmp_path).close()
