"""Prices for backtests: made up, from a seed."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from perfkit.execution import Order, at_close

DECIDED = datetime(2024, 1, 30, 21, tzinfo=UTC)


@pytest.fixture(scope="session")
def closes():
    """Two years of five random walks, with the close of each day in UTC."""
    steps = np.random.default_rng(7).normal(0.0003, 0.02, size=(520, 5))
    days = pd.bdate_range("2020-01-01", periods=520)
    walks = 50.0 * np.exp(np.cumsum(steps, axis=0))
    return at_close(pd.DataFrame(walks, index=days, columns=list("ABCDE")))


@pytest.fixture(scope="session")
def order():
    """Make an order: order(number, side, symbol, volume, **fields)."""

    def make(number=1, side="buy", symbol="AAPL", volume=10.0, **fields):
        values = {
            "order_id": f"m-{number}",
            "account_id": "A1",
            "strategy_id": "momentum",
            "submitted_at": DECIDED,
        }
        return Order(symbol=symbol, side=side, volume=volume, **values | fields)

    return make
