"""From the cells of a column to numbers, times and text, as the format writes them.

Nothing is guessed: a number has the stated decimal mark and its thousands in
threes, a time has its zone or the stated one. Each reader returns the values,
null where a cell is empty or unreadable, and the reason for each unreadable
cell by its row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import ImportFormatError
from perfkit.records.checks import rows_where
from perfkit.records.schema import TIMESTAMP

__all__ = ["EPOCHS", "Cells", "NumberStyle", "TimeStyle", "read_numbers", "read_text", "read_times"]

# name of an epoch time format -> microseconds in one unit
EPOCHS = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1.0, "epoch_ns": 1e-3}
_CALENDAR = (-62_135_596_800e6, 253_402_300_799e6)  # microseconds: the years 1 to 9999
_ISO = r"^\d{4}-?\d{2}-?\d{2}(?:[T ]\d.*)?$"
_ZONED = r":\d{2}.*?(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"


class Cells(NamedTuple):
    """Values of a column, and why some could not be read."""

    values: pa.Array
    unreadable: dict[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberStyle:
    """How numbers are written.

    Attributes
    ----------
    decimal : str
        The decimal mark.
    thousands : str
        The mark between groups of three digits; empty when there is none.
    units : tuple of str
        Text beside the number that says nothing new, e.g. ``$`` or ``SEK``.
    """

    decimal: str = "."
    thousands: str = ""
    units: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """Regular expression of a number in this style."""
        mark, group = re.escape(self.decimal), re.escape(self.thousands)
        whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if group else r"\d+"
        return rf"^[+-]?(?:(?:{whole})(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?$"

    @property
    def example(self) -> str:
        """A number in this style, for messages."""
        return f"1{self.thousands}234{self.decimal}5"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStyle:
    """How times are written.

    Attributes
    ----------
    layout : str, optional
        A ``strptime`` format or a name in `EPOCHS`; None is ISO 8601.
    zone : str, optional
        IANA name of the zone of times that do not carry their own.
    """

    layout: str | None = None
    zone: str | None = None


def read_text(column: pa.ChunkedArray, empty: tuple[str, ...], where: str) -> pa.Array:
    """Read a column as trimmed text; the ``empty`` words become null.

    Raises
    ------
    ImportFormatError
        When the column holds fractions, times or structures: a number that
        went through a float is no longer the id that it was.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_integer(column.type) or pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise ImportFormatError(
            f"{where}: must be text or whole numbers, was {column.type}; store it as text"
        )
    text = pc.utf8_trim_whitespace(column.cast(pa.string())).combine_chunks()
    return pc.if_else(pc.is_in(text, value_set=pa.array(empty, pa.string())), None, text)


def read_numbers(
    column: pa.ChunkedArray, style: NumberStyle, empty: tuple[str, ...], where: str
) -> Cells:
    """Read a column as float64; ``(12.5)`` is -12.5, the books' way of a minus."""
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return Cells(column.cast(pa.float64()).combine_chunks(), {})
    text = read_text(column, empty, where)
    bare = pc.replace_substring(text, "\u2212", "-")
    for unit in style.units:
        bare = pc.replace_substring(bare, unit, "")
    bare = pc.utf8_trim_whitespace(bare)
    bare = pc.replace_substring_regex(bare, r"^\((.*)\)$", r"-\1")
    if style.thousands == " ":
        bare = pc.replace_substring_regex(bare, "[\u00a0\u202f]", " ")
    good = pc.match_substring_regex(bare, style.pattern)
    digits = pc.if_else(good, bare, None)
    if style.thousands:
        digits = pc.replace_substring(digits, style.thousands, "")
    values = pc.replace_substring(digits, style.decimal, ".").cast(pa.float64())
    bad = _rows(pc.invert(good))
    return Cells(values, {i: f"must be a number like {style.example}, was {text[i]}" for i in bad})


def read_times(
    column: pa.ChunkedArray, style: TimeStyle, empty: tuple[str, ...], where: str
) -> Cells:
    """Read a column as UTC microseconds.

    Raises
    ------
    ImportFormatError
        When a time has no zone and none was given.
    """
    if style.layout is not None and style.layout in EPOCHS:
        return _from_epoch(read_numbers(column, NumberStyle(), empty, where), style.layout)
    if getattr(column.type, "tz", None) is not None:
        return Cells(column.cast(TIMESTAMP, safe=False).combine_chunks(), {})
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        cells = column.cast(pa.timestamp("us"), safe=False).combine_chunks()
        times = _in_zone(cells.to_pandas(), style, where)
    else:
        cells = read_text(column, empty, where)
        times = _parsed(cells, style, where)
    utc = times.dt.tz_convert(None).to_numpy()
    values = pa.array(utc).cast(pa.timestamp("us"), safe=False).cast(TIMESTAMP)
    clock = f" that the clock of {style.zone} shows once" if style.zone else ""
    required = f"must be a time in {style.layout or 'ISO 8601'}{clock}, was "
    bad = _rows(pc.and_(pc.is_valid(cells), pc.is_null(values)))
    return Cells(values, {row: f"{required}{cells[row]}" for row in bad})


def _from_epoch(ticks: Cells, layout: str) -> Cells:
    raw = ticks.values.to_numpy(zero_copy_only=False)
    micros = np.rint(raw * EPOCHS[layout])
    fits = (micros >= _CALENDAR[0]) & (micros <= _CALENDAR[1])
    values = pa.array(np.where(fits, micros, np.nan), from_pandas=True).cast(pa.int64())
    far = np.flatnonzero(~fits & ~np.isnan(raw)).tolist()
    reasons = {row: f"must be a time in {layout}, years 1 to 9999, was {raw[row]}" for row in far}
    return Cells(values.cast(TIMESTAMP), {**ticks.unreadable, **reasons})


def _parsed(text: pa.Array, style: TimeStyle, where: str) -> pd.Series:
    layout = style.layout or "ISO8601"
    if style.layout:
        words = text.to_pandas()
        zoned = np.full(len(words), "%z" in style.layout)
    else:
        # pandas takes "5" and "-1" for years
        words = pc.if_else(pc.match_substring_regex(text, _ISO), text, None).to_pandas()
        carries = pc.fill_null(pc.match_substring_regex(text, _ZONED), True)
        zoned = carries.to_numpy(zero_copy_only=False)
    # two calls: one call would take times without a zone for UTC
    with_zone: pd.Series = pd.to_datetime(words[zoned], format=layout, utc=True, errors="coerce")
    without = pd.to_datetime(words[~zoned], format=layout, errors="coerce")
    both: pd.Series = pd.concat([with_zone, _in_zone(without, style, where)])
    return both.sort_index()


def _in_zone(naive: pd.Series, style: TimeStyle, where: str) -> pd.Series:
    if style.zone is None and naive.notna().any():
        first = naive[naive.notna()].iloc[0]
        raise ImportFormatError(
            f"{where}: must give times with a zone, had {first}; "
            "state the time zone of the source, e.g. 'UTC' or 'America/New_York'"
        )
    zone = style.zone or "UTC"
    # an hour that the clock skips or shows twice is not guessed but left out
    local = naive.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    utc: pd.Series = local.dt.tz_convert("UTC")
    return utc


def _rows(mask: pa.Array) -> list[int]:
    return rows_where(pc.fill_null(mask, False))
