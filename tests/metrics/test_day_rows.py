"""The rows of live metrics: kept, moved back, and the same however trades come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError
from perfkit.metrics import PerformanceMetrics, day_kernel
from perfkit.metrics.day_rows import DayRows
from perfkit.metrics.label_bits import labels_in
from perfkit.metrics.trade_batch import numbers_of_table, utc_day
from perfkit.records import TradeRecord, to_table

START = datetime(2024, 1, 1, 9, tzinfo=UTC)


def trade(number, *, day=0, strategy="s", symbol="X", position=0.0, pnl=1.0, trip=None, labels=()):
    return TradeRecord(
        trade_id=f"t{number}",
        account_id="acc",
        strategy_id=strategy,
        execution_time=START + timedelta(days=day, minutes=number),
        symbol=symbol,
        side="buy",
        price=1.0,
        volume=1.0,
        commission=0.25,
        pnl=pnl,
        cumulative_pnl=0.0,
        position=position,
        round_trip_pnl=trip,
        labels=tuple(labels),
    )


@st.composite
def lives(draw):
    """Trades of two strategies in two symbols, over a few days, in order of time."""
    trades, held = [], {}
    for number in range(draw(st.integers(0, 30))):
        book = draw(st.sampled_from("st")), draw(st.sampled_from("XY"))
        after = draw(st.sampled_from([-1.0, 0.0, 1.0])) if book in held else 1.0
        pnl = float(draw(st.integers(-50, 50)))
        is_closed = book in held and held[book] * after <= 0.0
        trades.append(
            trade(
                number,
                day=number // 8,
                strategy=book[0],
                symbol=book[1],
                position=after,
                pnl=pnl,
                trip=pnl if is_closed else None,
                labels=draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3)),
            )
        )
        held[book] = after
        if after == 0.0:
            del held[book]
    return trades


def everything(performance):
    """Every day, and every round trip that is kept, with its labels by name."""
    return {
        owner: (
            [
                (repr(replace(row, labels={})), sorted(map(repr, row.labels.items())))
                for row in performance._range(*owner, None, None).periods()
            ],
            kept_trips(performance, owner),
        )
        for owner in performance.strategies()
    }


def kept_trips(performance, owner):
    last = performance._days.trips_of(owner, 1_000)
    labels = [sorted(last.names[n] for n in labels_in(bits[None, :])) for bits in last.bits]
    return list(zip(last.days.tolist(), last.pnl.tolist(), labels, strict=True))


def of(*batches, to=lambda trades: to_table(trades, TradeRecord)):
    performance = PerformanceMetrics()
    for trades in batches:
        performance.update(to(trades))
    return performance


law = settings(deadline=None, max_examples=40)


@law
@given(lives())
def test_records_one_by_one_are_the_table(trades):
    assert everything(of(*([t] for t in trades), to=list)) == everything(of(trades))


@law
@given(lives(), st.integers(0, 30))
def test_a_state_that_was_kept_goes_on_as_if_never_stopped(trades, cut):
    before = of(trades[:cut])
    after = PerformanceMetrics()
    after.restore(before.state())
    after.update(to_table(trades[cut:], TradeRecord))
    assert everything(after) == everything(of(trades))


@law
@given(lives(), lives(), st.tuples(*[st.integers(0, 30)] * 3))
def test_going_back_to_a_mark_undoes_everything_since(trades, others, cuts):
    first, second, third = sorted(cuts)
    performance = of(trades[:first])
    early = performance.mark()
    performance.update(trades[first:second])
    late = performance.mark()
    performance.update(trades[second:third])
    performance.update(others)
    performance.back_to(late)
    assert everything(performance) == expected(trades[:second], performance)
    performance.update(trades[second:third])
    performance.back_to(early)
    assert everything(performance) == expected(trades[:first], performance)
    performance.update(trades[first:])
    assert everything(performance) == expected(trades, performance)


def expected(trades, performance):
    """What trades make of strategies that are known, also those that have no day."""
    return {owner: [] for owner in performance.strategies()} | everything(of(trades))


@law
@given(lives())
def test_a_strategy_that_is_forgotten_leaves_the_others_as_they_were(trades):
    performance = of(trades)
    performance.forget([("acc", "s")])
    rest = [t for t in trades if t.strategy_id != "s"]
    assert everything(performance) == expected(rest, performance)
    performance.update([t for t in trades if t.strategy_id == "s"])
    assert everything(performance) == everything(of(trades))


def test_more_rows_labels_and_books_than_there_was_room_for_at_first():
    names = [f"label_{n:03}" for n in range(150)]
    trades = [
        trade(n, day=n % 40, symbol=f"S{n}", trip=float(n), labels=names[n : n + 3])
        for n in range(148)
    ]
    performance = of(trades[:70], trades[70:])
    summary = performance.summary("acc", "s")
    assert summary.trade_summary.total_trades == 148
    found = {name: p.trades for name, p in summary.label_performance.items()}
    assert found == {name: sum(name in names[n : n + 3] for n in range(148)) for name in names}
    window = performance.summary("acc", "s", window="148t")
    assert window.label_performance == summary.label_performance
    assert len(performance.days("acc", "s")) == 40


@law
@given(lives(), lives())
def test_a_late_trade_touches_its_day_only(trades, others):
    late = [replace(t, trade_id=f"late{t.trade_id}", symbol="late") for t in others]
    late = [replace(t, execution_time=START + timedelta(days=1)) for t in late]
    performance = of(trades)
    before = everything(performance)
    performance.update(late)
    day = repr(np.datetime64(START.date() + timedelta(days=1), "D"))
    for owner, (rows, _) in everything(performance).items():
        others = [row for row in rows if day not in row[0]]
        assert others == [row for row in before.get(owner, ([], []))[0] if day not in row[0]]


def test_a_pnl_that_is_not_known_makes_its_day_unknown_and_no_trip():
    trades = [
        trade(1, position=1.0, labels=["a"]),
        trade(2, pnl=None, trip=None),
        trade(3, position=1.0, labels=["b"]),
        trade(4, trip=5.0, pnl=5.0),
        trade(5, day=1, position=1.0, pnl=2.0),
    ]
    for performance in (of(trades), of(*([t] for t in trades), to=list)):
        days = performance.days("acc", "s")
        assert np.isnan(days["realized_pnl"][0])
        assert days["realized_pnl"][1] == 2.0
        assert days["round_trips"].tolist() == [1, 0]
        assert list(performance.summary("acc", "s").label_performance) == ["b"]


@pytest.mark.parametrize("field", ["pnl", "round_trip_pnl"])
def test_money_whose_square_overflows_is_refused(field):
    table = to_table([trade(1)], TradeRecord)
    place = table.column_names.index(field)
    bad = table.set_column(place, table.schema.field(place), [[1e160]])
    with pytest.raises(InvalidArgumentError, match="must lie within"):
        PerformanceMetrics().update(bad)


@settings(deadline=None, max_examples=10)
@given(lives())
def test_the_kernel_does_what_plain_python_does(trades):
    compiled, plain = DayRows(), DayRows()
    table = to_table(trades, TradeRecord)
    for rows in (compiled, plain):
        rows._keep()
        rows.mark()
    numbers = numbers_of_table(table, compiled, utc_day)
    compiled.add(numbers)
    numbers_of_table(table, plain, utc_day)
    plain._make_room()
    taken = day_kernel.follow_trades.py_func(
        numbers, 0, plain._rows, plain._trips, plain._closed.arrays, plain._undo
    )
    assert taken == len(trades)
    count = len(compiled)
    assert count == len(plain)
    pd.testing.assert_frame_equal(
        pd.DataFrame(compiled._rows.values[:count]), pd.DataFrame(plain._rows.values[:count])
    )
    assert compiled._rows.keys[:count].tolist() == plain._rows.keys[:count].tolist()
    for own, other in zip(compiled._closed.arrays, plain._closed.arrays, strict=True):
        assert own.tolist() == other.tolist()
