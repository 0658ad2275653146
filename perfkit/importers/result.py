"""What an importer hands back: records, and every row that is not one, with the reason.

An importer only reads. Nothing is recorded before the whole file was
understood, so a file is never half in the history.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from perfkit.errors import InvalidArgumentError, legible
from perfkit.records import CashRecord, SplitRecord, arrow_schema

__all__ = ["ImportResult", "RefusedRow", "SkippedRow"]

_LONGEST = 500  # characters of a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """A row that is in order and is no record, or repeats one.

    Attributes
    ----------
    line : int
        Line of the file, from 1; of a frame or a Parquet file the row, from 1.
    reason : str
        Why it is no record; equal reasons have equal words.
    """

    line: int
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", _one_line(self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that should be a record and breaks a rule.

    Attributes
    ----------
    line : int
        Line of the file, from 1; of a frame or a Parquet file the row, from 1.
    field : str
        Field of the record that breaks the rule; ``row`` for the row as a whole.
    reason : str
        What was required, what it was, and what to do.
    """

    line: int
    field: str
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", _one_line(self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """The rows of one file, each in exactly one of three places: recorded, skipped, refused.

    Attributes
    ----------
    source : str
        The file, or ``frame``.
    fills : pyarrow.Table
        With ``arrow_schema(Fill)``, oldest first; rows of one moment keep
        the order in which they happened.
    read : int
        Rows of the source, without its header and blank lines.
    recorded : int
        Rows that became records: of a trade that stands in one row with its
        entry and its exit there are two fills.
    cash : pyarrow.Table
        With ``arrow_schema(CashRecord)``, oldest first.
    splits : pyarrow.Table
        With ``arrow_schema(SplitRecord)``, oldest first.
    skipped : tuple of SkippedRow
        Rows that are no records, by line.
    refused : tuple of RefusedRow
        Rows that break a rule, by line.
    out_of_order : int
        Records that stood after a later one and were put in order of time.

    Raises
    ------
    InvalidArgumentError
        When ``read`` is not recorded + skipped + refused: a row was lost.
    """

    source: str
    fills: pa.Table
    read: int
    recorded: int
    cash: pa.Table = field(default_factory=arrow_schema(CashRecord).empty_table)
    splits: pa.Table = field(default_factory=arrow_schema(SplitRecord).empty_table)
    skipped: tuple[SkippedRow, ...] = ()
    refused: tuple[RefusedRow, ...] = ()
    out_of_order: int = 0

    def __post_init__(self) -> None:
        told = self.recorded + len(self.skipped) + len(self.refused)
        if told != self.read:
            raise InvalidArgumentError(
                f"import of {self.source}: recorded, skipped and refused must add up to the "
                f"{self.read} rows read, were {told}; the importer lost or doubled a row"
            )


def _one_line(reason: str) -> str:
    return legible(reason.replace("\n", "\\n"), _LONGEST)
