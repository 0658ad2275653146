"""Split rows: an instrument is split once at a moment, however many sources tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.errors import ConflictError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["require_told_once"]

_WHAT = ("account_id", "symbol", "execution_time")


def require_told_once(fresh: pa.Table, recorded: pa.Table) -> None:
    """Refuse a split that is recorded already under another id, or with another ratio.

    Parameters
    ----------
    fresh, recorded : pyarrow.Table
        Columns of `SplitRecord`: what is to be recorded, and what is.

    Raises
    ------
    ConflictError
        When two of one instrument have the same time, and are of one account or of two
        ratios.
    """
    known: dict[tuple[object, ...], str] = {}
    ratios: dict[tuple[object, ...], dict[str, Any]] = {}
    for row in [*recorded.to_pylist(), *fresh.to_pylist()]:
        before = known.setdefault(tuple(row[name] for name in _WHAT), row["split_id"])
        if before != row["split_id"]:
            raise ConflictError(
                f"split_id {row['split_id']!r}: {row['symbol']} of account {row['account_id']!r} "
                f"must be split once at {row['execution_time']}, is split by {before!r} already; "
                "leave out what another source has told"
            )
        other = ratios.setdefault((row["symbol"], row["execution_time"]), row)
        if other["ratio"] != row["ratio"]:
            raise ConflictError(
                f"split_id {row['split_id']!r}: ratio of {row['symbol']} at "
                f"{row['execution_time']} must be {other['ratio']}, as of account "
                f"{other['account_id']!r}, was {row['ratio']}; give the ratio that was announced"
            )
