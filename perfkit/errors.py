"""Every error that perfkit raises on purpose.

::

    PerfkitError
    ├── InvalidRecordError (ValueError)      a record breaks a rule of its fields
    │   └── InvalidTableError                the same for a table; lists every bad row
    ├── InvalidArgumentError (ValueError)    an argument outside its documented values
    │   └── UnfitFillError                   a fill with other terms than its book
    ├── UnknownNameError (KeyError)          a strategy, metric, column ... that does not exist
    ├── SchemaError (ValueError)             a table without the columns it needs
    ├── ConflictError (ValueError)           a known id with other content
    ├── LateFillError (ValueError)           a fill older than the books it belongs to
    ├── ImportFormatError (ValueError)       a file that is not what it was said to be
    │   └── UnreadableCellError              one cell of it that can't be read
    ├── StoreError (OSError)                 the history can't be read or written
    │   ├── DamagedStoreError                what is on disk is not what was acknowledged
    │   └── StoreLockedError                 a second writer
    ├── BrokerError (OSError)                a broker that does not answer as it should
    ├── QueueFullError (RuntimeError)        more is offered than can be made durable
    └── ReportError (RuntimeError)           a report that did not run to its end

A message names the thing, what was required, what it was, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "BrokerError",
    "ConflictError",
    "DamagedStoreError",
    "ImportFormatError",
    "InvalidArgumentError",
    "InvalidRecordError",
    "InvalidTableError",
    "LateFillError",
    "PerfkitError",
    "QueueFullError",
    "ReportError",
    "RowError",
    "SchemaError",
    "StoreError",
    "StoreLockedError",
    "UnfitFillError",
    "UnknownNameError",
    "UnreadableCellError",
    "legible",
]

LONGEST = 3000  # characters of a message: five rows of a table, or the header of a wide file


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """One row of a table that breaks a rule.

    Attributes
    ----------
    row : int
        Position in the table that was checked, from 0.
    field : str
        Name of the field that breaks the rule.
    message : str
        The same sentence that the record alone would have raised.
    """

    row: int
    field: str
    message: str


def legible(text: str, longest: int = LONGEST) -> str:
    r"""Make a message that quotes foreign text fit to be read in a terminal.

    Characters that a terminal obeys instead of showing them are written as Python
    writes them, and of a message that is too long the middle is left out: it begins
    with what is wrong, and ends with what to do.

    Parameters
    ----------
    text : str
        A message; its line ends stay.
    longest : int
        Characters that are kept.

    Examples
    --------
    >>> legible("symbol was \x1b[31mred")
    'symbol was \\x1b[31mred'
    >>> legible("must be a number, was " + "9" * 1_000, 30)
    'must be a number, wa ... (992 characters left out) ... 9999999999'
    """
    if len(text) > longest:
        tail = longest // 3
        left = f" ... ({len(text) - longest:,} characters left out) ... "
        text = text[: longest - tail] + left + text[-tail:]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


class PerfkitError(Exception):
    """Any error that perfkit raises on purpose."""

    def __str__(self) -> str:
        return legible(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        # an error that a worker process raised comes back as it was, fields and all
        return _revived, (type(self), self.args, self.__dict__)


def _revived(kind: type[PerfkitError], args: tuple[Any, ...], fields: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(fields)
    return error


class InvalidRecordError(PerfkitError, ValueError):
    """A record breaks a rule of its fields."""


class InvalidTableError(InvalidRecordError):
    """Some rows of a table break a rule of their fields.

    Attributes
    ----------
    rows : tuple of RowError
        Every row that was refused, with its field and message.
    """

    shown = 5

    def __init__(self, kind: str, rows: tuple[RowError, ...], total: int) -> None:
        self.rows = rows
        head = "\n".join(f"  row {r.row}: {r.message}" for r in rows[: self.shown])
        more = f"\n  ... and {len(rows) - self.shown} more" if len(rows) > self.shown else ""
        super().__init__(f"{len(rows)} of {total} {kind} rows are invalid:\n{head}{more}")


class InvalidArgumentError(PerfkitError, ValueError):
    """An argument lies outside its documented values."""


class UnfitFillError(InvalidArgumentError):
    """A fill has another multiplier, contract or currency than its book.

    Attributes
    ----------
    row : int
        Position of the fill in the table that was given, from 0.
    field : str
        The field that differs.
    book : tuple of str
        Account, strategy and symbol.
    """

    def __init__(self, row: int, field: str, book: tuple[str, ...], message: str) -> None:
        self.row, self.field, self.book = row, field, book
        super().__init__(message)


class UnknownNameError(PerfkitError, KeyError):
    """A name that does not exist; the message lists those that do."""

    def __str__(self) -> str:
        return legible(str(self.args[0])) if self.args else ""


class SchemaError(PerfkitError, ValueError):
    """A table lacks a column, or a column has a type that does not fit."""


class ConflictError(PerfkitError, ValueError):
    """A known id arrived again with other content."""


class LateFillError(PerfkitError, ValueError):
    """A fill is older than the last one in its book; rebuild the book."""


class ImportFormatError(PerfkitError, ValueError):
    """A file is not in the format it was said to be."""


class UnreadableCellError(ImportFormatError):
    """One cell of a file can't be read; its row is refused, not the file.

    Attributes
    ----------
    field : str
        Field of the record that the cell should have given.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(f"{field} {reason}")


class StoreError(PerfkitError, OSError):
    """The history can't be read or written."""


class DamagedStoreError(StoreError):
    """What is on disk is not what was acknowledged."""


class StoreLockedError(StoreError):
    """Another process writes to this history."""


class BrokerError(PerfkitError, OSError):
    """A broker can't be reached, or answers what it should not."""


class QueueFullError(PerfkitError, RuntimeError):
    """More rows wait to be recorded than the queue has room for; offer them again later."""


class ReportError(PerfkitError, RuntimeError):
    """A report did not run to its end."""
