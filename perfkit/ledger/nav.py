"""NAV: from the P&L and flows of a day to net asset value and return.

The same for one strategy and for any sum of them: what can be added is added, and what
can't is computed from the sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from perfkit.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OWNER", "SUMMED", "combine_equity", "with_nav"]

OWNER = ["account_id", "strategy_id"]
SUMMED = [
    *("pnl", "price_pnl", "fx_pnl", "fees", "funding", "dividends", "realized_pnl"),
    *("flow", "market_value", "exposure", "turnover", "trades", "stale_marks", "unfunded"),
]
_COLUMNS = [
    *("pnl", "price_pnl", "fx_pnl", "fees", "funding", "dividends", "realized_pnl"),
    *("flow", "market_value", "nav", "return"),
    *("exposure", "turnover", "trades", "stale_marks", "unfunded"),
]


def combine_equity(equity: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Add strategies up, day by day, as if they were one.

    Parameters
    ----------
    equity : DataFrame
        From `daily_equity`.
    by : sequence of str
        What stays apart: any of account_id and strategy_id; nothing gives the whole.

    Returns
    -------
    DataFrame, one row per ``by`` and day, sorted so
        The columns of `daily_equity`, summed; nav and return are those of the sum, so
        cash that moved between two strategies is no flow of theirs together.

    Raises
    ------
    UnknownNameError
        When ``by`` names another column.

    Examples
    --------
    >>> import numpy as np
    >>> day = np.datetime64("2024-01-02", "us")
    >>> columns = dict.fromkeys(SUMMED, 0.0) | {"pnl": [10.0, -4.0], "flow": [100.0, 100.0]}
    >>> two = pd.DataFrame({"account_id": "main", "strategy_id": ["a", "b"], "day": day} | columns)
    >>> combine_equity(two)[["nav", "return"]].values.tolist()
    [[206.0, 0.03]]
    """
    if unknown := [name for name in by if name not in OWNER]:
        raise UnknownNameError(f"by must name columns of {OWNER}, was {unknown}")
    summed = equity.groupby([*by, "day"], sort=True)[SUMMED].sum(skipna=False).reset_index()
    return with_nav(summed, by)


def with_nav(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add nav and return to days sorted by ``by`` and day.

    A net inflow counts as capital from the start of its day, a net outflow until its end.
    """
    keys = [frame[name] for name in by] or [pd.Series(0, frame.index)]
    gained = frame["pnl"] + frame["flow"]
    nav = gained.groupby(keys).cumsum()
    nav = nav.mask(gained.isna().groupby(keys).cummax())
    capital = nav - frame["pnl"] - frame["flow"].clip(upper=0.0)
    is_funded = (frame["flow"] != 0.0).groupby(keys).cummax() & (frame["unfunded"] == 0)
    is_funded &= capital > 0.0
    frame = frame.assign(nav=nav, **{"return": frame["pnl"] / capital.where(is_funded)})
    return frame[[*by, "day", *_COLUMNS]]
