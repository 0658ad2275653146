"""Curves: what each account or strategy was worth and did, day by day, in one tidy frame.

A curve that compounds ends where it would no longer be the whole: from a day whose P&L was
made without capital, or is not known, it is NaN. So its value on a day is what the metrics
say of all days until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import pandas as pd

from perfkit.errors import SchemaError
from perfkit.metrics import drawdown_series
from perfkit.metrics.path import wealth
from perfkit.metrics.rolling import RollingTerms, window_length
from perfkit.metrics.rolling import rolling as windows

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["curves"]

_NEEDED = (
    *("day", "pnl", "flow", "market_value", "nav", "return"),
    *("exposure", "turnover", "trades", "unfunded"),
)


def curves(
    equity: pd.DataFrame,
    columns: Sequence[str],
    *,
    rolling: int | str | None = None,
    metrics: str | Sequence[str] = "headline",
    **terms: Unpack[RollingTerms],
) -> pd.DataFrame:
    """Lay out the days of each group as curves.

    Parameters
    ----------
    equity : DataFrame of shape (n_days * n_groups, n_columns)
        From `combine_equity`, or `History.equity`: sorted by ``columns`` and day.
    columns : sequence of str
        What makes a group: any of account_id and strategy_id; none is the whole.
    rolling : int or str, optional
        A window such as ``"63d"``; adds a column ``rolling_<metric>`` for each metric.
    metrics : str or sequence of str
        Which, as for `rolling`.
    **terms
        As for `rolling`: ``periods``, ``rf``, ``benchmark`` ...

    Returns
    -------
    DataFrame, one row a group and day, in the order of ``equity``
        Its ``columns`` and day, then, in the account currency where no unit is said:
        nav : net asset value at the end of the day.
        pnl, cumulative_pnl : of the day, and of all days so far.
        return : of the day, a fraction of the capital.
        wealth : what 1 at the start has become; a day without capital stands still.
        drawdown : how far wealth is below its highest so far, a positive fraction.
        volume : sum of absolute values of the day's fills.
        trades : number of the day's fills.
        exposure : sum of absolute values of the positions at the end of the day.
        net_exposure : their signed value.
        leverage : exposure / nav, a ratio.
        turnover : volume / capital, a fraction: bought and sold both count. The capital is
        that of the return: the nav of the day before, and what came in.
        rolling_<metric> : over the window that ends on the day; NaN before there is a full
        one, and where P&L inside it was made without capital or is not known.
        NaN where there is no capital to be a fraction of.

    Raises
    ------
    SchemaError
        When the frame lacks a column.
    InvalidArgumentError, UnknownNameError
        For a window or a metric that is none.
    """
    if missing := [name for name in (*columns, *_NEEDED) if name not in equity]:
        raise SchemaError(
            f"equity must have the columns of perfkit.daily_equity, it lacks {missing}"
        )
    parts = equity.groupby(list(columns), sort=False) if columns else ()
    groups = [days for _, days in parts] or [equity]
    laid_out = []
    for days in groups:
        frame = days[[*columns, "day"]].assign(**_of_days(days))
        if rolling is not None:
            measured = windows(_returns(days), metrics, window=rolling, **terms)
            frame = frame.join(_whole(measured, days, rolling).add_prefix("rolling_"), on="day")
        laid_out.append(frame)
    return pd.concat(laid_out, ignore_index=True)


def _of_days(days: pd.DataFrame) -> dict[str, pd.Series]:
    """Give the curves of one group that need no window."""
    pnl, nav = days["pnl"], days["nav"]
    # a return that leaves out what was made without capital would be another strategy's
    is_whole = ~_broken(days).cummax()
    known = days["return"].where(is_whole).dropna()
    capital = (nav - pnl - days["flow"].clip(upper=0.0)).where(days["return"].notna())
    return {
        "nav": nav,
        "pnl": pnl,
        "cumulative_pnl": pnl.cumsum().where(pnl.notna().cummin()),
        "return": days["return"],
        "wealth": _standing(pd.Series(wealth(known.to_numpy())[1:], known.index), is_whole),
        "drawdown": _standing(drawdown_series(known), is_whole),
        "volume": days["turnover"],
        "trades": days["trades"],
        "exposure": days["exposure"],
        "net_exposure": days["market_value"],
        "leverage": days["exposure"] / nav.where((nav > 0.0) & capital.notna()),
        "turnover": days["turnover"] / capital,
    }


def _standing(curve: pd.Series, is_whole: pd.Series) -> pd.Series:
    """Let a curve stand still on the days that it does not name, as far as it is the whole."""
    return curve.reindex(is_whole.index).ffill().where(is_whole)


def _broken(days: pd.DataFrame) -> pd.Series:
    """Name the days whose P&L was made without capital, or is not known."""
    return (days["unfunded"] > 0) | days["pnl"].isna()


def _returns(days: pd.DataFrame) -> pd.Series:
    return days.set_index("day")["return"]


def _whole(measured: pd.DataFrame, days: pd.DataFrame, window: int | str) -> pd.DataFrame:
    """Leave out the windows that reach over a broken day."""
    known = _returns(days).dropna()
    broken = _broken(days.set_index("day")).cumsum().reindex(known.index)
    before = broken.shift(window_length(window, "d") - 1)
    return measured[(broken == before).reindex(measured.index)]
