"""Drafts: what each row of a file says it is, for formats that are read row by row.

A format is one function: from a row to the records that it should become, or to
the reason why it is none. Cells are read by the functions below, which say which
field could not be read; checking, ids and counting are those of every importer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from perfkit.errors import UnreadableCellError
from perfkit.importers.admission import Candidates, Reading, admit
from perfkit.importers.result import ImportResult, RefusedRow, SkippedRow
from perfkit.records import CashRecord, Fill, SplitRecord, arrow_schema
from perfkit.records.fields import field_specs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Draft", "Skip", "read_drafts"]

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Draft:
    """Fields of a record that a row should become; an id that is None is derived."""

    cls: type[Fill | CashRecord | SplitRecord]
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a row is in order and is no record; equal reasons have equal words."""

    reason: str


def read_drafts(
    source: str,
    rows: Iterable[tuple[int, Row]],
    draft: Callable[[Row], Iterable[Draft] | Skip],
    constants: Mapping[str, str | None],
    unread: Sequence[RefusedRow] = (),
) -> ImportResult:
    """Read rows one by one.

    Parameters
    ----------
    source : str
        The file, or ``frame``: what messages call it.
    rows : iterable of (int, row)
        Line and content of each row, in the order in which they happened as far
        as the source tells.
    draft : callable
        Gives the drafts of a row, or a `Skip`; raises `UnreadableCellError`.
    constants : mapping of str to str or None
        Fields of every record that leaves them out: ``account_id``,
        ``strategy_id``, ``source``.
    unread : sequence of RefusedRow
        Rows that could not even be taken apart; they are not in ``rows``.
    """
    drafts: dict[type, list[tuple[int, Mapping[str, Any]]]] = {}
    skipped, refused, read = [], list(unread), len(unread)
    for line, row in rows:
        read += 1
        try:
            found = draft(row)
        except UnreadableCellError as error:
            refused.append(RefusedRow(line=line, field=error.field, reason=str(error)))
            continue
        if isinstance(found, Skip):
            skipped.append(SkippedRow(line=line, reason=found.reason))
            continue
        for each in found:
            drafts.setdefault(each.cls, []).append((line, each.fields))
    reading = Reading(source=source, read=read, skipped=skipped, refused=refused)
    return admit(reading, *(_candidates(cls, found, constants) for cls, found in drafts.items()))


def _candidates(
    cls: type, found: list[tuple[int, Mapping[str, Any]]], constants: Mapping[str, str | None]
) -> Candidates:
    candidates = Candidates(cls=cls, lines=np.array([line for line, _ in found], np.int64))
    required = {spec.name for spec in field_specs(cls) if spec.required} - {candidates.id}
    for field in arrow_schema(cls):
        default = constants.get(field.name)
        values = [_given(fields.get(field.name), default) for _, fields in found]
        if field.name in required or any(value is not None for value in values):
            candidates.fields[field.name] = pa.array(values, field.type)
    return candidates


def _given(value: Any, default: str | None) -> Any:
    return default if value is None else value
