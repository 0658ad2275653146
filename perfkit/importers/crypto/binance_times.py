"""Times of Binance's CSV files: UTC, the year with four or with two digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.importers.row_cells import moment

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["binance_time"]

_CLOCK = "-%m-%d %H:%M:%S"
_LAYOUTS = tuple(year + _CLOCK + zone for year in ("%Y", "%y") for zone in ("", "%z"))


def binance_time(text: str | None) -> datetime:
    """Read the time of a row.

    Raises
    ------
    UnreadableCellError
        When it is none.
    """
    return moment(text, "execution_time", _LAYOUTS, "UTC")
