"""Fills for the tests of the tracker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from perfkit.records import Fill

BEGIN = datetime(2024, 1, 2, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def fill():
    """Make one fill: fill(trade_id, hours, side, price, volume, **fields)."""

    def make(trade_id, hours=0.0, side="buy", price=50.0, volume=100.0, **fields):
        values = {"account_id": "acc_1", "strategy_id": "trend", "symbol": "SPY"} | fields
        return Fill(
            trade_id=trade_id,
            execution_time=BEGIN + timedelta(hours=hours),
            side=side,
            price=price,
            volume=volume,
            **values,
        )

    return make


@pytest.fixture(scope="session")
def clock():
    """A clock that stands still."""
    return lambda: datetime(2024, 6, 1, tzinfo=UTC)
