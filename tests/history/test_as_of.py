"""What we knew then, and why a number is another now: laws over random recordings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.history import History
from perfkit.records import Bar, CashRecord, Fill, SplitRecord
from perfkit.tracker import TradeTracker

START = datetime(2024, 1, 1, tzinfo=UTC)
OWNERS = ["account_id", "strategy_id"]
LAW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
CAUSES = ["late", "busted", "corrected", "restated"]


def at(hour):
    return START + timedelta(hours=hour)


def fill(trade_id, hour, side="buy", price=10.0, volume=1.0, **more):
    named = {"account_id": "main", "strategy_id": "trend", "symbol": "SPY"} | more
    return Fill(
        trade_id=trade_id, execution_time=at(hour), side=side, price=price, volume=volume, **named
    )


def recorded(folder, steps):
    """Record each (hour, record), told by a clock; a None moves all into the tables."""
    now = [at(0)]
    with TradeTracker(folder, market=None, labeler=None, clock=lambda: now[0]) as tracker:
        for hour, step in steps:
            now[0] = at(hour)
            if step is None:
                tracker.flush()
            elif isinstance(step, Fill):
                tracker.record(step)
            elif isinstance(step, CashRecord):
                tracker.record_cash([step])
            elif isinstance(step, SplitRecord):
                tracker.record_splits([step])
            else:
                tracker.record_bars([step])
    return History(str(folder))


@st.composite
def recordings(draw):
    """Draw what was recorded when: late fills, corrections, busts, splits, bars, cash."""
    steps, hour, alive = [], 0, []
    for number in range(draw(st.integers(2, 14))):
        hour += draw(st.integers(0, 9))
        when = draw(st.integers(0, hour))
        kinds = ["fill"] * 5 + ["bar", "cash", "flush", "rate"]
        if alive:
            kinds += ["correct", "bust", "split", "move"]
        steps.append((hour, draw(_steps(draw(st.sampled_from(kinds)), number, when, alive))))
    return steps


@st.composite
def _steps(draw, kind, number, when, alive):
    price = draw(st.sampled_from([8.0, 10.0, 12.5]))
    if kind == "flush":
        return None
    if kind in {"bar", "rate"}:
        name = draw(st.sampled_from(["SPY", "QQQ"])) if kind == "bar" else "BNB/USD"
        return Bar(symbol=name, close_time=at(when), close=price)
    if kind == "cash":
        return CashRecord(
            cash_id=f"C{number}", account_id="main", strategy_id="trend", kind="deposit",
            execution_time=at(when), amount=100.0, currency="USD",
        )  # fmt: skip
    if kind == "split":
        return SplitRecord(
            split_id=f"S{number}", account_id="main", symbol="SPY", ratio=2.0,
            execution_time=at(when) + timedelta(microseconds=number),  # each its own
        )  # fmt: skip
    terms = {"symbol": draw(st.sampled_from(["SPY", "QQQ"])), "currency": "USD"}
    terms |= {"side": draw(st.sampled_from(["buy", "sell"])), "price": price}
    terms |= draw(
        st.sampled_from([{}, {"commission": 0.5}, {"commission": 1.0, "fee_currency": "BNB"}])
    )
    terms |= {"volume": draw(st.sampled_from([1.0, 2.0]))}
    if kind == "fill":
        alive.append((f"T{number}", when, terms["symbol"]))
        return fill(f"T{number}", when, **terms)
    place = draw(st.integers(0, len(alive) - 1))
    original, first, symbol = alive[place]
    point = {"original_trade_id": original, "record_type": "bust" if kind == "bust" else "correct"}
    if kind == "bust":
        alive.pop(place)
    else:
        alive[place] = (f"T{number}", when if kind == "move" else first, terms["symbol"])
    if kind == "correct":
        terms["symbol"] = symbol
    return fill(f"T{number}", when if kind == "move" else first, **terms, **point)


def everything(history):
    asked = {"convert_to": "USD"}
    answers = [
        history.trades(),
        history.round_trips(method="fifo", grouping="flat_to_reduced"),
        history.equity(**asked),
        history.metrics(**asked),
    ]
    return [frame.reset_index(drop=not index) for index, frame in enumerate(answers)]


def assert_same(one, other):
    for left, right in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(left, right, check_exact=True)


@LAW
@given(steps=recordings(), until=st.integers(0, 60))
def test_as_of_a_moment_is_the_history_that_was_recorded_until_then(tmp_path_factory, steps, until):
    whole = recorded(tmp_path_factory.mktemp("whole"), steps)
    part = [step for step in steps if step[0] <= until]
    then = recorded(tmp_path_factory.mktemp("part"), part)
    assert_same(everything(whole.as_of(at(until))), everything(then))
    # nothing was known of what had not happened yet, so one bound is as good as two
    trades = then.trades()
    for view in (whole.as_of(at(until), at(until)), whole.as_of(None, at(until))):
        assert_same([view.trades()], [trades])


@LAW
@given(steps=recordings())
def test_as_of_no_bound_or_a_late_one_is_everything(tmp_path_factory, steps):
    whole = recorded(tmp_path_factory.mktemp("whole"), steps)
    trades, days = whole.trades(), whole.equity(convert_to="USD")
    for view in (whole.as_of(None), whole.as_of(None, None), whole.as_of(at(1000), at(1000))):
        assert_same([view.trades(), view.equity(convert_to="USD")], [trades, days])


@LAW
@given(steps=recordings(), since=st.integers(0, 60))
def test_changes_sum_to_the_difference_and_name_who_did_it(tmp_path_factory, steps, since):
    history = recorded(tmp_path_factory.mktemp("history"), steps)
    found = history.changes(since=at(since))
    then, now = history.as_of(at(since)).trades(), history.as_of(at(since), at(1000)).trades()
    difference = now["pnl"].sum() - then["pnl"].sum()
    assert found["pnl_change"].sum() == pytest.approx(difference, abs=1e-9)
    assert (
        found["pnl_change"] == found["pnl_now"].fillna(0.0) - found["pnl_before"].fillna(0.0)
    ).all()
    known = {step.trade_id: hour for hour, step in steps if isinstance(step, Fill)}
    splits_or_rates = any(
        isinstance(step, SplitRecord) or (isinstance(step, Bar) and "/" in step.symbol)
        for hour, step in steps
        if hour > since
    )
    for row in found.to_dict("records"):
        assert row["change"] in CAUSES
        if row["caused_by"] is None:
            assert row["change"] == "restated"
            assert splits_or_rates
        else:
            assert known[row["caused_by"]] > since
            assert row["recorded_at"] == at(known[row["caused_by"]])
    assert history.changes(since=at(1000)).empty


def test_what_is_new_is_no_change_of_the_past(tmp_path):
    steps = [
        (0, fill("A", 0)),
        (1, fill("B", 1, "sell", 12.0)),
        (5, fill("C", 5)),
        (6, fill("D", 6, "sell")),
    ]
    history = recorded(tmp_path, steps)
    assert history.changes(since=at(2)).empty
    assert history.changes(since=at(2), valid=at(9))["change"].tolist() == ["late", "late"]


def test_a_restated_trade_names_the_late_fill_and_not_a_later_one_of_its_book(tmp_path):
    # known at 3: bought at 10, sold at 12; then a late buy at 14, and an ordinary one at 8
    steps = [
        (0, fill("A", 0, volume=1.0)),
        (2, fill("B", 2, "sell", 12.0)),
        (4, fill("L", 1, price=14.0)),
        (8, fill("N", 8)),
    ]
    found = recorded(tmp_path, steps).changes(since=at(3)).set_index("trade_id")
    assert found["change"].to_dict() == {"L": "late", "B": "restated"}
    # average (10 + 14) / 2 = 12: nothing was gained
    assert found["pnl_change"].to_dict() == {"L": 0.0, "B": -2.0}
    assert found["caused_by"].to_dict() == {"L": "L", "B": "L"}


def test_a_trade_that_moved_to_another_symbol_restates_the_book_it_left(tmp_path):
    point = {"record_type": "correct", "original_trade_id": "A"}
    steps = [
        (0, fill("A", 0)),
        (1, fill("B", 1, price=14.0)),
        (2, fill("C", 2, "sell", 15.0)),
        (5, fill("K", 0, symbol="QQQ", **point)),
    ]
    found = recorded(tmp_path, steps).changes(since=at(3)).set_index("trade_id")
    assert found["change"].to_dict() == {"A": "corrected", "C": "restated"}
    assert found["pnl_change"].to_dict() == {"A": 0.0, "C": -2.0}
    assert found["caused_by"].to_dict() == {"A": "K", "C": "K"}


def test_the_correction_of_a_correction_is_the_cause_of_the_change(tmp_path):
    point = {"record_type": "correct"}
    steps = [
        (0, fill("A", 0)),
        (1, fill("B", 1, "sell", 12.0)),
        (2, fill("K", 0, price=11.0, original_trade_id="A", **point)),
        (5, fill("L", 0, price=9.0, original_trade_id="K", **point)),
        (6, fill("M", 0, volume=1.0, symbol="QQQ")),
    ]
    found = recorded(tmp_path, steps).changes(since=at(3)).set_index("trade_id")
    assert found.loc["A", ["change", "caused_by"]].tolist() == ["corrected", "L"]
    assert found.loc["B", ["change", "caused_by"]].tolist() == ["restated", "L"]


def test_a_correction_that_moves_a_trade_past_the_bound_is_no_bust(tmp_path):
    point = {"record_type": "correct", "original_trade_id": "B"}
    steps = [
        (0, fill("A", 0)),
        (1, fill("B", 1, "sell", 12.0)),
        (5, fill("K", 4, "sell", 12.0, **point)),
    ]
    (change,) = recorded(tmp_path, steps).changes(since=at(3)).to_dict("records")
    assert (change["trade_id"], change["change"]) == ("B", "corrected")
    assert (change["pnl_change"], change["caused_by"]) == (-2.0, "K")
