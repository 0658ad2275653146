"""Windows of live metrics: the last days and the last round trips, as if nothing else was."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics as m
from perfkit.errors import InvalidArgumentError
from perfkit.metrics import PerformanceMetrics, Tally

FIRST = date(2024, 1, 1)
LABELS = ((), ("up",), ("down",), ("up", "calm"))


class Trip(NamedTuple):
    strategy: str
    day: int
    pnl: float
    labels: tuple[str, ...]


def trips(seed, count):
    """Round trips of two strategies, on six days in any order."""
    draw = random.Random(seed)
    return [
        Trip(draw.choice("st"), draw.randrange(6), float(draw.randint(-9, 9)), draw.choice(LABELS))
        for _ in range(count)
    ]


def fills(found):
    """For each round trip the one fill that opens and closes it."""
    strategy, day, pnl, labels = zip(*found, strict=True) if found else ((),) * 4
    moments = np.datetime64(FIRST, "us") + np.array(day, "m8[D]")
    count = len(found)
    return pa.table(
        {
            "account_id": pa.repeat("acc", count),
            "strategy_id": pa.array(strategy, pa.string()),
            "symbol": pa.repeat("X", count),
            "execution_time": pa.array(moments, pa.timestamp("us", "UTC")),
            "labels": pa.array(labels, pa.list_(pa.string())),
            "pnl": pa.array(pnl, pa.float64()),
            "commission": pa.repeat(0.0, count),
            "position": pa.repeat(0.0, count),
            "round_trip_pnl": pa.array(pnl, pa.float64()),
        }
    )


def newest(raw, strategy):
    """Trips of a strategy by day, and of one day as they came."""
    return sorted((t for t in raw if t.strategy == strategy), key=lambda t: t.day)


def on_last_days(own, count):
    days = sorted({t.day for t in own})[-count:]
    return [t for t in own if t.day in days]


def assert_summary_of(summary, own):
    """A summary has the trade metrics and the labels of these trips, measured from scratch."""
    pnl = np.array([t.pnl for t in own])
    trade = summary.trade_summary
    assert (trade.total_trades, trade.winning_trades, trade.losing_trades) == (
        len(pnl), int((pnl > 0).sum()), int((pnl < 0).sum()),
    )  # fmt: skip
    found = summary.metrics.win_rate, summary.metrics.profit_factor, trade.avg_win, trade.avg_loss
    expected = m.win_rate(pnl), m.profit_factor(pnl), m.avg_win(pnl), m.avg_loss(pnl)
    assert found == pytest.approx(expected, nan_ok=True)
    by_label = {name: sum(t.pnl for t in own if name in t.labels) for t in own for name in t.labels}
    assert {name: p.pnl for name, p in summary.label_performance.items()} == by_label
    if own:
        assert summary.start_date.date() == FIRST + timedelta(days=own[0].day)


law = settings(deadline=None, max_examples=25)


@law
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 70), *[st.integers(0, 7)] * 2)
def test_a_window_is_what_its_raw_trades_say(seed, count, most, more_days, end):
    raw, days = trips(seed, count), more_days + 1
    live = PerformanceMetrics()
    live.update(fills(raw))
    for strategy in {t.strategy for t in raw}:
        own = newest(raw, strategy)
        assert_summary_of(live.summary("acc", strategy, window=f"{most}t"), own[-most:])
        found = live.summary("acc", strategy, window=f"{days}d")
        assert_summary_of(found, on_last_days(own, days))
        until = FIRST + timedelta(days=end)
        found = live.summary("acc", strategy, window=f"{days}d", end=until)
        assert_summary_of(found, on_last_days([t for t in own if t.day <= end], days))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 400)),
        st.tuples(st.sampled_from(["mark", "back", "release", "restart"]), st.integers(0, 5)),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=40)
@given(STEPS, st.integers(1, 40))
def test_the_last_trips_are_those_of_the_raw_trades_whatever_happened(steps, kept):
    """More trips than there is room for, marks that are held, let go and gone back to."""
    live, raw, marks = PerformanceMetrics(kept_trips=kept), [], []
    void = []  # marks that were gone back beyond, and are held all the same
    for number, (step, size) in enumerate(steps):
        if step == "add":
            more = trips(number, size)
            live.update(fills(more))
            raw = raw + more
        elif step == "mark":
            marks.append((live.mark(), raw))
        elif step == "back" and marks:
            void += marks[size % len(marks) + 1 :]
            del marks[size % len(marks) + 1 :]
            live.back_to(marks[-1][0])
            raw = marks[-1][1]
        elif step == "release":
            del marks[:size], void[:]
        elif step == "restart":
            state, live = live.state(), PerformanceMetrics()
            live.restore(state)
            marks.clear()
    for strategy in "st":
        own = newest(raw, strategy)
        assert live.has_days(("acc", strategy)) == bool(own)
        for window in (1, kept) if own else ():
            assert_summary_of(live.summary("acc", strategy, window=f"{window}t"), own[-window:])


@law
@given(st.integers(0, 10**6), st.integers(0, 300), st.integers(0, 300))
def test_a_strategy_that_is_forgotten_leaves_the_last_trips_of_the_others(seed, count, more):
    first, second = trips(seed, count), trips(seed + 1, more)
    live = PerformanceMetrics(kept_trips=20)
    live.update(fills(first))
    live.forget([("acc", "s")])
    live.update(fills(second))
    raw = [t for t in first if t.strategy != "s"] + second
    for strategy in {t.strategy for t in raw}:
        found = live.summary("acc", strategy, window="20t")
        assert_summary_of(found, newest(raw, strategy)[-20:])


def test_a_tally_of_a_window_is_that_of_its_trips():
    raw = trips(5, 80)
    live = PerformanceMetrics()
    live.update(fills(raw))
    own = [t.pnl for t in newest(raw, "s")]
    assert live.tally("acc", "s", window="7t") == Tally.of(own[-7:])
    assert live.tally("acc", "s") == Tally.of(own)  # whole amounts: to the last bit
    assert m.pnl_drawdown(live.tally("acc", "s")) == m.Path.of_pnl(own).money_drawdown


def test_a_window_of_days_has_their_returns():
    returns = np.random.default_rng(1).normal(0.001, 0.01, 80)
    live = PerformanceMetrics()
    days = pd.bdate_range("2024-01-01", periods=80)
    nav = 100.0 * np.cumprod(1.0 + returns)
    rows = {"day": days, "pnl": np.diff(nav, prepend=100.0), "nav": nav, "return": returns}
    live.update_equity(pd.DataFrame({"account_id": "acc", "strategy_id": "s", **rows}))
    summary = live.summary("acc", "s", window="63d")
    assert summary.start_date == datetime.combine(days[-63], datetime.min.time(), UTC)
    assert summary.metrics.total_return == m.total_return(returns[-63:])
    assert summary.metrics.sharpe_ratio == m.sharpe_ratio(returns[-63:], periods=252)
    assert summary.metrics.max_drawdown == m.max_drawdown(returns[-63:])
    weekly = live.summary("acc", "s", "weekly", window="63d")
    assert weekly.metrics == live.summary("acc", "s", "weekly", start=days[-63].date()).metrics


def test_round_trips_have_no_returns_and_say_so():
    live = PerformanceMetrics()
    live.update(fills(trips(3, 50)))
    summary = live.summary("acc", "s", window="10t")
    for name in ("total_return", "sharpe_ratio", "max_drawdown", "calmar_ratio"):
        assert np.isnan(getattr(summary.metrics, name))
        assert summary.reasons[name] == "no_returns"
    assert summary.trade_summary.total_trades == 10


def test_a_window_of_trips_where_none_has_closed_is_the_last_day_without_trades():
    live = PerformanceMetrics()
    live.update(fills(trips(3, 50)).to_pandas().assign(round_trip_pnl=np.nan, position=1.0))
    summary = live.summary("acc", "s", window="10t")
    assert summary.trade_summary.total_trades == 0
    assert summary.reasons["win_rate"] == "no_trades"
    assert summary.start_date.date() == summary.end_date.date() == date(2024, 1, 6)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"window": "63"}, "number of trading days such as '63d'"),
        ({"window": "0d"}, "such as '63d'"),
        ({"window": 63}, "such as '63d'"),
        ({"window": "6t"}, r"at most 5t.*was '6t'; PerformanceMetrics\(kept_trips=6\)"),
        ({"window": "3d", "start": FIRST}, "start must not be given"),
        ({"window": "3t", "end": FIRST}, "end must not be given"),
        ({"windw": "3t"}, r"start, end or window, was given \['windw'\]"),
    ],
)
def test_a_window_that_can_not_be_is_refused_by_name(terms, message):
    live = PerformanceMetrics(kept_trips=5)
    live.update(fills(trips(3, 50)))
    with pytest.raises(InvalidArgumentError, match=message):
        live.summary("acc", "s", **terms)


def test_no_round_trips_can_not_be_kept():
    with pytest.raises(InvalidArgumentError, match="kept_trips must be at least 1, was 0"):
        PerformanceMetrics(kept_trips=0)
