"""The map from a broker's table to records: columns, words, marks, zone, signs.

A map is data: it stands in a TOML file beside the broker's name, and covers
a CSV export better than a parser of its own. Nothing in it is guessed from
the file.
"""

from __future__ import annotations

import dataclasses
import tomllib
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import ImportFormatError, InvalidArgumentError
from perfkit.importers.cells import NumberStyle, TimeStyle
from perfkit.importers.source_rows import CsvStyle
from perfkit.importers.tables.table_rows import (
    CAPITAL,
    CASH_FIELDS,
    FILL_FIELDS,
    SPLIT_FIELDS,
    CashRows,
    Columns,
    RefusedRows,
    SplitRows,
    TradeRows,
    Words,
)
from perfkit.records import CashKind, Side

__all__ = ["TableFormat", "load_format"]

_JOINED = ("commission", "execution_time", "symbol")
_KINDS = {"trades": TradeRows, "cash": CashRows, "splits": SplitRows, "refused": RefusedRows}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFormat:
    """How one broker writes its table of trades.

    Attributes
    ----------
    name : str
        Goes into the ``source`` of every fill, unless a column does.
    columns : mapping of str to str or tuple of str
        Field of the fill to column of the file; commission columns are added up, time
        columns (a date, a time) are joined by a blank, symbol columns (base, quote)
        by a slash. Besides the fields there are ``notional``, whose size over the
        volume is the price, and ``zone``, the IANA name of the row's zone. Empty: the
        file uses the names of the fields themselves.
    constants : mapping of str to str or float
        Fields that are the same in every row, e.g. ``currency``.
    trade_rows : mapping of str to tuple of str
        Column to the words it holds in a row that is a trade; rows with
        another word are skipped and counted. Empty: every row is a trade.
    sides : mapping of str to str
        The source's word to ``buy`` or ``sell``; upper and lower case are one.
    trades, cash, splits, refused : tuple of TradeRows, CashRows, SplitRows, RefusedRows
        Trades that are written otherwise, rows that are cash or splits, and rows that
        the table does not tell enough of.
    patterns : mapping of str to str
        Column to a regular expression; each of its named groups can be used like a
        column. A cell that does not match has nothing in them.
    renamed : mapping of str to str
        Column as another generation of the file calls it, to the name used here; of
        several that the file has the first is taken.
    optional : tuple of str
        Columns that a generation of the file may not have; they are then empty.
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
    columns: Columns = field(default_factory=dict)
    constants: Mapping[str, str | float] = field(default_factory=dict)
    trade_rows: Words = field(default_factory=dict)
    sides: Mapping[str, str] = field(default_factory=lambda: {"buy": "buy", "sell": "sell"})
    trades: tuple[TradeRows, ...] = ()
    cash: tuple[CashRows, ...] = ()
    splits: tuple[SplitRows, ...] = ()
    refused: tuple[RefusedRows, ...] = ()
    patterns: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    signed_volume: bool = False
    costs_are_negative: bool = False
    newest_first: bool = False
    empty: tuple[str, ...] = ("",)
    numbers: NumberStyle = field(default_factory=NumberStyle)
    times: TimeStyle = field(default_factory=TimeStyle)
    csv: CsvStyle = field(default_factory=CsvStyle)

    def __post_init__(self) -> None:
        self._check_columns(FILL_FIELDS, ("notional", "zone"), self.columns, self.constants)
        for trades in self.trades:
            self._check_columns(FILL_FIELDS, ("notional",), trades.columns, trades.constants)
        for cash in self.cash:
            self._check_columns(CASH_FIELDS, ("units",), cash.columns, cash.constants)
            kinds = (*CashKind, CAPITAL)
            self._require(cash.kind in kinds, "kind", f"be one of {', '.join(kinds)}", cash.kind)
            self._require("amount" in cash.columns, "cash", "have a column 'amount'", cash.columns)
        for split in self.splits:
            self._check_columns(SPLIT_FIELDS, ("units",), split.columns, {})
            given = bool(split.old_rows) == ("units" in split.columns)
            given &= bool(split.old_rows) != ("ratio" in split.columns)
            self._require(given, "a split", "have a ratio, or old_rows and units", split)
        for refused in self.refused:
            self._require(refused.reason != "", "refused", "have a reason", refused)
        words = [self.trade_rows, *(kind.old_rows for kind in self.splits)]
        for kinds in (self.trades, self.cash, self.splits, self.refused):
            words += [kind.rows for kind in kinds]
        listed = all(isinstance(group, tuple) for rows in words for group in rows.values())
        self._require(listed, "rows", "be lists of words", words)
        for pattern in self.patterns.values():
            self._require(_has_groups(pattern), "patterns", "have named groups (?P<...>)", pattern)
        wrong = sorted({*self.sides.values()} - set(Side))
        self._require(not wrong, "sides", "mean buy or sell", wrong)
        marks = (self.numbers.decimal, self.numbers.thousands)
        self._require(len(self.csv.separator) == 1, "separator", "be one character", self.csv)
        self._require(len(marks[0]) == 1 and marks[0] != marks[1], "marks", "differ", marks)
        zone = self.times.zone
        known = zone is None or zone in zoneinfo.available_timezones()
        self._require(known, "zone", "be an IANA name such as 'Europe/Zurich'", zone)

    def _check_columns(
        self,
        fields: tuple[str, ...],
        extra: tuple[str, ...],
        columns: Columns,
        constants: Iterable[str],
    ) -> None:
        unknown = sorted({*columns, *constants} - {*fields, *extra})
        twice = sorted(set(columns) & set(constants))
        joined = [k for k, v in columns.items() if not isinstance(v, str) and k not in _JOINED]
        both = {"price", "notional"} <= {*columns, *constants}
        self._require(not unknown, "fields", f"be among {(*fields, *extra)}", unknown)
        self._require(not twice, "fields", "stand in columns or in constants", twice)
        self._require(not joined, "fields", f"read one column, except {_JOINED}", joined)
        self._require(not both, "a price", "be given, or follow from a notional", columns)

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
        ``csv`` are tables with the attributes of their styles, ``trades``, ``cash``,
        ``splits`` and ``refused`` are arrays of tables with those of their rows.

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
        if cls is TableFormat and key in _KINDS and _are_tables(value):
            given[key] = tuple(_built(_KINDS[key], v, f"{where}, [[{key}]]") for v in value)
            continue
        plain = _tuples(value)
        kind = str if default is None else type(default)
        if not isinstance(plain, kind) or key in _KINDS:
            wanted = "an array of tables" if key in _KINDS else f"a {kind.__name__}"
            raise ImportFormatError(f"{where}: {key} must be {wanted}, was {value!r}; mend the map")
        given[key] = plain
    return cls(**given)


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _has_groups(pattern: str) -> bool:
    try:
        found = pc.extract_regex(pa.array([], pa.string()), pattern)
    except pa.ArrowInvalid:
        return False
    return bool(found.type.num_fields > 0)
