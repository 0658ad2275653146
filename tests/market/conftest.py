"""Bars, trades and news for the tests of the market: written out, or random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from perfkit.market import DAILY, context_asof

FIRST = datetime(2020, 1, 1, 21, tzinfo=UTC)
# the Monday before the clocks of New York go forward, and before Thanksgiving's half day
MONDAYS = (datetime(2024, 3, 4, 12, tzinfo=UTC), datetime(2024, 11, 25, 12, tzinfo=UTC))
HALF_HOUR = timedelta(minutes=30)
TIMESTAMP = pa.timestamp("us", tz="UTC")


def _bars_of(close, *, high=None, low=None, volume=None, symbol="X", first=FIRST):
    return _bars_at([first + timedelta(days=n) for n in range(len(close))], close, high, low,
                    volume, symbol)  # fmt: skip


def _bars_at(times, close, high=None, low=None, volume=None, symbol="X"):
    columns = {
        "symbol": pa.array([symbol] * len(close), pa.string()),
        "close_time": pa.array(times, TIMESTAMP),
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
def bars_at():
    """Bars of one symbol from lists of times and numbers."""
    return _bars_at


QUICK = DAILY._replace(
    name="quick-1", average=4, slow_average=7, momentum=3, atr=3, adx=3, decay_seed=4,
    rank=10, channel=6, swing=2, levels=12, volume=5,
)  # fmt: skip
QUICK_INTRADAY = QUICK._replace(
    name="quick-intraday-1", volume=2, volume_bucket=60, stale_days=2.0, stale_minutes=90.0
)


@pytest.fixture(scope="session")
def quick():
    """A definition of short windows, so that few bars are enough for every figure."""
    return QUICK


@pytest.fixture(scope="session")
def quick_intraday():
    """The same by the time of day."""
    return QUICK_INTRADAY


class World(NamedTuple):
    """What there is to know, what is asked, and by which terms it is answered."""

    trades: pa.Table
    bars: pa.Table
    news: pa.Table
    terms: dict[str, object]

    def contexts(self, *, trades=None, bars=None, news=None):
        trades = self.trades if trades is None else trades
        bars = self.bars if bars is None else bars
        return context_asof(trades, bars, news=self.news if news is None else news, **self.terms)


def _random_prices(rng, times, symbol, *, has_range):
    n = len(times)
    # whole cents, so that equal closes and levels do occur
    close = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.01, n))), 1)
    high, low = close + rng.integers(0, 4, n) / 10, close - rng.integers(0, 4, n) / 10
    volume = rng.integers(0, 9, n) * 100.0
    none = [None] * n
    return _bars_at(
        times,
        close,
        high if has_range else none,
        low if has_range else none,
        volume if has_range else none,
        symbol,
    )


def _random_trades(rng, first, hours, count, symbols):
    times = [first + timedelta(hours=float(h)) for h in rng.uniform(-48, hours + 200, count)]
    # some at the very moment of a close, of a session's open or of a news
    times = [t.replace(minute=0, second=0, microsecond=0) if rng.random() < 0.4 else t
             for t in times]  # fmt: skip
    return pa.table(
        {
            "symbol": pa.array(rng.choice(symbols, count), pa.string()),
            "execution_time": pa.array(times, TIMESTAMP),
        }
    )


def _random_news(rng, first, hours, count=30):
    """Events told before and after they happen, revised, and about one, some or all."""
    rows = {}
    for _ in range(count):
        event_time = first + timedelta(hours=int(rng.integers(-24, hours + 24)))
        known_at = event_time + timedelta(hours=int(rng.integers(-72, 12)))
        about = [(None, None), ("A", None), ("B", None), (None, "XNYS"), (None, "24/7")]
        symbol, calendar = about[rng.integers(5)]
        event_id = f"event-{rng.integers(count // 2)}"
        rows[event_id, known_at] = {
            "event_id": event_id,
            "event_time": event_time,
            "known_at": known_at,
            "symbol": symbol,
            "calendar": calendar,
            "importance": [None, "low", "medium", "high"][rng.integers(4)],
        }
    texts = ("event_id", "symbol", "calendar", "importance")
    columns = {name: [row[name] for row in rows.values()] for name in next(iter(rows.values()))}
    return pa.table(
        {
            name: pa.array(values, pa.string() if name in texts else TIMESTAMP)
            for name, values in columns.items()
        }
    )


def _daily_world(rng, size, terms):
    times = [FIRST + timedelta(days=n) for n in range(size)]
    bars = [_random_prices(rng, times, name, has_range=name == "A") for name in "AB"]
    return World(
        _random_trades(rng, FIRST, 24 * size, 40, ["A", "B", "unknown"]),
        pa.concat_tables(bars).sort_by([("close_time", "ascending")]),
        _random_news(rng, FIRST, 24 * size),
        terms,
    )


def _intraday_world(rng, size, terms):
    first = MONDAYS[rng.integers(2)]
    bars = []
    for name in "ABC":
        times = [first + n * HALF_HOUR for n in range(4 * size) if rng.random() < 0.8]
        bars.append(_random_prices(rng, times, name, has_range=name != "B" or rng.random() < 0.5))
    return World(
        _random_trades(rng, first, 2 * size, 60, ["A", "B", "C", "unknown"]),
        pa.concat_tables(bars).sort_by([("close_time", "ascending"), ("symbol", "ascending")]),
        _random_news(rng, first, 2 * size),
        terms,
    )


_BY_SYMBOL = {"A": "XNYS", "B": "24/7"}
WORLDS = {
    "daily": (_daily_world, {"definition": QUICK}),
    "daily in New York": (_daily_world, {"definition": QUICK, "calendar": "XNYS"}),
    "half hours": (_intraday_world, {"definition": QUICK_INTRADAY, "calendar": _BY_SYMBOL}),
}


@pytest.fixture(scope="session", params=WORLDS)
def draw_world(request):
    """A random world of some kind: ``draw_world(seed, size)``, sizes from 1 to about 70."""
    draw, terms = WORLDS[request.param]
    return lambda seed, size: draw(np.random.default_rng(seed), size, terms)


@pytest.fixture(scope="session")
def draw_daily_world():
    """A random world of daily bars."""
    return lambda seed, size: _daily_world(np.random.default_rng(seed), size, {})
