"""What an importer hands back: fills, and every row that is not one, with the reason.

An importer only reads. Nothing is recorded before the whole file was
understood, so a file is never half in the history.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from perfkit.errors import InvalidArgumentError

__all__ = ["ImportResult", "RefusedRow", "SkippedRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """A row that is in order and is not a trade, or repeats one.

    Attributes
    ----------
    line : int
        Line of the file, from 1; of a frame or a Parquet file the row, from 1.
    reason : str
        Why it is no fill; equal reasons have equal words.
    """

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that should be a trade and breaks a rule.

    Attributes
    ----------
    line : int
        Line of the file, from 1; of a frame or a Parquet file the row, from 1.
    field : str
        Field of the fill that breaks the rule; ``row`` for the row as a whole.
    reason : str
        What was required, what it was, and what to do.
    """

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """The rows of one file, each in exactly one of three places.

    Attributes
    ----------
    source : str
        The file, or ``frame``.
    fills : pyarrow.Table
        With ``arrow_schema(Fill)``, oldest first; rows of one moment keep
        the order in which they happened.
    read : int
        Rows of the source, without its header and blank lines.
    skipped : tuple of SkippedRow
        Rows that are not trades, by line.
    refused : tuple of RefusedRow
        Rows that break a rule, by line.
    out_of_order : int
        Fills that stood after a later one and were put in order of time.

    Raises
    ------
    InvalidArgumentError
        When ``read`` is not fills + skipped + refused: a row was lost.
    """

    source: str
    fills: pa.Table
    read: int
    skipped: tuple[SkippedRow, ...] = ()
    refused: tuple[RefusedRow, ...] = ()
    out_of_order: int = 0

    def __post_init__(self) -> None:
        told = self.fills.num_rows + len(self.skipped) + len(self.refused)
        if told != self.read:
            raise InvalidArgumentError(
                f"import of {self.source}: fills, skipped and refused must add up to the "
                f"{self.read} rows read, were {told}; the importer lost or doubled a row"
            )
