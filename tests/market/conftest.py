"""Bars for the tests of the market: written out, or random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from perfkit.market import DAILY

FIRST = datetime(2020, 1, 1, 21, tzinfo=UTC)


def _bars_of(close, *, high=None, low=None, volume=None, symbol="X", first=FIRST):
    days = [first + timedelta(days=n) for n in range(len(close))]
    columns = {
        "symbol": pa.array([symbol] * len(close), pa.string()),
        "close_time": pa.array(days, pa.timestamp("us", tz="UTC")),
        "close": pa.array(close, pa.float64()),
    }
    for name, values in {"high": high, "low": low, "volume": volume}.items():
        if values is not None:
            columns[name] = pa.array(values, pa.float64())
    return pa.table(columns)


@pytest.fixture(scope="session")
def bars_of():
    """Daily bars of one symbol from lists of numbers, the first on 2020-01-01."""
    return _bars_of


@pytest.fixture(scope="session")
def quick():
    """A definition of short windows, so that few bars are enough for every figure."""
    return DAILY._replace(
        name="quick-1", average=4, slow_average=7, momentum=3, atr=3, adx=3, decay_seed=4,
        rank=10, channel=6, swing=2, levels=12, volume=5,
    )  # fmt: skip


@pytest.fixture(scope="session")
def random_bars():
    """Bars of two symbols, alternating by day: one with ranges and volumes, one without."""

    def draw(seed: int, days: int) -> pa.Table:
        rng = np.random.default_rng(seed)
        tables = []
        for symbol, has_range in (("A", True), ("B", False)):
            # whole cents, so that equal closes and levels do occur
            close = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.01, days))), 1)
            high, low = close + rng.integers(0, 4, days) / 10, close - rng.integers(0, 4, days) / 10
            tables.append(
                _bars_of(
                    close,
                    high=high if has_range else [None] * days,
                    low=low if has_range else [None] * days,
                    volume=rng.integers(1, 9, days) * 100.0 if has_range else [None] * days,
                    symbol=symbol,
                )
            )
        return pa.concat_tables(tables).sort_by([("close_time", "ascending")])

    return draw


@pytest.fixture(scope="session")
def random_trades():
    """Trades of three symbols, one of them unknown, before, among and after the bars."""

    def draw(seed: int, days: int, trades: int) -> pa.Table:
        rng = np.random.default_rng(seed)
        hours = rng.integers(-48, 24 * days + 200, trades)
        times = [FIRST + timedelta(hours=int(h)) for h in hours]
        return pa.table(
            {
                "symbol": pa.array(rng.choice(["A", "B", "unknown"], trades), pa.string()),
                "execution_time": pa.array(times, pa.timestamp("us", tz="UTC")),
            }
        )

    return draw
