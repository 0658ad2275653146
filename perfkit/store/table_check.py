"""The check of a table: its log, and every byte and number of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.data_file import is_whole
from perfkit.store.delta_log import DeltaLog
from perfkit.store.delta_tables import DeltaTables, live_files
from perfkit.store.numbering import Numbering

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from deltalake import DeltaTable

    from perfkit.store.location import Location

__all__ = ["TableCheck"]


class TableCheck:
    """What is found out about the tables of a history, one after the other.

    Parameters
    ----------
    location : Location
        Where they lie.

    Attributes
    ----------
    rows : dict of str to int
        Rows of each table that can be opened.
    files : int
        Data files that were read.
    damaged, warnings : list of str
        As `VerifyReport` has them.
    numbering : Numbering
        Of the rows that were found.
    is_complete : bool
        Whether each table that exists could be opened and its log believed.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._tables = DeltaTables(location)
        self.rows: dict[str, int] = {}
        self.files = 0
        self.damaged: list[str] = []
        self.warnings: list[str] = []
        self.numbering = Numbering()
        self.is_complete = True

    def look(self, name: str) -> DeltaTable | None:
        """Check one table, and give it as it was found; None when it can't be opened.

        Parameters
        ----------
        name : str
            A table that exists or not.
        """
        log = DeltaLog(self._location, name)
        if broken := [*log.caches, *log.commits]:
            self.is_complete = False
            self.damaged += [f"{file.path} {file.reason}" for file in broken]
        if not self._location.is_atomic:
            self.warnings += [
                f"{file.path} {file.reason}; a newer checkpoint says what it said"
                for file in log.harmless()
            ]
        try:
            table = self._tables.find(name)
        except DamagedStoreError as error:
            self.is_complete = False
            self.damaged.append(str(error))
            return None
        if table is not None:
            files = live_files(table).to_pylist()
            self.rows[name] = sum(file.get("num_records") or 0 for file in files)
            self.files += len(files)
            for file in files:
                self._look_at(f"{name}/{file['path']}", file)
        return table

    def _look_at(self, path: str, listed: dict[str, Any]) -> None:
        said = (listed.get(n) or 0 for n in ("num_records", "min.sequence", "max.sequence"))
        rows, first, last = said
        fault, numbers = self._read(path)
        if numbers is None:
            self.numbering.excuse(first, last)
            held = f"it held {rows:,} rows, numbered {first} to {last}"
            self.damaged.append(f"{path} {fault}; {held}")
            return
        self.numbering.add(numbers)
        holds = len(numbers), numbers.min(), numbers.max()
        if holds != (rows, first, last):
            self.damaged.append(
                f"{path} holds {holds[0]:,} rows, numbered {holds[1]} to {holds[2]}; its "
                f"table's log says {rows:,}, numbered {first} to {last}"
            )

    def _read(self, path: str) -> tuple[str, npt.NDArray[np.int64] | None]:
        try:
            data = self._location.get(path)
        except FileNotFoundError:
            return "is gone", None
        except StoreError:
            raise  # of the network: it says nothing about the file
        except OSError as error:
            return f"can't be read ({error})", None
        if not data:
            return "is empty", None
        if not is_whole(path, data):
            return "has other bytes than were written", None
        rows = pq.ParquetFile(pa.BufferReader(data)).read(columns=["sequence"])
        return "", rows.column("sequence").to_numpy()
