"""Valuation: what a strategy's books are worth at given prices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perfkit.ledger.exchange_rates import ExchangeRates
from perfkit.records.pnl import StrategyPnl

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

__all__ = ["strategy_pnl"]

_NOW = np.zeros(1, np.int64)  # the rates of one set of prices are those of all times


def strategy_pnl(
    books: pd.DataFrame,
    prices: Mapping[str, float],
    currency: str | None,
    unconverted: set[str],
) -> StrategyPnl:
    """Value one account's strategy.

    Parameters
    ----------
    books : DataFrame
        Its rows of `Ledger.positions`.
    prices : mapping of str to float
        Price of each symbol; pairs of currencies are rates.
    currency : str, optional
        What to convert to.
    unconverted : set of str
        Currencies of fees that never had a rate.
    """
    target, rate, without_rate = _rates(books, prices, currency)
    is_held = (books["position"] != 0.0).to_numpy()
    held = books[is_held]
    marks = np.array([prices.get(symbol, math.nan) for symbol in held["symbol"]], np.float64)
    inverse, entry = held["inverse"].to_numpy(), held["average_price"].to_numpy()
    # worth 1 / price, an inverse contract has no value at a price of 0 and below
    marks[~np.isfinite(marks) | (inverse & (marks <= 0.0))] = math.nan
    units = (held["position"] * held["multiplier"]).to_numpy()
    with np.errstate(divide="ignore"):
        value = units * np.where(inverse, 1.0 / marks, marks)
        cost = units * np.where(inverse, 1.0 / entry, entry)
    gain = np.where(inverse, cost - value, value - cost)
    realized = math.fsum(books["realized_pnl"] * rate)
    fees, unrealized = math.fsum(books["fees"] * rate), math.fsum(gain * rate[is_held])
    return StrategyPnl(
        account_id=books["account_id"].iloc[0],
        strategy_id=books["strategy_id"].iloc[0],
        currency=target,
        realized_pnl=realized,
        fees=fees,
        unrealized_pnl=unrealized,
        total_pnl=realized + unrealized - fees,
        market_value=math.fsum(value * rate[is_held]),
        positions=dict(zip(held["symbol"], held["position"], strict=True)),
        unpriced=(*held["symbol"][np.isnan(marks)], *sorted({*without_rate, *unconverted})),
    )


def _rates(
    books: pd.DataFrame, prices: Mapping[str, float], currency: str | None
) -> tuple[str | None, npt.NDArray[np.float64], set[str]]:
    """Give the currency of the sum, each book's rate into it, and the names without one."""
    names = [name for name in books["currency"] if name is not None]
    if currency is None and len(set(names)) <= 1:
        return (names[0] if names else None), np.ones(len(books)), set()
    if currency is None:
        return None, np.full(len(books), math.nan), set(names)
    rates = ExchangeRates.of_prices(prices)
    into = {name: float(rates.at(name, currency, _NOW)[0]) for name in set(names)}
    # money that names no currency is the account's own, which is what it is asked for in
    rate = np.array([1.0 if name is None else into[name] for name in books["currency"]])
    return currency, rate, {name for name, found in into.items() if math.isnan(found)}
