"""The figures of every symbol of a market: taken in by bars, given out as of a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from perfkit.market.latest_figures import UNKNOWN, LatestFigures
from perfkit.market.splits import Splits
from perfkit.market.symbol_codes import Codes, rows_by_code
from perfkit.market.symbol_eras import eras_of
from perfkit.market.symbol_figures import SymbolFigures

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from perfkit.market.bars import SymbolBars
    from perfkit.market.calendars import Calendars
    from perfkit.market.definition import Definition
    from perfkit.market.known_figures import KnownFigures
    from perfkit.market.symbol_eras import SymbolEras

__all__ = ["MarketFigures"]


class MarketFigures:
    """The figures of all symbols, each known by a number.

    Parameters
    ----------
    calendars : Calendars
        Of the symbols.
    definition : Definition
        Windows of the figures.
    """

    def __init__(self, calendars: Calendars, definition: Definition) -> None:
        self._calendars, self._definition = calendars, definition
        self._numbers: dict[str, int] = {}
        self._symbols: list[SymbolFigures] = []  # as quoted
        self._in_units: list[SymbolFigures | SymbolEras] = []  # the same, unless it was split
        self._splits = Splits()
        self._latest = LatestFigures()

    def take(self, deliveries: Sequence[SymbolBars]) -> int:
        """Take the bars of some symbols, all or none; give how many were new.

        Raises
        ------
        InvalidTableError, ConflictError
            As `SymbolFigures.unseen`.
        """
        unseen = []
        for delivery in deliveries:
            symbol, figures = delivery.symbol, self.of(delivery.symbol)
            if figures is None:
                figures = SymbolFigures(self._definition, self._calendars.sessions(symbol))
            unseen.append((symbol, figures, figures.unseen(delivery)))
        for symbol, figures, new in unseen:
            if not len(new.times):
                continue
            figures.append(new.times, new.columns)
            if symbol not in self._numbers:
                self._numbers[symbol] = len(self._symbols)
                self._symbols.append(figures)
                self._in_units.append(eras_of(figures, self._splits.of(symbol)))
            self._latest.forget(self._numbers[symbol])
        return sum(len(new.times) for _, _, new in unseen)

    def split(self, splits: pa.Table) -> int:
        """Take splits, all or none; give how many more there are than before.

        Raises
        ------
        SchemaError, InvalidTableError, ConflictError
            As `Splits.tell`.
        """
        before = len(self._splits)
        self._divide(self._splits.tell(splits))
        return len(self._splits) - before

    def unsplit(self, splits: pa.Table) -> None:
        """Take splits back."""
        self._divide(self._splits.forget(splits))

    def of(self, symbol: str) -> SymbolFigures | None:
        """Give the figures of one symbol's bars as quoted, None when there is none."""
        number = self._numbers.get(symbol, UNKNOWN)
        return None if number == UNKNOWN else self._symbols[number]

    def known(
        self, names: Sequence[str], codes: Codes, times: npt.NDArray[np.int64]
    ) -> KnownFigures:
        """Give what was known of some symbols, each at its time.

        Parameters
        ----------
        names : sequence of str
            Symbols.
        codes : ndarray of shape (n_times,)
            Place in ``names`` of whom each time is about.
        times : ndarray of shape (n_times,)
            Microseconds since 1970, UTC, in any order.
        """
        of_name = np.array([self._numbers.get(name, UNKNOWN) for name in names], dtype=np.int32)
        numbers = of_name.take(codes)
        known, held = self._latest.take(numbers), self._latest.hold(numbers, times)
        if held.all():  # as nearly always with live trades
            return known
        missed = np.flatnonzero(~held)
        for number, rows in rows_by_code(numbers[missed]):
            figures, asked = self._in_units[number], missed[rows]
            figures.answer(times[asked], asked, known)
            newest = asked[times[asked].argmax()]
            if (time := int(times[newest])) >= self._symbols[number].last_time:
                self._latest.keep(number, known.at(newest), *figures.holding(time))
        return known

    def _divide(self, symbols: Iterable[str]) -> None:
        for symbol in symbols:
            number = self._numbers.get(symbol, UNKNOWN)
            if number != UNKNOWN:
                figures = self._symbols[number]
                self._in_units[number] = eras_of(figures, self._splits.of(symbol))
                self._latest.forget(number)
