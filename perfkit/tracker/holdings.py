"""Holdings: what a strategy holds of each symbol, and what it was worth when.

A position is valued at the last price known by then, a fill's or the close
of a bar. Prices are as they were quoted: each is multiplied with the units
of its own time, so that a split changes no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from perfkit.ledger.splits import SplitFactors
    from perfkit.tracker.roles import Market

__all__ = ["Filled", "Holdings"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Filled(NamedTuple):
    """What is held of a symbol after each fill of it, or before each fill of any.

    Attributes
    ----------
    units : ndarray of shape (n_fills,)
        Signed, times the multiplier, in units of ``time``.
    price : ndarray of shape (n_fills,)
        Of the symbol's last fill.
    time : ndarray of shape (n_fills,)
        When that was, in microseconds.
    """

    units: Floats
    price: Floats
    time: Integers


@dataclass(slots=True)
class _Holding:
    units: float = 0.0
    price: float = 0.0
    time: int = 0


class Holdings:
    """The positions of one account's strategy.

    Parameters
    ----------
    account : str
        Whose splits count.
    splits : SplitFactors
        Of all accounts.
    """

    def __init__(self, account: str, splits: SplitFactors) -> None:
        self._account = account
        self._splits = splits
        self._held: dict[str, _Holding] = {}

    def values(
        self, fills: pa.Table, filled: Filled, market: Market | None
    ) -> tuple[Floats, Floats]:
        """Take fills, and sum the values of all positions before each, signed and absolute.

        Parameters
        ----------
        fills : pyarrow.Table
            Columns of `Fill`, in canonical order.
        filled : Filled
            What is held of the symbol of each after it.
        market : Market, optional
            Gives the closes at which positions are valued between fills.

        Returns
        -------
        tuple of two ndarrays of shape (n_fills,)
        """
        worth, exposure = np.zeros(fills.num_rows), np.zeros(fills.num_rows)
        for symbol, track in self._tracks(fills, filled):
            if not track.units.any():
                continue
            value = track.units * track.price
            if market is not None:
                asof, close = market.closes(symbol, fills.column("execution_time"))
                is_newer = (asof > track.time.view(asof.dtype)) & ~np.isnan(close)
                units = self._units_at(symbol, track, asof.view(np.int64))
                value = np.where(is_newer, units * close, value)
            worth += value
            exposure += np.abs(value)
        return worth, exposure

    def _units_at(self, symbol: str, track: Filled, times: Integers) -> Floats:
        if self._splits.is_empty:
            return track.units
        whose = [self._account] * len(times), [symbol] * len(times)
        return track.units * self._splits.at(*whose, times) / self._splits.at(*whose, track.time)

    def _tracks(self, fills: pa.Table, filled: Filled) -> Iterator[tuple[str, Filled]]:
        """Follow each symbol's own fills up to each fill; sorted, for one order of summation."""
        symbols = fills.column("symbol").combine_chunks().dictionary_encode()
        codes = symbols.indices.to_numpy()
        traded = {name: code for code, name in enumerate(symbols.dictionary.to_pylist())}
        for symbol in sorted({*self._held, *traded}):
            brought = self._held.pop(symbol, _Holding())
            own = np.flatnonzero(codes == traded.get(symbol, -1))
            last = np.searchsorted(own, np.arange(fills.num_rows))  # 0 is what was brought along
            units, price, time = (
                np.concatenate([[before], after[own]])
                for before, after in zip(
                    (brought.units, brought.price, brought.time), filled, strict=True
                )
            )
            if units[-1] != 0.0:
                self._held[symbol] = _Holding(float(units[-1]), float(price[-1]), int(time[-1]))
            yield symbol, Filled(units[last], price[last], time[last])
