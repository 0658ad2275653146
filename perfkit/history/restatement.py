"""Restatement: the P&L that was stamped into a record, against the books of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["restated"]

_KEYS = ["account_id", "trade_id"]
_TOLERANCE = 1e-9  # relative, of money: two orders of summation differ by less


def restated(recorded: pa.Table, books: pa.Table) -> pd.DataFrame:
    """List trades whose P&L has changed since it was recorded.

    Parameters
    ----------
    recorded, books : pyarrow.Table
        Trade records as stored, and with the P&L of the books as of now.
    """
    then: pd.DataFrame = recorded.select([*_KEYS, "pnl"]).to_pandas()
    now: pd.DataFrame = books.select(
        [*_KEYS, "strategy_id", "symbol", "execution_time", "pnl"]
    ).to_pandas()
    frame = now.merge(then.rename(columns={"pnl": "recorded"}), on=_KEYS)
    allowed = _TOLERANCE * frame["pnl"].abs().clip(lower=1.0)
    is_same = (frame["recorded"] - frame["pnl"]).abs() <= allowed
    return frame.loc[~is_same].reset_index(drop=True)
