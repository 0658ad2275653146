"""Contexts of recorded trades from recorded bars, splits and news, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from perfkit.errors import SchemaError
from perfkit.market.definition import DAILY, Definition
from perfkit.market.market_state import MarketState

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["context_asof"]


def context_asof(
    trades: pa.Table,
    bars: pa.Table,
    *,
    news: pa.Table | None = None,
    splits: pa.Table | None = None,
    calendar: str | Mapping[str, str] | None = None,
    definition: Definition = DAILY,
) -> pa.Table:
    """Give the market context of each trade, from what was known by then.

    Parameters
    ----------
    trades : pyarrow.Table
        With ``symbol`` and ``execution_time``, in any order; other columns are
        not read.
    bars : pyarrow.Table
        With the columns of `Bar`, each symbol in the order of its close times.
    news : pyarrow.Table, optional
        With the columns of `NewsEvent`, in any order.
    splits : pyarrow.Table, optional
        With the columns of `SplitRecord`, in any order. Without them a split reads as a
        crash, for bars are as quoted.
    calendar : str or mapping of str to str, optional
        Exchange calendar of all symbols, or of each.
    definition : Definition, default DAILY
        Windows and thresholds of figures and classes.

    Returns
    -------
    pyarrow.Table
        With the schema of `MarketContext`, one row a trade, in their order: what
        a `MarketState` fed with the same bars, splits and news answers.

    Raises
    ------
    SchemaError
        When a column is missing or of another type.
    InvalidTableError, ConflictError
        As `MarketState.on_bars`, `MarketState.on_splits` and `MarketState.on_news`.
    InvalidArgumentError, UnknownNameError
        As `MarketState`.
    """
    if not isinstance(trades, pa.Table):
        raise SchemaError(
            f"trades must be a pyarrow.Table, were {type(trades).__name__}; of a DataFrame make "
            "one with pa.Table.from_pandas(frame)"
        )
    missing = [n for n in ("symbol", "execution_time") if n not in trades.column_names]
    if missing:
        raise SchemaError(
            f"trades must have the columns symbol and execution_time; missing {missing}, "
            f"there are {trades.column_names}"
        )
    state = MarketState(calendar, definition=definition)
    state.on_bars(bars)
    if splits is not None:
        state.on_splits(splits)
    if news is not None:
        state.on_news(news)
    return state.contexts(trades["symbol"], trades["execution_time"])
