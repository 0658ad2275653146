"""Splits in the tracker: units change, money does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import ConflictError
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
        assert tracker.record_splits([split(1, 2.0, account="acc_2")]).accepted == 1
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
