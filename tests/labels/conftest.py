"""Trades and contexts for the tests of the labels: written out, or random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from perfkit.records import Fill, MarketContext, arrow_schema

NOW = datetime(2024, 3, 1, 15, tzinfo=UTC)
TIMESTAMP = pa.timestamp("us", tz="UTC")

TRADES = pa.schema(
    [
        *arrow_schema(Fill),
        ("pnl", pa.float64()),
        ("position", pa.float64()),
        ("position_before", pa.float64()),
        ("average_price_before", pa.float64()),
        ("entry_time", TIMESTAMP),
        ("usual_entry_notional", pa.float64()),
    ]
)
OPENING = {
    "trade_id": "t", "account_id": "a", "strategy_id": "s", "execution_time": NOW, "symbol": "X",
    "side": "buy", "price": 100.0, "volume": 10.0, "commission": 0.0, "multiplier": 1.0,
    "record_type": "new", "pnl": 0.0, "position": 10.0, "position_before": 0.0,
    "average_price_before": None, "entry_time": NOW, "usual_entry_notional": 1000.0,
}  # fmt: skip


def _trade_rows(*changes):
    """A table of trades: each a purchase of 10 at 100 from flat, but for what is given."""
    rows = [OPENING | change for change in changes]
    columns = [pa.array([row.get(f.name) for row in rows], f.type) for f in TRADES]
    return pa.Table.from_arrays(columns, schema=TRADES)


def _context_rows(*changes):
    """A table of contexts in which nothing is known, but for what is given."""
    schema = arrow_schema(MarketContext)
    columns = [pa.array([change.get(f.name) for change in changes], f.type) for f in schema]
    return pa.Table.from_arrays(columns, schema=schema)


@pytest.fixture(scope="session")
def trade_rows():
    return _trade_rows


@pytest.fixture(scope="session")
def context_rows():
    return _context_rows


@pytest.fixture(scope="session")
def random_rows():
    """Random trades with random contexts, nulls among them."""

    def draw(seed: int, trades: int) -> tuple[pa.Table, pa.Table]:
        rng = np.random.default_rng(seed)
        rows, contexts = [], []
        for _ in range(trades):
            side = rng.choice(["buy", "sell"])
            price = float(rng.integers(80, 120))
            volume, before = float(rng.integers(1, 30)), float(rng.integers(-30, 30))
            rows.append(
                {
                    "side": str(side),
                    "price": price,
                    "volume": volume,
                    "position_before": before,
                    "position": before + (volume if side == "buy" else -volume),
                    "average_price_before": price + rng.choice([-20, -0.3, 0.3, 20])
                    if before
                    else None,
                    "pnl": float(rng.normal()) * 100,
                    "entry_time": NOW
                    - rng.choice([timedelta(minutes=5), timedelta(days=int(rng.integers(90)))]),
                    "usual_entry_notional": rng.choice([None, 300.0, 1000.0, 3000.0]),
                }
            )
            contexts.append(
                {
                    "trend": rng.choice([None, "uptrend", "downtrend", "range"]),
                    "volatility_regime": rng.choice([None, "low", "medium", "high"]),
                    "zscore": rng.choice([None, -2.0, -0.5, 0.5, 2.0]),
                    "momentum": rng.choice([None, -0.2, 0.0, 0.2]),
                    "volatility": rng.choice([None, 0.01, 0.03]),
                    "atr": rng.choice([None, 1.0, 5.0]),
                    "minutes_from_open": rng.choice([None, 0.0, 20.0, 100.0]),
                    "minutes_to_close": rng.choice([None, 0.0, 20.0, 100.0]),
                    "news_event": rng.choice([None, True, False]),
                    "channel_high": rng.choice([None, 105.0]),
                    "channel_low": rng.choice([None, 95.0]),
                }
            )
        return _trade_rows(*rows), _context_rows(*contexts)

    return draw
