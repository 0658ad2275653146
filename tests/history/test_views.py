"""Views of a history's days: each says what `metrics` says of the days that it names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import perfkit as pk
from perfkit.errors import InvalidArgumentError
from perfkit.records import Bar, CashKind, CashRecord, Fill, Side

NAMES = ["return", "sharpe_ratio", "max_drawdown", "win_rate", "profit_factor", "trade_count"]
METRICS = NAMES[1:]
DAYS = pd.bdate_range("2024-01-02", periods=90, tz="UTC") + pd.Timedelta(hours=21)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Two strategies trade one stock back and forth for ninety days."""
    folder = tmp_path_factory.mktemp("views")
    rng = np.random.default_rng(3)
    prices = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, len(DAYS)))), 2)
    fills, cash = [], []
    for number, strategy in enumerate(("trend", "carry")):
        owner = {"account_id": "main", "strategy_id": strategy}
        cash.append(
            CashRecord(
                **owner, cash_id=f"in-{strategy}", execution_time=DAYS[0], kind=CashKind.DEPOSIT,
                amount=10_000.0,
            )
        )  # fmt: skip
        for step, (day, price) in enumerate(zip(DAYS, prices, strict=True)):
            if step % (2 + number):
                continue
            side = Side.BUY if (step // (2 + number)) % 2 == 0 else Side.SELL
            fills.append(
                Fill(
                    **owner, trade_id=f"{strategy}-{step}", execution_time=day, symbol="AAPL",
                    side=side, price=price, volume=10.0, commission=0.1,
                )
            )  # fmt: skip
    bars = [
        Bar(
            symbol="AAPL", close_time=day,
            open=price, high=price, low=price, close=price, volume=1.0,
        )
        for day, price in zip(DAYS, prices, strict=True)
    ]  # fmt: skip
    with pk.TradeTracker(folder) as tracker:
        tracker.record_cash(cash)
        tracker.record_bars(bars)
        tracker.record_many(fills)
    return pk.History(folder)


@pytest.mark.parametrize("by", ["strategy", ["account", "strategy"], ()])
def test_a_rolling_metric_is_that_of_its_window_alone(history, by):
    rolled = history.metrics(by, rolling="20d", metrics=METRICS)
    known = history.returns(by).dropna()
    for position in (0, 17, -1):
        last = rolled.index.get_level_values("day").unique().sort_values()[position]
        first = known.index[known.index.get_loc(last) - 19]
        alone = history.metrics(
            by, metrics=METRICS, start=first, end=last + pd.Timedelta(days=1)
        ).drop(columns="net_pnl")
        at = rolled.xs(last, level="day") if by else rolled.loc[[last]]
        np.testing.assert_array_equal(at.to_numpy(), alone.to_numpy())


def test_a_window_of_trips_is_that_of_the_last_trips(history):
    rolled = history.metrics(rolling="5t", metrics=["win_rate", "expectancy"])
    trips = history.round_trips()
    for strategy in ("trend", "carry"):
        own = trips.loc[trips["strategy_id"] == strategy, "pnl"].to_numpy()
        found = rolled.loc[strategy]
        assert len(found) == len(own) - 4
        assert found["expectancy"].iloc[-1] == pytest.approx(own[-5:].mean())
        assert found["win_rate"].iloc[0] == (own[:5] > 0).mean()


def test_periods_stand_side_by_side(history):
    spans = {"second": ("2024-03-01", None), "first": (None, "2024-03-01")}
    table = history.comparison(spans, metrics=METRICS)
    assert table.index.names == ["strategy_id", "span"]
    assert table.loc["carry"].index.tolist() == ["second", "first"]  # as they were said
    for name, (start, end) in spans.items():
        bounds = {key: day for key, day in (("start", start), ("end", end)) if day}
        alone = history.metrics(metrics=METRICS, **bounds)
        pd.testing.assert_frame_equal(table.xs(name, level="span"), alone, check_like=True)
    assert set(table.attrs["reasons"]) == {"first", "second"}


def test_a_comparison_has_its_bounds_from_its_spans(history):
    with pytest.raises(InvalidArgumentError, match="spans say the bounds"):
        history.comparison({"all": (None, None)}, start="2024-02-01")


def test_curves_end_where_the_metrics_are(history):
    curves = history.curves(rolling="20d", metrics=["sharpe_ratio"])
    metrics = history.metrics(metrics=["total_return", "max_drawdown"])
    last = curves.groupby("strategy_id").last()
    assert last["wealth"].to_numpy() - 1.0 == pytest.approx(metrics["total_return"].to_numpy())
    deepest = curves.groupby("strategy_id")["drawdown"].max()
    assert deepest.to_numpy() == pytest.approx(metrics["max_drawdown"].to_numpy())
    assert last["cumulative_pnl"].to_numpy() == pytest.approx(metrics["net_pnl"].to_numpy())
    rolled = history.metrics(rolling="20d", metrics=["sharpe_ratio"])
    known = curves.dropna(subset=["rolling_sharpe_ratio"])["rolling_sharpe_ratio"]
    np.testing.assert_array_equal(known.to_numpy(), rolled["sharpe_ratio"].dropna().to_numpy())


def test_limits_are_those_of_compute(history):
    limits = history.limits(metrics=["sharpe_ratio", "win_rate"], level=0.9)
    returns = history.returns()["trend"]
    own = pk.compute(returns, metrics=["sharpe_ratio"], periods=history.periods, level=0.9)
    found = limits.loc["trend", "sharpe_ratio"]
    assert found[["value", "low", "high"]].tolist() == pytest.approx(
        own.loc["sharpe_ratio", ["value", "low", "high"]].tolist()
    )
    assert limits.loc[("carry", "win_rate"), "n"] == len(history.round_trips(strategy="carry"))


def test_evidence_counts_every_trial(history):
    few, many = history.evidence(), history.evidence(trials=1_000)
    assert few.attrs["trials"] == 2
    assert many.attrs["trials"] == 1_000
    assert (many["deflated_sharpe_ratio"] <= few["deflated_sharpe_ratio"]).all()
    assert (many["verdict"] != "real").all()
    assert "strategies beats the benchmark" in few.attrs["superiority"]
    assert set(few["verdict"]) <= {"real", "may be luck", "not proven", "insufficient"}


def test_a_short_record_is_insufficient(history):
    short = history.evidence(end="2024-01-20")
    assert short["verdict"].eq("insufficient").all()
    assert short[["low", "high", "probabilistic_sharpe_ratio"]].isna().all(axis=None)


def test_the_conventions_of_a_profile_are_kept(history):
    own, theirs = (history.metrics(metrics=["max_drawdown"], profile=p) for p in ("perfkit", "ffn"))
    assert theirs["max_drawdown"].tolist() == [-depth for depth in own["max_drawdown"]]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"rolling": "63x"}, "window"),
        ({"rolling": "0d"}, "window"),
        ({"rolling": 63}, "'63d' or '100t', was 63"),
        ({"rolling": "20d", "profile": "ffn"}, "perfkit's own definitions"),
        ({"period": "daily"}, "was given"),
    ],
)
def test_what_is_no_question_is_refused(history, how, message):
    with pytest.raises(InvalidArgumentError, match=message):
        history.metrics(**how)


def test_an_unknown_doubt_is_refused(history):
    with pytest.raises(InvalidArgumentError, match="evidence has the keywords"):
        history.evidence(trial=5)
