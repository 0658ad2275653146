"""The figures themselves, against other people's numbers and plain recomputation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from scipy import stats

from perfkit.market import DAILY, MarketState, classes, levels, regimes, row_figures, trend
from perfkit.market.bars import split_bars
from perfkit.market.sessions import sessions_of
from perfkit.market.symbol_figures import SymbolFigures

CASES = json.loads((Path(__file__).parents[1] / "reference" / "market.json").read_text())


def figures_of(bars, definition=DAILY, calendar=None):
    (delivery,) = split_bars(bars)
    figures = SymbolFigures(definition, sessions_of(calendar) if calendar else None)
    figures.append(delivery.times, delivery.columns)
    return {name: column[: figures.length] for name, column in figures.columns().items()}


def bars_of_file(path, symbol):
    table = pq.read_table(path)
    table = table.filter(pc.equal(table["symbol"], symbol))
    return pa.table(
        {
            "symbol": table["symbol"],
            "close_time": table["ts"].cast(pa.timestamp("us", tz="UTC")),
            **{name: table[name] for name in ("high", "low", "close")},
            "volume": table["volume"].cast(pa.float64()),
        }
    )


@pytest.mark.parametrize("case", CASES, ids=[c["name"] for c in CASES])
def test_figures_equal_the_reference(case, bars_of, request):
    given = dict(case["input"])
    if "file" in given:
        path = request.getfixturevalue("shared_data") / given["file"]
        bars = bars_of_file(path, given["symbol"])
    else:
        bars = bars_of(given.pop("close"), **given)
    windows = {"name": "reference", **case["windows"]} if "windows" in case else {}
    figures = figures_of(bars, DAILY._replace(**windows))
    for name, expected in case["expected"].items():
        wanted = np.array([np.nan if x is None else x for x in expected])
        np.testing.assert_allclose(
            figures[name][case["rows"]], wanted, rtol=0, atol=case["tolerance"], err_msg=name
        )


@pytest.fixture(scope="module")
def prices():
    rng = np.random.default_rng(7)
    return np.round(50 * np.exp(np.cumsum(rng.normal(0, 0.02, 400))), 2)


def test_volatility_is_riskmetrics_recursion_from_the_first_mean_square(bars_of, prices):
    squares = pd.Series(np.diff(np.log(prices)) ** 2)
    seeded = pd.concat([pd.Series([squares[:20].mean()]), squares[20:]])
    expected = np.sqrt(seeded.ewm(alpha=0.06, adjust=False).mean().to_numpy())
    volatility = figures_of(bars_of(prices))["volatility"]
    assert np.isnan(volatility[:20]).all()
    np.testing.assert_allclose(volatility[20:], expected, rtol=1e-12)


def test_the_rank_is_among_the_252_values_before(bars_of, prices):
    figures = figures_of(bars_of(prices))
    volatility, rank = figures["volatility"], figures["volatility_rank"]
    assert np.isnan(rank[:272]).all()
    for i in (272, 300, 399):
        score = stats.percentileofscore(volatility[i - 252 : i], volatility[i], kind="mean")
        assert rank[i] == pytest.approx(score / 100, abs=1e-12)


def test_volatility_starts_anew_after_a_price_that_has_no_logarithm(bars_of, prices):
    broken = prices.copy()
    broken[100] = -37.63  # WTI crude, 20 April 2020
    volatility = figures_of(bars_of(broken))["volatility"]
    alone = figures_of(bars_of(prices[101:]))["volatility"]
    assert np.isnan(volatility[100:121]).all()
    np.testing.assert_array_equal(volatility[101:], alone)


def test_relative_volume_is_over_the_median_of_the_20_bars_before(bars_of):
    volume = [100.0] * 10 + [300.0] * 10 + [400.0, 200.0]
    relative = figures_of(bars_of([1.0] * 22, volume=volume))["relative_volume"]
    assert np.isnan(relative[:20]).all()
    assert relative[20] == 400 / 200  # median of ten 100s and ten 300s
    assert relative[21] == 200 / 300


def test_relative_volume_by_the_time_of_day_is_that_of_pandas(bars_at, quick_intraday):
    rng = np.random.default_rng(4)
    # half hours of two weeks, over the day on which New York's clocks go forward
    times = pd.date_range("2024-03-04", "2024-03-18", freq="30min", tz="UTC")
    times = times[rng.random(len(times)) < 0.7]
    volume = np.where(rng.random(len(times)) < 0.05, np.nan, rng.integers(0, 9, len(times)) * 10.0)
    bars = bars_at(
        times.to_pydatetime(), [1.0] * len(times), volume=pa.array(volume, from_pandas=True)
    )
    relative = figures_of(bars, quick_intraday, "XNYS")["relative_volume"]

    hours = (times - pd.Timedelta("1us")).tz_convert("America/New_York").hour
    usual = pd.Series(volume).groupby(hours).transform(lambda v: v.rolling(2).median().shift())
    expected = np.where(usual > 0, volume / usual, np.nan)
    assert np.isfinite(expected).sum() > 100
    np.testing.assert_allclose(relative, expected, rtol=1e-12)


def test_the_channel_does_not_hold_the_bar_itself(bars_of, quick):
    close = [5.0, 6.0, 4.0, 5.0, 7.0, 3.0, 100.0, 1.0]
    figures = figures_of(bars_of(close), quick)
    assert figures["channel_high"][6:].tolist() == [7.0, 100.0]
    assert figures["channel_low"][6:].tolist() == [3.0, 3.0]


def test_a_swing_is_written_where_it_becomes_known_and_never_in_its_own_row(bars_of, quick):
    close = [1.0, 2.0, 5.0, 3.0, 2.0, 1.0, 2.0, 3.0, 3.0, 1.0]
    figures = figures_of(bars_of(close), quick)
    # the high of row 2 and the low of row 5 are each known two bars later; rows 7 and 8
    # are equal and make no swing
    assert np.flatnonzero(~np.isnan(figures["swing_high"])).tolist() == [4]
    assert np.flatnonzero(~np.isnan(figures["swing_low"])).tolist() == [7]
    assert (figures["swing_high"][4], figures["swing_low"][7]) == (5.0, 1.0)


def test_support_and_resistance_are_the_nearest_remembered_swings(bars_of, quick, prices):
    figures = figures_of(bars_of(prices), quick)
    first, memory = 2 * quick.swing + quick.levels - 1, quick.levels
    assert np.isnan(figures["support"][:first]).all()
    for i in range(first, len(prices)):
        recent = slice(i - memory + 1, i + 1)
        swings = np.concatenate([figures["swing_high"][recent], figures["swing_low"][recent]])
        below, above = swings[swings <= prices[i]], swings[swings > prices[i]]
        assert figures["support"][i] == max(below, default=-np.inf)
        assert figures["resistance"][i] == min(above, default=np.inf)


def test_a_constant_price_has_no_zscore_and_no_direction(bars_of):
    figures = figures_of(bars_of([0.1] * 60))
    assert np.isnan(figures["zscore"]).all()
    assert figures["adx"][-1] == 0.0
    assert figures["atr"][-1] == 0.0


ROOMS = [levels, regimes, row_figures, trend]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_compiled_kernels_do_what_their_python_does(
    room, bars_at, quick_intraday, prices, monkeypatch
):
    volume = np.arange(1.0, 401.0) % 7 + 1
    times = pd.date_range("2024-03-04", periods=400, freq="30min", tz="UTC").to_pydatetime()
    bars = bars_at(times, prices, prices + 0.3, prices - 0.2, volume)

    def figures():
        state = MarketState("XNYS", definition=quick_intraday)
        state.on_bars(bars)
        contexts = state.contexts(["X"] * 400, bars["close_time"]).to_pandas()
        known = {name: contexts[name].to_numpy() for name in ("close", "adx", "channel_low")}
        return known | figures_of(bars, quick_intraday, "XNYS")

    compiled = figures()
    kernels = [name for name, f in vars(room).items() if hasattr(f, "py_func")]
    for name in kernels:
        monkeypatch.setattr(room, name, getattr(room, name).py_func)
    plain = figures()
    assert kernels
    for name, column in plain.items():
        np.testing.assert_allclose(compiled[name], column, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("room", [*ROOMS, classes], ids=lambda room: room.__name__)
def test_a_kernel_takes_no_tuple_of_another_file(room, bars_of, prices):
    # numba's cache on disk looks at the kernel's own file only: fields that change elsewhere
    # would be read in their old order, without an error
    state = MarketState()
    state.on_bars(bars_of(prices))
    state.contexts(["X"], [bars_of(prices)["close_time"][9].as_py()])
    kernels = [f for f in vars(room).values() if hasattr(f, "py_func")]
    tuples = {
        argument.instance_class.__module__
        for kernel in kernels
        for signature in kernel.signatures
        for argument in signature
        if hasattr(argument, "instance_class")
    }
    assert any(kernel.signatures for kernel in kernels)
    assert tuples <= {room.__name__}
