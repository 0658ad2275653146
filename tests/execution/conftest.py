"""Prices for backtests: made up, from a seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perfkit.execution import at_close


@pytest.fixture(scope="session")
def closes():
    """Two years of five random walks, with the close of each day in UTC."""
    steps = np.random.default_rng(7).normal(0.0003, 0.02, size=(520, 5))
    days = pd.bdate_range("2020-01-01", periods=520)
    walks = 50.0 * np.exp(np.cumsum(steps, axis=0))
    return at_close(pd.DataFrame(walks, index=days, columns=list("ABCDE")))
