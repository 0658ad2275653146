"""Fills to closed P&L: perfkit's ledger beside vectorbt's records and pyfolio's round trips."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.timing import median_seconds
from perfkit.ledger import Ledger, round_trips
from perfkit.records import Fill, conform

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["rows"]

FILLS = 1_000_000
PEER_FILLS = 200_000
PYFOLIO_FILLS = 2_000


def random_fills(n: int) -> pa.Table:
    """One book that goes long, short and flat at random."""
    rng = np.random.default_rng(7)
    signed = rng.choice([-1.0, 1.0], n) * rng.integers(1, 100, n)
    times = np.datetime64("2000-01-03", "us") + np.arange(n) * np.timedelta64(60, "s")
    columns = {
        "trade_id": [f"t{i}" for i in range(n)],
        "account_id": pa.repeat("a", n),
        "strategy_id": pa.repeat("s", n),
        "execution_time": pa.array(times).cast(pa.timestamp("us", "UTC")),
        "symbol": pa.repeat("X", n),
        "side": np.where(signed > 0, "buy", "sell"),
        "price": 100.0 + np.cumsum(rng.normal(0.0, 0.02, n)),
        "volume": np.abs(signed),
    }
    return conform(pa.table(columns), Fill)


def rows() -> list[tuple[str, str, float]]:
    """Give (what, who, fills a second); vectorbt's P&L is compared before it is timed."""
    fills = random_fills(FILLS)
    own = [
        ("ledger, average cost", lambda: Ledger().apply(fills)),
        ("ledger, FIFO", lambda: Ledger("fifo").apply(fills)),
        ("round trips, flat to flat", lambda: round_trips(fills)),
    ]
    answer = [(f"{what}, {FILLS:,}", "perfkit", FILLS / median_seconds(act)) for what, act in own]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own deprecations
        return [*answer, _vectorbt(fills.slice(0, PEER_FILLS)), _pyfolio(fills)]


def _frame(fills: pa.Table) -> pd.DataFrame:
    frame = fills.select(["execution_time", "price", "volume", "side"]).to_pandas()
    frame["amount"] = np.where(frame["side"] == "buy", 1.0, -1.0) * frame["volume"]
    return frame.set_index("execution_time").assign(symbol="X")


def _vectorbt(fills: pa.Table) -> tuple[str, str, float]:
    import vectorbt

    frame = _frame(fills)

    def act() -> pd.DataFrame:
        portfolio = vectorbt.Portfolio.from_orders(
            frame["price"], frame["amount"], init_cash=1e9, freq="1min"
        )
        return portfolio.exit_trades.records

    closed = act().query("status == 1")["pnl"].sum()
    own = round_trips(fills, grouping="flat_to_reduced")["pnl"].sum()
    np.testing.assert_allclose(own, closed, rtol=1e-9)
    seconds, name = median_seconds(act, runs=3), f"vectorbt {vectorbt.__version__}"
    return f"from_orders + exit_trades, {len(frame):,}", name, len(frame) / seconds


def _pyfolio(fills: pa.Table) -> tuple[str, str, float]:
    import pyfolio
    from pyfolio.round_trips import extract_round_trips

    frame = _frame(fills.slice(0, PYFOLIO_FILLS))[["amount", "price", "symbol"]]
    # it merges neighbouring fills to one mean price first, so its P&L is near ours, not equal
    seconds, name = median_seconds(lambda: extract_round_trips(frame), runs=3), "pyfolio"
    what = f"extract_round_trips, {len(frame):,}"
    return what, f"{name} {pyfolio.__version__}", len(frame) / seconds
