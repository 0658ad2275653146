"""A disk of which a test decides: what a power loss leaves, and when it is full; and a clock."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

PAGE = 4096  # bytes; a disk writes a page or it does not


class Disk:
    """The library ``disk.c``, compiled; processes that are started with it obey it.

    Attributes
    ----------
    durable : Path
        Folder of what was synced.
    full : Path
        Write ``<ending> <count>`` into it, and so many writes meet a full disk.
    """

    def __init__(self, library, folder, root):
        self.durable, self.full, self.root = folder / "durable", folder / "full", root
        self.durable.mkdir(parents=True)
        self._clock = folder / "clock"
        self._clock.write_bytes(bytes(8))
        self._path = library
        self._library = ctypes.CDLL(str(library))

    def environment(self, *, forgets=False, stops=False):
        """Give the variables for a process.

        One that forgets keeps only what was synced; one that stops does so before each sync.
        """
        said = {
            "LD_PRELOAD": self._path, "DISK_ROOT": self.root, "DISK_FULL": self.full,
            "CLOCK_STEP": self._clock,
        }  # fmt: skip
        said |= {"DISK_DURABLE": self.durable} if forgets else {}
        said |= {"DISK_STEPS": "1"} if stops else {}
        return os.environ | {name: str(value) for name, value in said.items()}

    def set_clock(self, seconds):
        """Set the wall clock of all processes off by some seconds."""
        with self._clock.open("r+b") as file:
            file.write(int(seconds * 1e9).to_bytes(8, "little", signed=True))

    def lose_power(self, target, rng=None):
        """Write what is left of the history after a power loss now into a new folder.

        Of what was not synced nothing is left; with ``rng`` some pages and some names are.
        """
        target.mkdir()
        self._restore(self._key(self.root), self.root, target, rng)

    def _restore(self, key, live, target, rng):
        for name, (kind, own) in self._names(key, live, rng).items():
            at = live / name
            is_there = self._key(at) == own
            if kind == "folder":
                (target / name).mkdir()
                self._restore(own, at if is_there else None, target / name, rng)
                continue
            kept = self.durable / own
            before = kept.read_bytes() if kept.exists() else b""
            now = at.read_bytes() if is_there and rng else before
            (target / name).write_bytes(before if rng is None else mixed(before, now, rng))

    def _names(self, key, live, rng):
        kept = self.durable / key
        lines = kept.read_text().splitlines() if kept.exists() else []
        before = {name: (kind, own) for kind, own, name in (line.split(" ", 2) for line in lines)}
        if rng is None or live is None:
            return before
        now = {
            path.name: ("folder" if path.is_dir() else "file", self._key(path))
            for path in live.iterdir()
        }
        chosen = {name: rng.choice([before, now]).get(name) for name in before | now}
        return {name: found for name, found in chosen.items() if found is not None}

    def _key(self, path):
        room = ctypes.create_string_buffer(96)
        found = path is not None and self._library.key_of_path(str(path).encode(), room, 96) == 0
        return room.value.decode() if found else ""


def mixed(before, now, rng):
    """Give a file of which some pages were written and others not."""
    size = rng.choice([len(before), len(now)])
    pages = [rng.choice([before, now])[at : at + PAGE] for at in range(0, size, PAGE)]
    whole = b"".join(
        page.ljust(min(PAGE, size - at), b"\0")
        for page, at in zip(pages, range(0, size, PAGE), strict=True)
    )
    return whole[:size]


def compiled(folder):
    """Compile the library."""
    library = folder / "disk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


HAS_CC = shutil.which("cc") is not None
