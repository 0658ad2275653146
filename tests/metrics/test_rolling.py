"""Rolling windows: each measured anew, only full ones, and what is asked must be countable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.metrics import HEADLINE, METRICS, max_drawdown, sharpe_ratio
from perfkit.metrics.rolling import rolling

DAYS = pd.bdate_range("2024-01-01", periods=40)
OF_RETURNS = [name for name in HEADLINE if METRICS[name].needs == "returns"]
OF_TRADES = [name for name in METRICS if METRICS[name].needs == "trades"]
OF_BENCHMARK = [name for name in METRICS if METRICS[name].needs == "benchmark"]
KNOWN = st.floats(-0.9, 2.0) | st.sampled_from([0.0, -1.0, 0.01, 1e6])
COLUMNS = st.lists(KNOWN | st.none(), min_size=1, max_size=40)


def series(values) -> pd.Series:
    return pd.Series(values, DAYS[: len(values)], dtype=float)


def same(left, right) -> None:
    """Equal to the last bit; two NaN are equal."""
    np.testing.assert_array_equal(np.asarray(left, float), np.asarray(right, float))


def test_a_window_is_worked_out_by_hand():
    # 1.1 * 0.5 - 1 and 0.5 * 2 - 1; half below the start, half below the start
    frame = rolling(series([0.1, -0.5, 1.0]), ["total_return", "max_drawdown"], window=2)
    assert frame["total_return"].tolist() == pytest.approx([-0.45, 0.0])
    assert frame["max_drawdown"].tolist() == [0.5, 0.5]
    assert frame.index.tolist() == DAYS[1:3].tolist()


def test_windows_that_are_not_yet_full_are_measured_where_they_are_asked_for():
    own = series(np.random.default_rng(1).normal(0, 0.01, 40))
    frame = rolling(own, ["volatility"], window=10, periods=1, min_periods=2)
    theirs = own.rolling(10, min_periods=2).std().dropna()
    pd.testing.assert_series_equal(frame["volatility"], theirs, check_names=False, check_freq=False)
    for least in (0, 11, 2.5):
        with pytest.raises(InvalidArgumentError, match="min_periods must be from 1 to"):
            rolling(own, ["volatility"], window=10, periods=1, min_periods=least)


def test_rolling_volatility_is_that_of_pandas():
    returns = series(np.random.default_rng(1).normal(0.001, 0.01, 40))
    frame = rolling(returns, ["volatility"], window="21d", periods=252)
    expected = returns.rolling(21).std().dropna() * np.sqrt(252)
    pd.testing.assert_series_equal(frame["volatility"], expected, check_names=False)


@settings(deadline=None, max_examples=40)
@given(COLUMNS, st.integers(1, 12))
def test_each_window_is_what_the_metric_says_of_it_alone(values, length):
    returns = series(values)
    frame = rolling(returns, OF_RETURNS, window=length, periods=252, rf=0.03)
    known = returns.dropna()
    assert frame.index.equals(known.index[length - 1 :])
    for name in OF_RETURNS:
        told = {k: v for k, v in {"periods": 252, "rf": 0.03}.items() if k in METRICS[name].options}
        alone = [
            METRICS[name].function(known.iloc[i : i + length], **told)
            for i in range(len(known) - length + 1)
        ]
        same(frame[name], alone)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1e6, 1e6) | st.none(), max_size=30), st.integers(1, 9))
def test_each_window_of_round_trips_is_what_the_metric_says_of_it_alone(pnl, length):
    frame = rolling(trades=pd.Series(pnl, dtype=float), metrics=OF_TRADES, window=f"{length}t")
    known = [p for p in pnl if p is not None]
    for name in OF_TRADES:
        alone = [
            METRICS[name].function(known[i : i + length]) for i in range(len(known) - length + 1)
        ]
        same(frame[name], alone)


@settings(deadline=None, max_examples=30)
@given(COLUMNS, COLUMNS, st.integers(0, 10), st.integers(1, 8))
def test_beside_a_benchmark_a_window_holds_the_last_rows_that_both_have(own, other, late, length):
    returns = series(own)
    market = pd.Series(other, DAYS.shift(late)[: len(other)], dtype=float)
    frame = rolling(returns, OF_BENCHMARK, window=length, periods=252, benchmark=market)
    both = pd.concat([returns, market], axis=1, join="inner").dropna()
    ends = both.index[length - 1 :]
    for name in OF_BENCHMARK:
        told = {"periods": 252} if "periods" in METRICS[name].options else {}
        alone = [
            METRICS[name].function(
                both[0].iloc[i : i + length], both[1].iloc[i : i + length], **told
            )
            for i in range(len(ends))
        ]
        same(frame[name].reindex(ends), alone)
        assert frame[name].drop(ends).isna().all()


def test_arrays_are_paired_by_position():
    rng = np.random.default_rng(2)
    own, market = rng.normal(0, 0.01, 30), rng.normal(0, 0.01, 30)
    own[3] = market[7] = np.nan
    by_date = rolling(series(own), ["beta"], window=5, benchmark=series(market))
    by_place = rolling(own, ["beta"], window=5, benchmark=market)
    same(by_place["beta"], by_date["beta"])
    assert by_place.index.tolist() == list(range(5, 30))


def test_a_large_outlier_leaves_nothing_behind():
    # a variance that subtracts what left the window still holds a rest of 1e6 squared
    values = [1e6, *[0.01, -0.01] * 12]
    frame = rolling(series(values), ["volatility"], window=4, periods=1)
    assert frame["volatility"].iloc[-1] == pytest.approx(0.01 * np.sqrt(4 / 3))
    assert frame["volatility"].iloc[4:].nunique() == 1


def test_a_window_without_movement_has_no_sharpe_ratio():
    frame = rolling(series([0.02, 0.0, 0.0, 0.0]), ["sharpe_ratio"], window=3, periods=252)
    assert frame["sharpe_ratio"].isna().tolist() == [False, True]


def test_a_missing_return_is_no_observation():
    values = [0.01, np.nan, -0.02, 0.03, np.nan]
    frame = rolling(series(values), ["max_drawdown"], window=2)
    assert frame.index.tolist() == DAYS[[2, 3]].tolist()
    same(frame["max_drawdown"], [max_drawdown([0.01, -0.02]), max_drawdown([-0.02, 0.03])])


@pytest.mark.parametrize(
    "window", [0, -3, "0d", "-3d", "63x", "63", "d", "", "6.5d", 2.0, True, None]
)
def test_a_window_that_is_none_is_refused(window):
    with pytest.raises(InvalidArgumentError, match="window must be a number of days"):
        rolling(series([0.01]), window=window, periods=252)


def test_days_are_no_round_trips():
    with pytest.raises(InvalidArgumentError, match=r"number of closed round trips.*was '63d'"):
        rolling(trades=[1.0], window="63d")
    with pytest.raises(InvalidArgumentError, match=r"number of days.*was '100t'"):
        rolling([0.01], window="100t", periods=252)


def test_a_window_longer_than_the_series_has_no_row_and_says_why():
    market = series([0.01, 0.02])
    frame = rolling(series([0.01, 0.02]), window="63d", periods=252, benchmark=market)
    assert frame.shape == (0, len(OF_RETURNS) + 3)
    assert set(frame.attrs["reasons"]) == set(frame.columns)
    assert set(frame.attrs["reasons"].values()) == {"too_few"}
    assert rolling([], window=5, periods=252).attrs["reasons"]["cagr"] == "too_few"


def test_a_window_shorter_than_a_metric_needs_says_so():
    frame = rolling(series([0.01, 0.02, -0.01]), ["kurtosis", "cagr"], window=3, periods=252)
    assert frame["kurtosis"].isna().all()
    assert frame.attrs["reasons"] == {"kurtosis": "too_few"}


def test_a_benchmark_of_other_days_has_no_overlap():
    market = pd.Series([0.01] * 3, pd.bdate_range("1999-01-01", periods=3))
    frame = rolling(series([0.01, 0.02, 0.03]), ["beta"], window=2, benchmark=market)
    assert frame["beta"].isna().all()
    assert frame.attrs["reasons"] == {"beta": "no_overlap"}


def test_a_window_of_days_needs_one_return_a_day():
    intraday = pd.Series([0.01] * 4, pd.date_range("2024-01-02 09:00", periods=4, freq="h"))
    with pytest.raises(InvalidArgumentError, match="2024-01-02 has several"):
        rolling(intraday, ["cagr"], window="2d", periods=252)
    assert len(rolling(intraday, ["cagr"], window=2, periods=252)) == 3


def test_two_round_trips_may_close_at_the_same_moment():
    ends = pd.to_datetime(["2024-01-02", "2024-01-02", "2024-01-03"], utc=True)
    frame = rolling(trades=pd.Series([1.0, -2.0, 4.0], ends), metrics=["total_pnl"], window="2t")
    assert frame["total_pnl"].tolist() == [-1.0, 2.0]
    assert frame.index.tolist() == ends[1:].tolist()
    with pytest.raises(InvalidArgumentError, match="order in which they closed"):
        rolling(trades=pd.Series([1.0, 2.0, 3.0], ends[::-1]), window=2)


@pytest.mark.parametrize("missing", [[], [1], [3]])
def test_rates_with_dates_are_joined_window_by_window(missing):
    returns = series([0.01, -0.02, 0.03, 0.01])
    rates = series([0.001, 0.0, 0.002, 0.001]).drop(DAYS[missing])
    frame = rolling(returns, ["sharpe_ratio"], window=3, periods=252, rf_per_period=rates)
    alone = [
        sharpe_ratio(returns.iloc[i : i + 3], periods=252, rf_per_period=rates) for i in range(2)
    ]
    same(frame["sharpe_ratio"], alone)


def test_returns_and_round_trips_do_not_share_a_window():
    for columns in ({}, {"returns": [0.01], "trades": [1.0]}):
        with pytest.raises(InvalidArgumentError, match="one of them"):
            rolling(**columns, window=1)


def test_what_compute_refuses_is_refused():
    with pytest.raises(UnknownNameError, match="'luck'"):
        rolling([0.01], ["luck"], window=1)
    with pytest.raises(InvalidArgumentError, match="beta needs benchmark"):
        rolling([0.01], ["beta"], window=1)
    with pytest.raises(InvalidArgumentError, match="cagr needs periods"):
        rolling([0.01], ["cagr"], window=1)
    with pytest.raises(InvalidArgumentError, match="dates must ascend"):
        rolling(series([0.01, 0.02]).iloc[::-1], ["cagr"], window=1, periods=252)
    with pytest.raises(InvalidArgumentError, match="given \\['hustle'\\]"):
        rolling([0.01], ["cagr"], window=1, periods=252, hustle=1)
