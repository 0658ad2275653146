"""The figures of every symbol of a market: taken in by bars, given out as of a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from perfkit.market.latest_figures import UNKNOWN, LatestFigures
from perfkit.market.symbol_codes import Codes, rows_by_code
from perfkit.market.symbol_figures import SymbolFigures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.market.bars import SymbolBars
    from perfkit.market.calendars import Calendars
    from perfkit.market.definition import Definition
    from perfkit.market.known_figures import KnownFigures

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
        self._symbols: list[SymbolFigures] = []
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
            if symbol not in self._numbers:
                self._numbers[symbol] = len(self._symbols)
                self._symbols.append(figures)
            figures.append(new)
            self._latest.forget(self._numbers[symbol])
        return sum(len(new.times) for _, _, new in unseen)

    def of(self, symbol: str) -> SymbolFigures | None:
        """Give the figures of one symbol, None when no bar has spoken of it."""
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
            figures, asked = self._symbols[number], missed[rows]
            figures.answer(times[asked], asked, known)
            newest = asked[times[asked].argmax()]
            if (time := int(times[newest])) >= figures.last_time:
                self._latest.keep(number, known.at(newest), *figures.holding(time))
        return known
