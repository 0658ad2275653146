"""PerformanceMetrics: one by one, in batches or at once, the same summary."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit import metrics as m
from perfkit.errors import InvalidArgumentError, SchemaError, UnknownNameError
from perfkit.metrics import PerformanceMetrics
from perfkit.records import TradeRecord, arrow_schema

START = pd.Timestamp("2024-01-01", tz="UTC")


def trades(*rows):
    """Rows of (hours, symbol, position, pnl, round trip P&L, labels)."""
    columns = ["hours", "symbol", "position", "pnl", "round_trip_pnl", "labels"]
    frame = pd.DataFrame(list(rows), columns=columns).assign(
        account_id="acc", strategy_id="strat", commission=1.0
    )
    frame["execution_time"] = START + pd.to_timedelta(frame.pop("hours"), unit="h")
    return frame.astype({"round_trip_pnl": float, "pnl": float, "position": float})


def live(*batches):
    performance = PerformanceMetrics()
    for batch in batches:
        performance.update(batch)
    return performance


TURNOVER = trades(
    (0, "X", 10, -1, None, ["momentum", "breakout"]),
    (1, "Y", 5, -1, None, []),
    (2, "X", -5, 99, 98, ["quick_exit"]),
    (30, "X", 0, -51, -52, ["stop_loss"]),
    (31, "Y", 0, 9, 8, ["quick_exit"]),
)


@st.composite
def histories(draw):
    """Fills of two accounts whose books open, turn over and close at random."""
    rows, position = [], {}
    for hour in range(draw(st.integers(1, 25))):
        key = (draw(st.sampled_from("ab")), draw(st.sampled_from("st")), draw(st.sampled_from("X")))
        before = position.get(key, 0)
        after = draw(st.sampled_from([-1, 0, 1, 2])) if before else draw(st.sampled_from([-1, 1]))
        position[key] = after
        pnl = float(draw(st.integers(-50, 50)))
        closed = before != 0 and before * after <= 0
        labels = draw(st.lists(st.sampled_from(["up", "down", "calm"]), max_size=3))
        rows.append((*key, 7 * hour, after, pnl, pnl if closed else None, labels))
    names = ["account_id", "strategy_id", "symbol", "hours", "position", "pnl"]
    frame = pd.DataFrame(rows, columns=[*names, "round_trip_pnl", "labels"])
    frame["execution_time"] = START + pd.to_timedelta(frame.pop("hours"), unit="h")
    return frame.assign(commission=0.5).astype({"round_trip_pnl": float, "position": float})


def everything(performance):
    """Days, and summaries of all of them, of the last two and of the last three round trips."""
    return {
        key: (
            *(repr(performance.summary(*key, window=window)) for window in (None, "2d", "3t")),
            performance.days(*key).to_dict("list").__repr__(),
        )
        for key in performance.strategies()
    }


@settings(deadline=None, max_examples=40)
@given(histories(), st.lists(st.integers(0, 25), max_size=3))
def test_any_split_into_batches_gives_the_same(frame, cuts):
    edges = [0, *sorted(cuts), len(frame)]
    parts = [frame.iloc[a:b] for a, b in pairwise(edges) if b > a]
    assert everything(live(*parts)) == everything(live(frame))


@settings(deadline=None, max_examples=15)
@given(histories())
def test_trades_one_by_one_are_the_batch(frame):
    rows = [frame.iloc[i : i + 1] for i in range(len(frame))]
    assert everything(live(*rows)) == everything(live(frame))


@settings(deadline=None, max_examples=20)
@given(histories())
def test_the_order_of_accounts_changes_nothing(frame):
    by_account = [part for _, part in frame.groupby("account_id", sort=False)]
    assert everything(live(*by_account[::-1])) == everything(live(frame))


@settings(deadline=None, max_examples=20)
@given(histories())
def test_the_days_hold_all_the_pnl_fees_and_fills(frame):
    performance = live(frame)
    days = pd.concat([performance.days(*key) for key in performance.strategies()])
    assert days["pnl"].sum() == pytest.approx(frame["pnl"].sum())
    assert days["fees"].sum() == pytest.approx(frame["commission"].sum())
    assert days["trades"].sum() == len(frame)
    assert days["round_trips"].sum() == frame["round_trip_pnl"].notna().sum()


def test_a_trip_carries_the_labels_of_its_entry_and_of_its_exit():
    labels = live(TURNOVER).summary("acc", "strat").label_performance
    assert {name: (p.trades, p.pnl) for name, p in labels.items()} == {
        "breakout": (1, 98.0),
        "momentum": (1, 98.0),
        "quick_exit": (3, 54.0),  # closes X, opens its short by turning over, closes Y
        "stop_loss": (1, -52.0),
    }


def test_the_trade_summary_counts_closed_round_trips():
    summary = live(TURNOVER).summary("acc", "strat").trade_summary
    assert (summary.total_trades, summary.winning_trades, summary.losing_trades) == (3, 2, 1)
    assert (summary.avg_win, summary.avg_loss) == (53.0, -52.0)


def test_without_capital_a_return_has_no_meaning_and_says_so():
    summary = live(TURNOVER).summary("acc", "strat")
    for name in ("total_return", "sharpe_ratio", "max_drawdown", "calmar_ratio"):
        assert np.isnan(getattr(summary.metrics, name))
        assert summary.reasons[name] == "no_capital"
    assert summary.metrics.win_rate == pytest.approx(2 / 3)


def test_a_range_reads_only_its_days():
    performance = live(TURNOVER)
    summary = performance.summary("acc", "strat", start=date(2024, 1, 2))
    assert summary.trade_summary.total_trades == 2
    assert summary.start_date == datetime(2024, 1, 2, tzinfo=UTC)
    assert summary.end_date == datetime(2024, 1, 2, 23, 59, 59, 999999, UTC)
    nothing = performance.summary("acc", "strat", start=date(2025, 1, 1))
    assert nothing.trade_summary.total_trades == 0
    assert nothing.reasons["win_rate"] == "no_trades"
    assert nothing.reasons["sharpe_ratio"] == "too_few"


def equity(returns, first="2024-01-01"):
    days = pd.bdate_range(first, periods=len(returns))
    nav = 1000.0 * np.cumprod(1 + np.array(returns))
    return pd.DataFrame(
        {
            "account_id": "acc",
            "strategy_id": "strat",
            "day": days,
            "pnl": np.diff(nav, prepend=1000),
            "nav": nav,
            "return": returns,
        }
    )


RETURNS = np.random.default_rng(7).normal(0.001, 0.01, 120)


def test_marked_days_give_the_metrics_of_their_returns():
    performance = live(TURNOVER)
    performance.update_equity(equity(RETURNS))
    metrics = performance.summary("acc", "strat", rf=0.02).metrics
    assert metrics.total_return == m.total_return(RETURNS)
    assert metrics.sharpe_ratio == m.sharpe_ratio(RETURNS, rf=0.02, periods=252)
    assert metrics.max_drawdown == m.max_drawdown(RETURNS)
    assert metrics.calmar_ratio == m.calmar_ratio(RETURNS, periods=252)


def test_the_period_changes_the_sharpe_ratio_and_not_the_path():
    performance = live()
    performance.update_equity(equity(RETURNS))
    daily, monthly = (performance.summary("acc", "strat", p).metrics for p in ("daily", "monthly"))
    assert monthly.total_return == daily.total_return
    assert monthly.max_drawdown == daily.max_drawdown
    days = pd.bdate_range("2024-01-01", periods=120)
    series = pd.Series(1 + RETURNS, index=days)
    months = series.groupby([days.year, days.month]).prod() - 1
    assert monthly.sharpe_ratio == pytest.approx(m.sharpe_ratio(months.array, periods=12))


def test_a_marked_day_replaces_what_was_only_realised_and_itself():
    performance = live(TURNOVER)
    for pnl in (5.0, 7.0):
        performance.update_equity(equity([0.01]).assign(pnl=pnl))
    days = performance.days("acc", "strat")
    assert days["pnl"].tolist() == [7.0, -42.0]
    assert days["realized_pnl"].tolist() == [97.0, -42.0]


def test_a_fold_of_folds_is_the_fold_of_all():
    performance = live(TURNOVER)
    performance.update_equity(equity(RETURNS[:10]))
    rows = performance._range("acc", "strat", None, None).periods()
    whole, parts = m.fold(rows), m.fold([m.fold(rows[:3]), m.fold(rows[3:])])
    assert parts.round_trips == whole.round_trips
    assert parts.labels == whole.labels
    assert parts.pnl == pytest.approx(whole.pnl)
    assert parts.return_ == pytest.approx(whole.return_)
    assert (parts.trades, parts.day, parts.nav) == (whole.trades, whole.day, whole.nav)


def test_the_desk_decides_what_a_trading_day_is():
    def next_evening(times):
        return (times + np.timedelta64(2, "h")).astype("M8[D]")

    performance = PerformanceMetrics(trading_day=next_evening)
    performance.update(trades((23, "X", 1, -1, None, [])))
    assert performance.days("acc", "strat")["day"].tolist() == [pd.Timestamp("2024-01-02")]
    moment = datetime(2024, 1, 1, 23, tzinfo=UTC)
    assert performance.summary("acc", "strat", start=moment).start_date.day == 2


def test_an_arrow_table_of_trade_records_is_read_as_it_is():
    frame = TURNOVER.assign(
        trade_id=[f"t{i}" for i in range(5)], side="buy", price=1.0, volume=1.0, multiplier=1.0,
        record_type="new",
    )  # fmt: skip
    times = frame["execution_time"].dt.tz_convert(None)
    frame["execution_time"] = times.dt.as_unit("us")
    schema = arrow_schema(TradeRecord)
    table = pa.table(
        {f.name: frame[f.name] if f.name in frame else pa.nulls(5, f.type) for f in schema},
        schema=schema,
    )
    assert everything(live(table)) == everything(live(TURNOVER))


def test_no_trades_at_all_change_nothing():
    performance = live(TURNOVER.iloc[:0])
    assert performance.strategies() == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: p.summary("acc", "other"), UnknownNameError, r"acc/other; there are acc/strat"),
        (lambda p: p.summary("acc", "strat", "yearly"), InvalidArgumentError, "period must be"),
        (
            lambda p: p.summary("acc", "strat", start=date(2024, 2, 1), end=date(2024, 1, 1)),
            InvalidArgumentError,
            "start must not be after end",
        ),
        (
            lambda p: p.summary("acc", "strat", start=datetime(2024, 2, 1)),  # noqa: DTZ001
            InvalidArgumentError,
            "must have a zone",
        ),
        (lambda p: p.update(TURNOVER.drop(columns="pnl")), SchemaError, r"missing \['pnl'\]"),
        (
            lambda p: p.update(TURNOVER.assign(position=np.nan)),
            InvalidArgumentError,
            "position of a recorded trade",
        ),
        (
            lambda p: p.update(
                TURNOVER.assign(execution_time=TURNOVER["execution_time"].dt.tz_localize(None))
            ),
            SchemaError,
            "timestamp with a zone",
        ),
        (lambda p: p.update_equity(pd.DataFrame({"day": []})), SchemaError, "missing"),
    ],
)
def test_bad_input_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call(live(TURNOVER))


def test_a_refused_batch_leaves_the_metrics_as_they_were():
    performance = live(TURNOVER)
    before = everything(performance)
    with pytest.raises(InvalidArgumentError):
        performance.update(TURNOVER.assign(round_trip_pnl=[None, None, 1e200, None, None]))
    assert everything(performance) == before


def test_a_period_of_so_many_days_is_compounded_from_the_first_day_on():
    days = pd.bdate_range("2024-01-01", periods=7)
    returns = [0.01, -0.02, 0.03, 0.01, 0.0, -0.01, 0.02]
    marked = pd.DataFrame(
        {
            "account_id": "main",
            "strategy_id": "trend",
            "day": days,
            "pnl": 0.0,
            "nav": 100.0,
            "return": returns,
        }
    )
    live = PerformanceMetrics()
    live.update_equity(marked)
    # by hand: (1.01 * .98 - 1, 1.03 * 1.01 - 1, 1.0 * .99 - 1, .02), 126 such periods a year
    grown = np.array([1.01 * 0.98, 1.03 * 1.01, 0.99, 1.02]) - 1.0
    expected = grown.mean() / grown.std(ddof=1) * math.sqrt(252 / 2)
    summary = live.summary("main", "trend", "2d")
    assert summary.metrics.sharpe_ratio == pytest.approx(expected)
    for period in ("yearly", "0d", "2", 5):
        with pytest.raises(InvalidArgumentError, match="period must be one of"):
            live.summary("main", "trend", period)
