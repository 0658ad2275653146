"""The indicators beside TA-Lib's, on real bars, from the first value to the last."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import talib

from perfkit.market import DAILY
from perfkit.market.bars import split_bars
from perfkit.market.symbol_figures import SymbolFigures

REAL_BARS = [
    ("daily/us_equity_daily_raw.parquet", "SPY"),
    ("daily/us_equity_daily_raw.parquet", "AAPL"),
    ("intraday/us_equity_minute_trade_201310.parquet", "SPY"),
    ("intraday/us_equity_minute_trade_201310.parquet", "BAC"),
    ("intraday/es_minute_trade_201310.parquet", "ES"),
    ("intraday/btcusd_minute_trade.parquet", "BTCUSD"),
]


@pytest.fixture(scope="module", params=REAL_BARS, ids=lambda p: f"{p[1]}, {p[0].split('/')[0]}")
def bars(request, shared_data):
    path, symbol = request.param
    table = pq.read_table(shared_data / path)
    table = table.filter(pc.equal(table["symbol"], symbol))
    assert table.num_rows > 1000
    return {name: table[name].to_numpy().astype(float) for name in ("close", "high", "low")} | {
        "close_time": table["ts"].cast(pa.timestamp("us", tz="UTC"))
    }


@pytest.fixture(scope="module")
def figures(bars):
    symbol = pa.array(["X"] * len(bars["close"]))
    (delivery,) = split_bars(pa.table({"symbol": symbol, **bars}))
    figures = SymbolFigures(DAILY)
    figures.append(delivery.times, delivery.columns)
    return {name: column[: figures.length] for name, column in figures.columns().items()}


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("true_range", talib.TRANGE),
        ("atr", lambda high, low, close: talib.ATR(high, low, close, 14)),
        ("adx", lambda high, low, close: talib.ADX(high, low, close, 14)),
        ("fast_average", lambda high, low, close: talib.EMA(close, 20)),
        ("slow_average", lambda high, low, close: talib.EMA(close, 50)),
        ("moving_average", lambda high, low, close: talib.SMA(close, 20)),
        ("momentum", lambda high, low, close: talib.ROCP(close, 20)),
    ],
)
def test_indicators_are_those_of_talib_on_real_bars(name, theirs, bars, figures):
    expected = theirs(bars["high"], bars["low"], bars["close"])

    np.testing.assert_allclose(figures[name], expected, rtol=0, atol=1e-9)
