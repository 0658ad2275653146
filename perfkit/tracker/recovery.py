"""Recovery: what a tracker remembers, kept on disk so that it need not read it all again.

A snapshot is a reading of the history up to one sequence: the books, and the
hashes of what is known. It is never the truth. It is checked by its own
sha256, and where it is absent, damaged or of another past, the whole
history is read instead. Hashes lie in files that never change, which are
mapped and not loaded.
"""

from __future__ import annotations

import hashlib
import io
import json
import mmap
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from perfkit.errors import InvalidArgumentError
from perfkit.ledger.ledger_state import LedgerState
from perfkit.metrics.day_rows import DayState
from perfkit.tracker.books_state import BooksState
from perfkit.tracker.holdings import HoldingsState
from perfkit.tracker.known_index import ENTRY, KnownIndex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["Recovery", "Snapshot"]

_FORMAT = 4
_SHA = 64  # characters of a sha256 in hex


class Snapshot(NamedTuple):
    """What a tracker remembers.

    Attributes
    ----------
    books : BooksState, optional
        None when there is no snapshot: then nothing is known either.
    metrics : DayState, optional
        Days of every strategy, of the same fills.
    known : dict of str to KnownIndex
        By table.
    span : str
        Of the writer who read it.
    """

    books: BooksState | None
    metrics: DayState | None
    known: dict[str, KnownIndex]
    span: str


class Recovery:
    """The folder in which snapshots are kept.

    Parameters
    ----------
    folder : pathlib.Path
        Made when the first snapshot is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: list[tuple[npt.NDArray[np.void], str]] = []  # runs, and their files

    def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot in place of the one before, which is whole until then."""
        assert snapshot.books is not None
        assert snapshot.metrics is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        files = {name: self._save_runs(index) for name, index in snapshot.known.items()}
        books, days = snapshot.books, snapshot.metrics
        names = {
            "format": _FORMAT,
            "span": snapshot.span,
            "sequence": books.sequence,
            "ledger": books.ledger.names,
            "holdings": books.holdings.names,
            "metrics": days.names,
            "fees_abroad": [[*owner, time] for owner, time in books.fees_abroad.items()],
            "known": files,
        }
        room = io.BytesIO()
        arrays: dict[str, Any] = {}
        arrays |= {f"ledger_{name}": values for name, values in books.ledger.arrays.items()}
        arrays |= {f"holdings_{name}": values for name, values in books.holdings.arrays.items()}
        arrays |= {f"metrics_{name}": values for name, values in days.arrays.items()}
        text = np.frombuffer(json.dumps(names).encode(), np.uint8)
        arrays["names"] = text
        np.savez(room, allow_pickle=False, **arrays)
        data = room.getvalue()
        self._put("snapshot", hashlib.sha256(data).hexdigest().encode() + data)
        self._drop_unused({file for own in files.values() for file in own})

    def load(self, holds: Callable[[str, int], bool]) -> Snapshot:
        """Take up the last snapshot; an empty one where there is none that can be used.

        Parameters
        ----------
        holds : callable
            Tells whether the writer of a span had this history up to a sequence.
        """
        nothing = Snapshot(None, None, {}, "")
        try:
            data = (self._folder / "snapshot").read_bytes()
            if hashlib.sha256(data[_SHA:]).hexdigest().encode() != data[:_SHA]:
                return nothing
            with np.load(io.BytesIO(data[_SHA:]), allow_pickle=False) as arrays:
                names = json.loads(arrays["names"].tobytes())
                if names["format"] != _FORMAT or not holds(names["span"], names["sequence"]):
                    return nothing
                return self._read(names, dict(arrays))
        except (OSError, KeyError, ValueError, InvalidArgumentError):
            return nothing

    def _read(self, names: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Snapshot:
        own = {
            room: {
                name.removeprefix(room): values
                for name, values in arrays.items()
                if name.startswith(room)
            }
            for room in ("ledger_", "holdings_", "metrics_")
        }
        books = BooksState(
            names["sequence"],
            LedgerState(names["ledger"], own["ledger_"]),
            HoldingsState(names["holdings"], own["holdings_"]),
            {(account, strategy): time for account, strategy, time in names["fees_abroad"]},
        )
        known = {
            name: KnownIndex([self._map_run(file) for file in files])
            for name, files in names["known"].items()
        }
        days = DayState(names["metrics"], own["metrics_"])
        return Snapshot(books, days, known, names["span"])

    def _save_runs(self, index: KnownIndex) -> list[str]:
        """Write the runs that are not on disk yet; give the names of all."""
        index.seal()
        names = [self._name(run) or self._save_run(run) for run in index.runs]
        index.runs = [self._map_run(name) for name in names]
        return names

    def _name(self, run: npt.NDArray[np.void]) -> str | None:
        return next((name for written, name in self._written if written is run), None)

    def _save_run(self, run: npt.NDArray[np.void]) -> str:
        data = run.tobytes()
        name = f"{hashlib.sha256(data).hexdigest()}.run"
        self._put(name, data)
        return name

    def _map_run(self, name: str) -> npt.NDArray[np.void]:
        """Map a run's file; its content is what its name says."""
        for run, written in self._written:
            if written == name:
                return run
        with (self._folder / name).open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if hashlib.sha256(data).hexdigest() != name.removesuffix(".run"):
            raise ValueError(f"{name} is not what was written")
        self._written.append((np.frombuffer(data, ENTRY), name))
        return self._written[-1][0]

    def _put(self, name: str, data: bytes) -> None:
        """Write a file whole or not at all; it survives a power loss."""
        staged = self._folder / f".{name}.tmp"
        with staged.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(self._folder / name)
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _drop_unused(self, used: set[str]) -> None:
        self._written = [(run, name) for run, name in self._written if name in used]
        for file in self._folder.glob("*.run"):
            if file.name not in used:
                file.unlink()
