"""What a field requires: one rule checks one value or a whole column.

A rule stands in the field's annotation, beside its unit:
``volume: Annotated[float, "units", Positive("...")]``. It answers both
questions from the same sentence, so a record and a table fail alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "ID_PATTERN",
    "Finite",
    "Identifier",
    "OneOf",
    "Positive",
    "RowRule",
    "Rule",
    "Text",
    "Time",
]

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
LARGEST = 1e18  # a product of three such numbers, squared, is still a float
# also the ends of lines that are no ASCII, and what turns the direction of the text after it
_CONTROL = r"[\x00-\x1f\x7f-\x9f" "\u2028-\u202e\u2066-\u2069\ufeff]"


# half of a character, which no file can hold; a column of Arrow has none
_SURROGATE = "|[\ud800-\udfff]"


class Rule(Protocol):
    """A requirement on a value, with the remedy for one that misses it."""

    requirement: str
    remedy: str

    def accepts(self, value: object) -> bool:
        """Tell whether one value, not None, meets the requirement."""

    def accepts_column(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Tell for each value of a column; null answers null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """A requirement on several fields together; ``field`` is the one to mend.

    A record class lists its own in ``row_rules``.
    """

    field: str
    requirement: str
    remedy: str
    accepts: Callable[[Any], bool]
    accepts_rows: Callable[[pa.Table], pa.ChunkedArray]


@dataclass(frozen=True, slots=True)
class Finite:
    """A finite number that leaves room for sums and squares."""

    remedy: str = "leave a field that is not known out, NaN is not a number"
    requirement: str = "be a finite number, -1e18 to 1e18"

    def accepts(self, value: object) -> bool:
        return _is_number(value) and abs(cast("float", value)) <= LARGEST

    def accepts_column(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.less_equal(pc.abs(column), LARGEST)


@dataclass(frozen=True, slots=True)
class Positive:
    """A number above zero; how far above is said by `Finite`."""

    remedy: str
    requirement: str = "be > 0"

    def accepts(self, value: object) -> bool:
        return _is_number(value) and cast("float", value) > 0

    def accepts_column(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.greater(column, 0.0)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name that is safe as a path, a URL segment and a key."""

    remedy: str = "use letters, digits, '.', '_' and '-', at most 64, a letter or digit first"
    requirement: str = f"match {ID_PATTERN}"

    def accepts(self, value: object) -> bool:
        # fullmatch: `$` alone would let a trailing newline through
        return isinstance(value, str) and re.fullmatch(ID_PATTERN[1:-1], value) is not None

    def accepts_column(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        # a bounded repetition is slow to compile, and this is asked of every batch
        matched = pc.match_substring_regex(column, r"\A[A-Za-z0-9][A-Za-z0-9._-]*\z")
        return pc.and_(matched, pc.less_equal(pc.binary_length(column), 64))


@dataclass(frozen=True, slots=True)
class Text:
    """One line of printable text."""

    longest: int = 128
    remedy: str = "remove control characters and line ends, and shorten it"

    @property
    def requirement(self) -> str:
        return f"be 1 to {self.longest} printable characters"

    def accepts(self, value: object) -> bool:
        fits = isinstance(value, str) and 1 <= len(value) <= self.longest
        return fits and re.search(_CONTROL + _SURROGATE, cast("str", value)) is None

    def accepts_column(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        length = pc.utf8_length(column)
        fits = pc.and_(pc.greater(length, 0), pc.less_equal(length, self.longest))
        return pc.and_not(fits, pc.match_substring_regex(column, _CONTROL))


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def requirement(self) -> str:
        return "be one of " + ", ".join(self.words)

    @property
    def remedy(self) -> str:
        return "translate the source's word before recording"

    def accepts(self, value: object) -> bool:
        return value in self.words

    def accepts_column(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.is_in(column, value_set=pa.array(self.words))


@dataclass(frozen=True, slots=True)
class Time:
    """A moment: a date and time with its zone."""

    requirement: str = "be a time with a zone, from 1677 to 2262"
    remedy: str = "give the zone of the source, e.g. datetime(..., tzinfo=timezone.utc)"

    def accepts(self, value: object) -> bool:
        # pandas reads microseconds as nanoseconds only inside these years; NaT has none
        if not 1677 < getattr(value, "year", 0) < 2262:
            return False
        return getattr(value, "utcoffset", lambda: None)() is not None

    def accepts_column(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        if not pa.types.is_timestamp(column.type) or column.type.tz is None:
            return pa.chunked_array([pa.repeat(pa.scalar(False), len(column))])
        year = pc.year(column)
        return pc.and_(pc.greater(year, 1677), pc.less(year, 2262))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
