"""Row order: files that begin with their newest row, turned round."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from perfkit.errors import UnreadableCellError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

__all__ = ["oldest_first"]

Row = TypeVar("Row")


def oldest_first(
    rows: Sequence[tuple[int, Row]], time: Callable[[Row], datetime]
) -> Sequence[tuple[int, Row]]:
    """Turn rows round where the first is newer than the last.

    Rows of one moment then stand in the order in which they happened, too.

    Parameters
    ----------
    rows : sequence of (int, row), shape (n_rows,)
        Line and content.
    time : callable
        Reads the time of a row; rows where it can't are looked past.
    """
    first, last = _first_time(rows, time), _first_time(rows[::-1], time)
    return rows[::-1] if first is not None and last is not None and first > last else rows


def _first_time(
    rows: Iterable[tuple[int, Row]], time: Callable[[Row], datetime]
) -> datetime | None:
    for _, row in rows:
        try:
            return time(row)
        except UnreadableCellError:
            continue
    return None
