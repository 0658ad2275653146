"""Exchange rates: what one currency was worth in another at a moment.

A rate is the price of a symbol such as ``EUR/USD``: units of the second for one of
the first. The newest one known by then counts; none is made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import SchemaError
from perfkit.records.schema import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ExchangeRates"]

_ALWAYS = np.iinfo(np.int64).min


class ExchangeRates:
    """Rates of currency pairs over time.

    Parameters
    ----------
    marks : pyarrow.Table, optional
        Columns ``symbol``, ``time``, ``price`` of `Mark`; symbols that are no pair of
        currencies are not read.

    Raises
    ------
    SchemaError
        When a column is missing.

    Examples
    --------
    >>> ExchangeRates.of_prices({"EUR/USD": 1.25}).at("USD", "EUR", np.array([0])).tolist()
    [0.8]
    """

    def __init__(self, marks: pa.Table | None = None) -> None:
        self._pairs: dict[
            tuple[str, str], tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
        ] = {}
        if marks is None:
            return
        if missing := [n for n in ("symbol", "time", "price") if n not in marks.column_names]:
            raise SchemaError(
                f"a table of rates must have the columns of Mark; missing {missing}; "
                "of bars take close_time as time and close as price"
            )
        symbols = marks["symbol"].cast(pa.string())
        is_pair = pc.match_substring(symbols, "/")
        pairs = marks.append_column("pair", symbols).filter(is_pair).sort_by("time")
        codes = pairs["pair"].combine_chunks().dictionary_encode()
        time = pairs["time"].cast(TIMESTAMP).cast(pa.int64()).to_numpy()
        price = pairs["price"].to_numpy()
        for code, symbol in enumerate(codes.dictionary.to_pylist()):
            own = codes.indices.to_numpy() == code
            self._add(symbol, time[own], price[own])

    @classmethod
    def of_prices(cls, prices: Mapping[str, float]) -> ExchangeRates:
        """Take the pairs of currencies among some prices, as rates of all times."""
        rates = cls()
        for symbol, price in prices.items():
            rates._add(symbol, np.array([_ALWAYS]), np.array([price], np.float64))
        return rates

    def _add(
        self, symbol: str, time: npt.NDArray[np.int64], price: npt.NDArray[np.float64]
    ) -> None:
        names = symbol.partition(":")[0].split("/")
        if len(names) == 2 and (price > 0.0).all():
            self._pairs[names[0], names[1]] = time, price

    def at(self, base: str, quote: str, time: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Give the units of ``quote`` for one of ``base`` at each time.

        The pair itself is asked first, then the pair the other way round, then every
        third currency that both have a rate in, by name.

        Parameters
        ----------
        base, quote : str
            Two currencies.
        time : ndarray of shape (n,), int64
            Microseconds since 1970, UTC.

        Returns
        -------
        ndarray of shape (n,)
            NaN where no rate was known yet.
        """
        rate = self._direct(base, quote, time)
        for third in sorted({name for pair in self._pairs for name in pair} - {base, quote}):
            if not np.isnan(rate).any():
                break
            crossed = self._direct(base, third, time) * self._direct(third, quote, time)
            rate = np.where(np.isnan(rate), crossed, rate)
        return rate

    def _direct(
        self, base: str, quote: str, time: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        if base == quote:
            return np.ones(len(time))
        rate = self._asof((base, quote), time)
        return np.where(np.isnan(rate), 1.0 / self._asof((quote, base), time), rate)

    def _asof(self, pair: tuple[str, str], time: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        if pair not in self._pairs:
            return np.full(len(time), np.nan)
        times, prices = self._pairs[pair]
        return np.concatenate([[np.nan], prices])[np.searchsorted(times, time, side="right")]
