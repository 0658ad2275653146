"""Conversion: round trips in one currency, each at the rate of its exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.ledger import ExchangeRates

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["converted_trips"]

_MONEY = (
    *("pnl_gross", "fees", "pnl", "slippage", "risk"),
    *("mae", "mfe", "end_trade_drawdown"),
)


def converted_trips(trips: pd.DataFrame, rates: pa.Table, convert_to: str) -> pd.DataFrame:
    """Convert the money of round trips; prices stay as they were quoted.

    Parameters
    ----------
    trips : DataFrame
        From `perfkit.round_trips`.
    rates : pyarrow.Table
        Closes of currency pairs.
    convert_to : str
        Currency of the answer; money that names no currency is taken to be in it.

    Returns
    -------
    DataFrame
        NaN where no rate was known at the exit.
    """
    known, rate = ExchangeRates(rates), np.ones(len(trips))
    times = trips["exit_time"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    for name in sorted(trips["currency"].dropna().unique()):
        own = (trips["currency"] == name).to_numpy()
        rate[own] = known.at(name, convert_to, times[own].astype(np.int64))
    money = {name: trips[name] * rate for name in _MONEY}
    return trips.assign(**money, currency=convert_to)
