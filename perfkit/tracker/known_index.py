"""The known index: a hash of every id that was recorded, and of its content.

Twenty-four bytes a record: what was recorded last lies in a dictionary, the
rest in sorted runs, of which the small ones are merged as they pile up. A
run never changes, so it can be written to disk once and mapped from there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["ENTRY", "NOT_KNOWN", "KnownIndex"]

Entries = npt.NDArray[np.void]
Hashes = npt.NDArray[np.uint64]

ENTRY = np.dtype([("key", "<u8"), ("content", "<u8"), ("sequence", "<i8")])
NOT_KNOWN = 0  # a sequence; the first record is number 1
_RECENT = 65_536  # entries of a new run
_LARGEST = 4_194_304  # entries of a run that is merged no more


class KnownIndex:
    """From the hash of an id to the hash of its content and its sequence.

    Attributes
    ----------
    runs : list of ndarray, dtype `ENTRY`
        Sorted by key; the largest first.
    """

    def __init__(self, runs: list[Entries] | None = None) -> None:
        self.runs = list(runs or [])
        self._recent: dict[int, tuple[int, int]] = {}
        self._added: list[Entries] = []  # the same, as they came

    def __len__(self) -> int:
        return len(self._recent) + sum(len(run) for run in self.runs)

    def find(self, keys: Hashes) -> tuple[Hashes, npt.NDArray[np.int64]]:
        """Give content and sequence of each key; where it is `NOT_KNOWN`, neither means anything.

        Parameters
        ----------
        keys : ndarray of shape (n_keys,), dtype uint64
        """
        content = np.zeros(len(keys), np.uint64)
        sequence = np.full(len(keys), NOT_KNOWN)
        for run in self.runs:
            places = np.minimum(run["key"].searchsorted(keys), len(run) - 1)
            hit = run["key"][places] == keys
            if hit.any():
                found = run[places[hit]]
                content[hit], sequence[hit] = found["content"], found["sequence"]
        for place, key in enumerate(keys.tolist()) if self._recent else ():
            if key in self._recent:
                content[place], sequence[place] = self._recent[key]
        return content, sequence

    def add(self, entries: Entries) -> None:
        """Take entries that were not known.

        Parameters
        ----------
        entries : ndarray of dtype `ENTRY`
        """
        if len(entries) >= _RECENT:
            self.seal()
            self._push(_sorted(entries))
            return
        pairs = zip(entries["content"].tolist(), entries["sequence"].tolist(), strict=True)
        self._recent.update(zip(entries["key"].tolist(), pairs, strict=True))
        self._added.append(entries)
        if len(self._recent) >= _RECENT:
            self.seal()

    def seal(self) -> None:
        """Make a run of the recent entries."""
        if self._recent:
            added, self._added, self._recent = self._added, [], {}
            self._push(_sorted(np.concatenate(added)))

    def _push(self, run: Entries) -> None:
        self.runs.append(run)
        while len(self.runs) > 1:
            before, last = self.runs[-2:]
            if len(before) > 2 * len(last) or len(before) + len(last) > _LARGEST:
                break
            self.runs[-2:] = [_sorted(np.concatenate([before, last]))]


def _sorted(entries: Entries) -> Entries:
    keys = np.ascontiguousarray(entries["key"])  # sorted in a third of the time
    return entries[np.argsort(keys, kind="stable")]
