"""Accounts and strategies as groups: their drawdown, their trips' labels, their metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import drawdown_curve
from perfkit.metrics import compute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

__all__ = ["drawdown", "group_columns", "measure", "with_labels"]

_COLUMNS = {"account": "account_id", "strategy": "strategy_id"}


def group_columns(by: str | Sequence[str]) -> list[str]:
    """Name the columns of a grouping by account and strategy.

    Raises
    ------
    InvalidArgumentError
        For any other dimension.
    """
    names = [by] if isinstance(by, str) else list(by)
    if unknown := [n for n in names if n not in _COLUMNS and n not in _COLUMNS.values()]:
        raise InvalidArgumentError(
            f"by must name {' or '.join(_COLUMNS)}, was {unknown}; "
            "attribution(by=[...]) knows the other dimensions"
        )
    return [_COLUMNS.get(name, name) for name in names]


def drawdown(equity: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Drawdown of each group's compounded returns, a positive fraction."""
    growth = 1.0 + equity["return"].fillna(0.0)
    keys = [equity[name] for name in columns] or [pd.Series(0, equity.index)]
    curve = growth.groupby(keys).cumprod()
    depth = curve.groupby(keys).transform(lambda path: drawdown_curve(path, start=1.0))
    return depth.where(equity["return"].notna().groupby(keys).cummax())


def with_labels(trips: pd.DataFrame, fills: pa.Table) -> pd.DataFrame:
    """Add the currency of each round trip, and what its first and last fill were labelled."""
    columns = ("account_id", "trade_id", "labels", "currency")
    rows = zip(*(fills[name].to_pylist() for name in columns), strict=True)
    known = {(account, trade): (labels, currency) for account, trade, labels, currency in rows}
    ends = trips[["account_id", "entry_trade_id", "exit_trade_id"]].itertuples(index=False)
    pairs = [(known[account, first], known[account, last]) for account, first, last in ends]
    currencies = [entry[1] for entry, _ in pairs]
    labels = [tuple(sorted({*entry[0], *leave[0]})) for entry, leave in pairs]
    return trips.assign(
        currency=pd.Series(currencies, trips.index, dtype=object),
        labels=pd.Series(labels, trips.index, dtype=object),
    )


def measure(
    equity: pd.DataFrame, trips: pd.DataFrame, columns: list[str], sample: Mapping[str, Any]
) -> pd.DataFrame:
    """Measure each group of days and of closed round trips.

    Parameters
    ----------
    equity, trips : DataFrame
        Days and closed round trips, with ``columns``.
    columns : list of str
        What makes a group; none is the whole desk.
    sample : mapping
        Keywords of `perfkit.metrics.compute`.

    Returns
    -------
    DataFrame
        One row a group; why a metric is undefined stands in ``.attrs["reasons"]``.
    """
    rows, reasons = [], {}
    for key, days in _groups(equity, columns):
        own = trips.loc[(trips[columns] == list(key)).all(axis=1), "pnl"]
        returns = days.set_index("day")["return"]
        table = compute(returns, own, **sample)
        why = table["reason"].dropna()
        if returns.isna().all():
            why = why.replace("too_few", "no_capital")
        keys = dict(zip(columns, key, strict=True))
        rows.append({**keys, "net_pnl": days["pnl"].sum(), **table["value"]})
        reasons[" / ".join(key) or "total"] = why.to_dict()
    frame = pd.DataFrame(rows, columns=None if rows else [*columns, "net_pnl"])
    frame = frame.set_index(columns) if columns else frame.set_axis(["total"][: len(frame)])
    frame.attrs["reasons"] = reasons
    return frame


def _groups(equity: pd.DataFrame, columns: list[str]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    if not columns:
        return [((), equity)] if len(equity) else []
    groups = equity.groupby(columns, sort=True)
    return [(tuple(map(str, key)), days) for key, days in groups]
