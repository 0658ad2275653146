"""Calendars: which exchange calendar each symbol follows, and what it says of a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from perfkit.market.exchange_schedule import canonical_name
from perfkit.market.sessions import SessionColumns, Sessions, sessions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.market.bars import FloatColumn
    from perfkit.market.symbol_codes import Codes

__all__ = ["Calendars"]

Times = npt.NDArray[np.int64]


class Calendars:
    """The exchange calendars of a market's symbols.

    Parameters
    ----------
    calendar : str or mapping of str to str, optional
        One calendar for every symbol, or of each symbol its own; a symbol that is
        not in the mapping has none.

    Attributes
    ----------
    names : tuple of str
        Each calendar once. A symbol's code is the place of its calendar here, or -1.

    Raises
    ------
    UnknownNameError
        When there is no calendar of a name.
    """

    def __init__(self, calendar: str | Mapping[str, str] | None = None) -> None:
        by_symbol = calendar if isinstance(calendar, Mapping) else {}
        of_others = None if isinstance(calendar, Mapping) else calendar
        names = by_symbol.values() if of_others is None else [of_others]
        found = {sessions.name: sessions for sessions in map(sessions_of, names)}
        self.names = tuple(found)
        self._exchanges = tuple(map(canonical_name, found))
        self._sessions = tuple(found.values())
        self._codes = {symbol: self.names.index(name) for symbol, name in by_symbol.items()}
        self._otherwise = -1 if of_others is None else 0

    def codes(self, symbols: Sequence[str]) -> npt.NDArray[np.int16]:
        """Give the code of each symbol's calendar, -1 where it has none."""
        return np.array([self._codes.get(s, self._otherwise) for s in symbols], dtype=np.int16)

    def names_of(self, codes: Codes) -> list[str | None]:
        """Give the canonical name behind each code, ``XNYS`` of ``NYSE``; None behind -1."""
        return [self._exchanges[code] if code >= 0 else None for code in codes.tolist()]

    def sessions(self, symbol: str) -> Sessions | None:
        """Give the sessions of one symbol's calendar."""
        code = self._codes.get(symbol, self._otherwise)
        return self._sessions[code] if code >= 0 else None

    def classify(self, codes: Codes, times: Times) -> SessionColumns:
        """Say in which session of its calendar each time lies; -1 without a calendar.

        Parameters
        ----------
        codes, times : ndarray of shape (n_times,)
            Codes of calendars, and microseconds since 1970, UTC.
        """
        parts = list(self._parts(codes))
        if len(parts) == 1 and len(parts[0][1]) == len(times):
            return parts[0][0].classify(times)
        code = np.full(len(times), -1, dtype=np.int8)
        from_open, to_close = np.full((2, len(times)), np.nan)
        for sessions, rows in parts:
            part = sessions.classify(times[rows])
            code[rows], from_open[rows], to_close[rows] = part
        return SessionColumns(code, from_open, to_close)

    def open_minutes(self, codes: Codes, start: Times, stop: Times) -> FloatColumn:
        """Count the minutes of regular session between two columns of times.

        NaN where a symbol has no calendar, or a time lies outside of it.
        """
        minutes = np.full(len(start), np.nan)
        for sessions, rows in self._parts(codes):
            passed = sessions.open_minutes(stop[rows]) - sessions.open_minutes(start[rows])
            minutes[rows] = passed
        return minutes

    def _parts(self, codes: Codes) -> Iterator[tuple[Sessions, npt.NDArray[np.intp]]]:
        for code, sessions in enumerate(self._sessions):
            rows = np.flatnonzero(codes == code)
            if len(rows):
                yield sessions, rows
