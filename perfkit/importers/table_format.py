"""The map from a broker's table to fills: columns, words, marks, zone, signs.

A map is data: it stands in a TOML file beside the broker's name, and covers
a CSV export better than a parser of its own. Nothing in it is guessed from
the file.
"""

from __future__ import annotations

import dataclasses
import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.cells import NumberStyle, TimeStyle
from perfkit.importers.source_rows import CsvStyle
from perfkit.records import Fill, Side, arrow_schema

__all__ = ["FILL_FIELDS", "TableFormat", "load_format"]

# recorded_at is the tracker's to give: a file can't know when we knew
FILL_FIELDS = tuple(name for name in arrow_schema(Fill).names if name != "recorded_at")
_ADDED = ("commission", "execution_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """How one broker writes its table of trades.

    Attributes
    ----------
    name : str
        Goes into the ``source`` of every fill, unless a column does.
    columns : mapping of str to str or tuple of str
        Field of the fill to column of the file; commission columns are
        added up, time columns (a date, a time) are joined by a blank. Empty: the
        file uses the names of the fields themselves.
    constants : mapping of str to str or float
        Fields that are the same in every row, e.g. ``currency``.
    trade_rows : mapping of str to tuple of str
        Column to the words it holds in a row that is a trade; rows with
        another word are skipped and counted. Empty: every row is a trade.
    sides : mapping of str to str
        The source's word to ``buy`` or ``sell``; upper and lower case are one.
    signed_volume : bool
        A negative volume is a sale. With a side column both must agree.
    costs_are_negative : bool
        The commission column is signed as cash: a cost is below zero.
    newest_first : bool
        The file runs backwards; tells the order inside one timestamp.
    empty : tuple of str
        Cells that say nothing.
    numbers : NumberStyle
        Decimal mark, thousands, units.
    times : TimeStyle
        Layout and zone of the times.
    csv : CsvStyle
        Separator, encoding, lines above the header.

    Raises
    ------
    InvalidArgumentError
        When a setting contradicts itself or names what does not exist.
    """

    name: str = "table"
    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str | float] = field(default_factory=dict)
    trade_rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sides: Mapping[str, str] = field(default_factory=lambda: {"buy": "buy", "sell": "sell"})
    signed_volume: bool = False
    costs_are_negative: bool = False
    newest_first: bool = False
    empty: tuple[str, ...] = ("",)
    numbers: NumberStyle = field(default_factory=NumberStyle)
    times: TimeStyle = field(default_factory=TimeStyle)
    csv: CsvStyle = field(default_factory=CsvStyle)

    def __post_init__(self) -> None:
        unknown = sorted({*self.columns, *self.constants} - set(FILL_FIELDS))
        twice = sorted(set(self.columns) & set(self.constants))
        joined = [k for k, v in self.columns.items() if not isinstance(v, str) and k not in _ADDED]
        wrong = sorted({*self.sides.values()} - set(Side))
        marks = (self.numbers.decimal, self.numbers.thousands)
        zone = self.times.zone
        self._require(not unknown, "fields", f"be among {FILL_FIELDS}", unknown)
        self._require(not twice, "fields", "stand in columns or in constants", twice)
        self._require(not joined, "fields", f"read one column, except {_ADDED}", joined)
        self._require(not wrong, "sides", "mean buy or sell", wrong)
        self._require(len(self.csv.separator) == 1, "separator", "be one character", self.csv)
        self._require(len(marks[0]) == 1 and marks[0] != marks[1], "marks", "differ", marks)
        known = zone is None or zone in zoneinfo.available_timezones()
        self._require(known, "zone", "be an IANA name such as 'Europe/Zurich'", zone)

    def _require(self, holds: bool, what: str, requirement: str, value: object) -> None:
        if not holds:
            raise InvalidArgumentError(
                f"table format {self.name!r}: {what} must {requirement}, was {value!r}; "
                "mend the map"
            )


def load_format(path: str | Path) -> TableFormat:
    """Read a `TableFormat` from a TOML file.

    Parameters
    ----------
    path : path
        Keys are the attributes of `TableFormat`; ``numbers``, ``times`` and
        ``csv`` are tables with the attributes of their styles.

    Raises
    ------
    ImportFormatError
        When the file is no TOML, or has a key or a type that does not exist.
    InvalidArgumentError
        When a setting contradicts itself or names what does not exist.
    """
    try:
        settings = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ImportFormatError(f"{path}: must be a readable file: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImportFormatError(f"{path}: must be a TOML file: {error}") from error
    built: TableFormat = _built(TableFormat, settings, str(path))
    return built


def _built(cls: Any, settings: dict[str, Any], where: str) -> Any:
    """Build a settings class; every value must be of the kind of its default."""
    defaults, given = cls(), {}
    for key, value in settings.items():
        if key not in {f.name for f in dataclasses.fields(cls)}:
            names = [f.name for f in dataclasses.fields(cls)]
            raise ImportFormatError(f"{where}: key {key!r} must be one of {names}; mend the map")
        default = getattr(defaults, key)
        if dataclasses.is_dataclass(default) and isinstance(value, dict):
            given[key] = _built(type(default), value, f"{where}, [{key}]")
            continue
        plain = _tuples(value)
        kind = str if default is None else type(default)
        if not isinstance(plain, kind):
            raise ImportFormatError(
                f"{where}: {key} must be a {kind.__name__}, was {value!r}; mend the map"
            )
        given[key] = plain
    return cls(**given)


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value
