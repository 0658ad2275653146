"""History: every question answered from the facts, and the parts sum to the whole."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError, StoreError, UnknownNameError
from perfkit.history import History
from perfkit.records import Bar, RecordType
from perfkit.tracker import TradeTracker
from tests.history.conftest import DEPOSITS, FILLS, START, fill


def test_trades_carry_books_context_and_labels(history):
    trades = history.trades(account="main", strategy="trend")
    assert trades["trade_id"].tolist() == ["t1", "t2", "t5"]
    assert trades["pnl"].tolist() == [-1.0, 99.0, -1.0]
    assert trades["cumulative_pnl"].tolist() == [-1.0, 98.0, 97.0]
    assert trades["position"].tolist() == [10.0, 0.0, 10.0]
    assert math.isnan(trades["average_price"][1])
    assert trades["labels"][0].tolist() == ["breakout", "momentum"] or set(trades["labels"][0]) == {
        "breakout",
        "momentum",
    }
    assert trades["context_reason"].tolist() == ["warming_up"] * 3


def test_a_selection_narrows_by_every_keyword(history):
    assert len(history.trades()) == len(FILLS)
    assert set(history.trades(symbol="BBB")["trade_id"]) == {"t5", "t6"}
    assert set(history.trades(label="momentum")["symbol"]) == {"AAA"}
    assert set(history.trades(account=["main", "other"], strategy="revert")["trade_id"]) == {
        "t3",
        "t4",
    }
    assert set(history.trades(start="2024-01-02", end="2024-01-04")["trade_id"]) == {"t2", "t6"}


@pytest.mark.parametrize("keyword", ["account", "strategy", "symbol"])
def test_a_name_that_the_history_has_never_seen_is_refused(history, keyword):
    with pytest.raises(UnknownNameError, match=f"no {keyword} 'nobody'; there are"):
        history.trades(**{keyword: ["nobody"]})
    assert history.trades(account="other", strategy="revert").empty


def test_a_misspelt_keyword_is_refused(history):
    with pytest.raises(InvalidArgumentError, match=r"was given \['acount'\]"):
        history.metrics(acount="main")


def test_a_position_of_today_needs_the_fills_of_yesterday(history):
    late = history.trades(account="main", strategy="trend", start="2024-01-03")
    assert late["pnl"].tolist() == [99.0, -1.0]


@pytest.mark.parametrize(
    "bad", [{"start": "soon"}, {"start": "2024-01-02", "end": "2024-01-01"}, {"end": None}]
)
def test_a_span_that_is_none_is_refused_unless_it_is_open(history, bad):
    if bad == {"end": None}:
        assert len(history.trades(**bad)) == len(FILLS)
    else:
        with pytest.raises(InvalidArgumentError, match=r"start|end"):
            history.trades(**bad)


def test_round_trips_have_the_labels_of_both_ends(history):
    trips = history.round_trips()
    assert trips["pnl"].tolist() == [98.0, -62.0]
    assert trips["labels"].tolist() == [("breakout", "momentum")] * 2
    assert history.round_trips(label="scalping").empty


def test_equity_is_capital_and_parts_sum_to_the_desk(history):
    equity = history.equity(("account", "strategy"))
    desk = history.equity(())
    for name in ("pnl", "fees", "flow", "nav", "trades"):
        summed = equity.groupby("day")[name].sum()
        np.testing.assert_allclose(desk.set_index("day")[name], summed)
    trend = equity[(equity["account_id"] == "main") & (equity["strategy_id"] == "trend")]
    # by hand: 1000 in; -1, +50, +49; flat; then buys BBB at 50, marked at 55
    assert trend["pnl"].tolist() == [-1.0, 50.0, 49.0, 0.0, 49.0]
    assert trend["nav"].tolist() == [999.0, 1049.0, 1098.0, 1098.0, 1147.0]
    assert trend["return"].iloc[0] == pytest.approx(-0.001)
    assert trend["drawdown"].tolist() == pytest.approx([0.001, 0, 0, 0, 0])


def test_pnl_of_the_days_is_pnl_of_the_trades_plus_what_is_open(history):
    realised = history.trades()["pnl"].sum()
    open_value = 10 * (55.0 - 50.0) - 10 * (55.0 - 50.0)  # long BBB in main, short in other
    assert history.equity(())["pnl"].sum() == pytest.approx(realised + open_value)


def test_equity_refuses_what_has_no_capital_of_its_own(history):
    with pytest.raises(InvalidArgumentError, match="symbols and labels share"):
        history.equity(symbol="AAA")
    with pytest.raises(InvalidArgumentError, match="by must name account or strategy"):
        history.equity(by="symbol")


def test_returns_are_one_column_a_group(history):
    returns = history.returns(by="strategy")
    assert list(returns.columns) == ["revert", "trend"]
    assert len(history.returns(by=())) == 5


def test_the_benchmark_is_the_closes_of_a_symbol(history):
    assert history.benchmark("AAA").tolist() == pytest.approx(
        [0.05, 110 / 105 - 1, 1 / 110, -7 / 111]
    )
    with pytest.raises(UnknownNameError, match="no prices of 'SPX'; there are AAA, BBB"):
        history.benchmark("SPX")


def test_metrics_are_one_row_a_group_with_reasons(history):
    table = history.metrics(by="strategy", benchmark="AAA")
    assert table.index.name == "strategy_id"
    assert table.loc["trend", "trade_count"] == 1
    assert table.loc["trend", "win_rate"] == 1.0
    assert math.isinf(table.loc["trend", "profit_factor"])
    assert table.attrs["reasons"]["trend"]["profit_factor"] == "no_losses"
    assert history.metrics(by=()).index.tolist() == ["total"]
    assert history.metrics(by=["account", "strategy"]).index.names == ["account_id", "strategy_id"]
    assert table["net_pnl"].sum() == pytest.approx(history.equity(())["pnl"].sum())


def test_a_metric_without_capital_says_so(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many(FILLS[:2])
    table = History(str(tmp_path)).metrics()
    assert math.isnan(table.loc["trend", "sharpe_ratio"])
    assert table.attrs["reasons"]["trend"]["sharpe_ratio"] == "no_capital"


def test_attribution_by_label_sums_to_the_round_trips(history):
    table = history.attribution(by=["label"])
    assert table["contribution"].sum() == pytest.approx(history.round_trips()["pnl"].sum())
    assert set(table["label"]) == {"breakout", "momentum"}
    for by in ("strategy", "symbol", "hour", "weekday", "month", "size"):
        assert history.attribution(by=by)["contribution"].sum() == pytest.approx(36.0)


def test_a_year_has_252_days_unless_the_market_never_closes(history, tmp_path):
    assert history.periods == 252
    assert History(history.uri, periods=260).periods == 260
    with TradeTracker(tmp_path) as tracker:
        week = [START + timedelta(days=n) for n in range(14)]
        tracker.record_bars([Bar(symbol="BTC", close_time=day, close=1.0) for day in week])
    assert History(str(tmp_path)).periods == 365


def test_an_empty_history_answers_with_empty_tables(tmp_path):
    TradeTracker(tmp_path).close()
    history = History(str(tmp_path))
    answers = [history.trades(), history.round_trips(), history.equity(), history.metrics()]
    assert [len(a) for a in answers] == [0, 0, 0, 0]
    assert history.attribution(by="label").empty
    assert history.restated().empty


def test_no_history_is_an_error_that_names_the_place(tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        History(str(tmp_path / "nowhere")).trades()


def test_a_correction_restates_the_trades_after_it(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many(FILLS[:2])
        assert History(str(tmp_path)).restated().empty
        tracker.record(
            fill(9, 0, "buy", 101.0, record_type=RecordType.CORRECT, original_trade_id="t1")
        )
        history = History(str(tmp_path))
        trades = history.trades()
        assert trades["pnl"].tolist() == [-1.0, 89.0]
        restated = history.restated()
        assert restated[["trade_id", "recorded", "pnl"]].values.tolist() == [["t2", 99.0, 89.0]]


def test_a_trade_is_in_the_answer_the_moment_it_is_acknowledged(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(FILLS[0])
        assert len(History(str(tmp_path)).trades()) == 1
        assert isinstance(History(str(tmp_path)).trades(), pd.DataFrame)


def test_money_of_two_currencies_is_not_added_up(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([
            fill(1, 0, "buy", 100.0, currency="USD"),
            fill(2, 1, "sell", 110.0, currency="USD"),
            fill(3, 0, "buy", 100.0, currency="EUR", symbol="SAP"),
            fill(4, 1, "sell", 120.0, currency="EUR", symbol="SAP"),
        ])  # fmt: skip
    history = History(str(tmp_path))
    for question in (history.equity, history.metrics, history.attribution, history.returns):
        with pytest.raises(
            InvalidArgumentError, match="one currency to be added up, was of EUR, USD"
        ):
            question()
    assert history.round_trips()["currency"].tolist() == ["USD", "EUR"]
    assert history.metrics(currency="EUR")["net_pnl"].tolist() == [198.0]
    assert history.attribution(currency="USD", by="symbol")["pnl"].tolist() == [98.0]


def test_two_accounts_may_use_the_same_trade_id(tmp_path):
    with TradeTracker(tmp_path, labeler=None) as tracker:
        tracker.record_many([
            fill(n, n, side, 100.0 + n, account_id=account)
            for account in ("a", "b")
            for n, side in ((1, "buy"), (2, "sell"))
        ])  # fmt: skip
    trips = History(str(tmp_path)).round_trips()
    assert trips[["account_id", "pnl"]].values.tolist() == [["a", 8.0], ["b", 8.0]]


def test_a_deposit_that_names_no_currency_is_in_the_account_s_own(tmp_path):
    deposit = DEPOSITS[0]
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash([deposit])
        tracker.record_many([fill(1, 0, "buy", 100.0, currency="USD")])
    history = History(str(tmp_path))
    for select in ({}, {"currency": "USD"}):
        assert history.equity((), **select)["nav"].tolist() == [999.0]


def test_fills_without_daily_prices_are_annualised_by_the_calendar(tmp_path):
    # bought at 100, sold a year later at 120: by hand 20 % a year, not 20 % in two days
    with TradeTracker(tmp_path) as tracker:
        tracker.record_cash(DEPOSITS[:1])
        tracker.record_many([
            fill(1, 0, "buy", 100.0, commission=0.0),
            fill(2, 365, "sell", 120.0, commission=0.0),
        ])  # fmt: skip
    history = History(str(tmp_path))
    assert len(history.equity()) == np.busday_count("2024-01-01", "2025-01-01")
    assert history.metrics().loc["trend", "cagr"] == pytest.approx(
        0.2, rel=0.05
    )  # 262 weekdays by 252
    assert history.equity()["stale_marks"].sum() > 200


def test_pnl_before_the_first_deposit_leaves_no_return_rather_than_a_part_of_it(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many(FILLS[:2])
        tracker.record_cash([replace(DEPOSITS[0], execution_time=START + timedelta(days=1))])
    table = History(str(tmp_path)).metrics()
    assert math.isnan(table.loc["trend", "total_return"])
    assert table.attrs["reasons"]["trend"]["total_return"] == "no_capital"


def test_one_bar_on_a_weekend_does_not_make_a_year_of_365_days(uri, tmp_path):
    shutil.copytree(uri, tmp_path / "copy")
    with TradeTracker(tmp_path / "copy") as tracker:
        saturday = START + timedelta(days=5)
        tracker.record_bars([Bar(symbol="EUR", close_time=saturday, close=1.0)])
    assert History(str(tmp_path / "copy")).periods == 252


def test_hours_dates_and_bounds_are_the_desk_s(tmp_path):
    # 21:30 on the 1st of January in New York is 02:30 on the 2nd in UTC
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([
            fill(1, 0, "buy", 100.0),
            fill(2, 0, "sell", 101.0, execution_time=START + timedelta(hours=5.5)),
        ])  # fmt: skip
    utc, desk = History(str(tmp_path)), History(str(tmp_path), zone="America/New_York")
    assert utc.attribution(by="hour")["hour"].tolist() == [2]
    assert desk.attribution(by=["hour", "weekday"]).iloc[0, :2].tolist() == [21, "Monday"]
    assert len(utc.round_trips(start="2024-01-02")) == 1
    assert len(desk.round_trips(start="2024-01-02")) == 0
    assert len(desk.equity(start="2024-01-01", end="2024-01-02")) == 1
    assert desk.equity(start="2024-01-02").empty


def test_the_drawdown_of_a_span_begins_with_it(history):
    whole = history.equity((), start="2024-01-04")
    assert whole["drawdown"].iloc[0] == 0.0 or whole["return"].iloc[0] < 0.0
    sliced = history.metrics(by=(), start="2024-01-04").loc["total", "max_drawdown"]
    assert whole["drawdown"].max() == pytest.approx(sliced)


def test_returns_have_no_column_for_pairs_that_do_not_exist(history):
    assert history.returns(by=["account", "strategy"]).columns.tolist() == [
        ("main", "revert"), ("main", "trend"), ("other", "trend"),
    ]  # fmt: skip


def test_by_label_says_when_each_label_is_known(history):
    known = history.attribution(by="label").set_index("label")["known_at"]
    assert known.to_dict() == {"breakout": "entry", "momentum": "entry"}


def test_the_summary_is_the_specification_s_model(history):
    summary = history.summary("main", "trend", "daily")
    row = history.metrics(by=["account", "strategy"]).loc[("main", "trend")]
    for name in ("total_return", "sharpe_ratio", "max_drawdown"):
        assert getattr(summary.metrics, name) == pytest.approx(row[name])
    assert (summary.metrics.win_rate, summary.trade_summary.total_trades) == (1.0, 1)
    assert set(summary.label_performance) == {"breakout", "momentum"}
    assert history.summary("main", "trend", start="2024-01-08").trade_summary.total_trades == 0
    with pytest.raises(UnknownNameError):
        history.summary("main", "nobody")


def test_a_label_known_at_the_exit_is_an_outcome_and_no_finding(tmp_path):
    with TradeTracker(tmp_path, labeler=QuickExit()) as tracker:
        tracker.record_many([
            fill(n, n, ("buy", "sell")[n % 2], 100.0 + n % 2) for n in range(60)
        ])  # fmt: skip
    (row,) = History(str(tmp_path)).attribution(by="label").to_dict("records")
    assert (row["label"], row["known_at"], row["verdict"]) == ("quick_exit", "exit", "outcome")


class QuickExit:
    def generate(self, trades, context):
        return pa.array([["quick_exit"]] * trades.num_rows, pa.list_(pa.string()))
