"""Statements of Interactive Brokers in CSV: tables under each other, each row naming its section.

``Trades,Header,...`` says what the columns of the rows ``Trades,Data,...`` are that
follow; a section may say so again, with other columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.errors import UnreadableCellError
from perfkit.importers.row_cells import word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["SectionRow", "section_rows", "stated"]


@dataclass(frozen=True, slots=True)
class SectionRow:
    """One row below a header of a section.

    Attributes
    ----------
    section : str
        ``Trades``, ``Dividends`` ...
    kind : str
        ``Data``, ``SubTotal``, ``Total``, ``Notes`` ...
    cells : mapping of str to str
        By the trimmed name of the column.
    surplus : tuple of str
        Cells beyond the last column that are not empty.
    """

    section: str
    kind: str
    cells: Mapping[str, str]
    surplus: tuple[str, ...] = ()

    def require_width(self) -> None:
        """Refuse a row that is wider than its header.

        Raises
        ------
        UnreadableCellError
            When it is: its cells then stand under wrong names.
        """
        if self.surplus:
            raise UnreadableCellError(
                "row",
                f"must have the {len(self.cells)} cells of its header, had {self.surplus} beyond; "
                "quote cells that hold the separator",
            )


def section_rows(records: Iterable[tuple[int, Sequence[str]]]) -> list[tuple[int, SectionRow]]:
    """Put the rows of a statement under the header of their section.

    Parameters
    ----------
    records : iterable of (int, sequence of str)
        Line and cells; the rows that are headers are not given back.
    """
    headers: dict[str, list[str]] = {}
    rows = []
    for line, cells in records:
        section, kind, *rest = [*(cell.strip() for cell in cells), "", ""][: max(len(cells), 2)]
        if kind == "Header":
            headers[section] = rest
            continue
        header = headers.get(section, [])
        named = {name: cell for name, cell in zip(header, rest, strict=False) if name}
        surplus = tuple(filter(None, rest[len(header) :])) if header else ()
        rows.append((line, SectionRow(section, kind, named, surplus)))
    return rows


def stated(rows: Iterable[tuple[int, SectionRow]], section: str, field: str) -> str | None:
    """Give what a section of ``Field Name``, ``Field Value`` pairs says of a field."""
    for _, row in rows:
        if row.section == section and word(row.cells, "Field Name") == field:
            return word(row.cells, "Field Value")
    return None
