"""Where a command finds a history: what it was told, and what the settings say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from perfkit.config import Settings

if TYPE_CHECKING:
    from perfkit.store import TradeStore
    from perfkit.tracker import TradeTracker

__all__ = ["command_defaults", "open_store", "open_tracker", "place"]

_READERS = (
    "summary", "attribution", "report", "verify", "changes", "flush", "compact", "vacuum", "export",
    "archive", "labels", "relabel", "label", "tear-sheet", "evidence",
)  # fmt: skip
_RECORDERS = ("import", "record")


class Place(TypedDict):
    """Keywords of everything that opens a history."""

    storage_options: dict[str, str]
    journal: str | Path | None


def place(uri: str, journal: Path | None = None) -> Place:
    """Say how a history is reached.

    Parameters
    ----------
    uri : str
        Of the history.
    journal : pathlib.Path, optional
        What the command was told; else the settings say.
    """
    settings = Settings.read()
    return {
        "storage_options": settings.storage_options,
        "journal": journal or settings.journal_of(uri),
    }


def open_store(uri: str) -> TradeStore:
    """Open a history as the settings say.

    Parameters
    ----------
    uri : str
        A folder, or ``s3://bucket/prefix``.
    """
    from perfkit.store import TradeStore

    return TradeStore(uri, **place(uri))


def open_tracker(uri: str) -> TradeTracker:
    """Open a history for recording; its trades are described by the calendar of the settings.

    Parameters
    ----------
    uri : str
        A folder, or ``s3://bucket/prefix``.
    """
    from perfkit.market import MarketState
    from perfkit.tracker import TradeTracker

    market = MarketState(calendar=Settings.read().calendar)
    return TradeTracker(open_store(uri), market=market)


def command_defaults() -> dict[str, dict[str, str]]:
    """Say what each command is given when it is not told."""
    settings = Settings.read()
    owner = {"account": settings.account, "strategy": settings.strategy}
    wanted: dict[str, dict[str, str | None]] = {
        **{name: {"uri": settings.history} for name in _READERS},
        **{name: {"into": settings.history, **owner} for name in _RECORDERS},
        "import-news": {"into": settings.history},
        "reconcile": {"against": settings.history},
    }
    return {
        command: {name: value for name, value in given.items() if value is not None}
        for command, given in wanted.items()
    }
