"""The Delta tables of one history: made, opened, committed to.

delta-rs accepts a transaction it has seen before, so every commit is made by
someone who compared first. Tables are append-only: Delta itself then refuses
to change a row.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from deltalake.transaction import AddAction, RemoveAction
from pyarrow.fs import PyFileSystem

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.checkpoints import INTERVAL, write_checkpoint
from perfkit.store.evolution import absent_fields, table_schema
from perfkit.store.merging import due_batches, merged, small_files
from perfkit.store.tables import TABLES, TableLayout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyarrow.fs import FileSystem

    from perfkit.store.data_file import DataFile
    from perfkit.store.location import Location
    from perfkit.store.merging import SmallFile

__all__ = ["DeltaTables", "live_files"]

# delta-rs would write checkpoints that no one syncs, and forget removed files with them
_NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


class DeltaTables:
    """The tables under one location.

    Parameters
    ----------
    location : Location
        Where they lie.
    """

    def __init__(self, location: Location) -> None:
        self.location = location
        self._synced: dict[str, int] = {}  # the last version of each table that is known to be

    def uri(self, name: str) -> str:
        """Address of a table."""
        return f"{self.location.uri}/{name}"

    def storage(self, name: str) -> FileSystem:
        """Folder of a table, to list and to delete in."""
        return PyFileSystem(DeltaStorageHandler(self.uri(name), self.location.options))

    def create(self) -> None:
        """Make the tables that are absent, and the columns that a table lacks.

        Raises
        ------
        StoreError
            When their place can't be written, or a newer perfkit wrote there.
        """
        for layout in TABLES.values():
            table = self.find(layout.name)
            if table is None:
                self._create(layout)
            elif absent := absent_fields(table_schema(table, layout), layout):
                self._widen(table, layout, absent)

    def _create(self, layout: TableLayout) -> None:
        try:
            DeltaTable.create(
                self.uri(layout.name),
                schema=layout.stored_schema,
                mode="ignore",
                partition_by=layout.partition,
                configuration={
                    "delta.appendOnly": "true",
                    "delta.dataSkippingStatsColumns": ",".join(layout.filtered),
                },
                storage_options=self.location.options,
                post_commithook_properties=_NO_HOOKS,
            )
        except DeltaError as error:
            raise StoreError(
                f"the table {self.uri(layout.name)} can't be made: {error}; check the place's "
                "rights and space"
            ) from error
        self.location.sync_log(layout.name)

    def _widen(self, table: DeltaTable, layout: TableLayout, fields: list[pa.Field]) -> None:
        try:
            table.alter.add_columns(
                Schema.from_arrow(pa.schema(fields)).fields, post_commithook_properties=_NO_HOOKS
            )
        except DeltaError as error:
            raise StoreError(
                f"the table {self.uri(layout.name)} can't be given the columns "
                f"{[field.name for field in fields]}: {error}; check the place's rights and space"
            ) from error
        self.location.sync_log(layout.name)

    def find(self, name: str) -> DeltaTable | None:
        """Open a table as it is now; None when it does not exist.

        Raises
        ------
        DamagedStoreError
            When its log can't be read.
        StoreError
            When its location can't be reached.
        """
        try:
            return DeltaTable(self.uri(name), storage_options=self.location.options)
        except TableNotFoundError:
            return None
        except DeltaError as error:
            raise DamagedStoreError(
                f"the table {self.uri(name)} can't be opened: {error}; run `perfkit verify`"
            ) from error
        except OSError as error:
            raise StoreError(
                f"the table {self.uri(name)} can't be reached: {error}; check the address, its "
                "rights and the network"
            ) from error

    def open(self, name: str) -> DeltaTable:
        """Open a table that must exist.

        Raises
        ------
        StoreError
            When it does not, or as `find`.
        """
        table = self.find(name)
        if table is None:
            raise StoreError(f"the table {self.uri(name)} is gone; restore it from a backup")
        return table

    def last_sequence(self) -> int:
        """Give the highest journal number that lies in any table; 0 when none does."""
        highest = 0
        for name in TABLES:
            table = self.find(name)
            if table is not None and (files := live_files(table)).num_rows:
                highest = max(highest, pc.max(files.column("max.sequence")).as_py())
        return highest

    def last_group(self, journal: str) -> int:
        """Give the highest group that any table had of a journal; 0 when none had one."""
        found = (self.find(name) for name in TABLES)
        return max(0 if t is None else t.transaction_version(journal) or 0 for t in found)

    def commit(
        self, layout: TableLayout, files: Sequence[DataFile], transaction: Transaction
    ) -> None:
        """Add written files to a table, as one transaction; then see to its upkeep.

        Now and then the log is summed up and small files are merged. What is cut
        short there is done the next time: the files are added by then.
        """
        added: list[AddAction | RemoveAction] = [_added(file, is_new=True) for file in files]
        version = self._commit(self.open(layout.name), layout, added, [transaction])
        if version % INTERVAL == 0:
            files_now = live_files(self.open(layout.name))
            for batch in due_batches(small_files(files_now, layout, self.location)):
                self.replace(layout, batch, merged(batch, layout, self.location))

    def replace(
        self, layout: TableLayout, files: Sequence[SmallFile], merged_file: DataFile
    ) -> None:
        """Put one written file in the place of several, which hold the same rows.

        Raises
        ------
        DamagedStoreError
            When the table does not hold as many rows afterwards as before.
        """
        table = self.open(layout.name)
        before = _row_count(table)
        now = time.time_ns() // 1_000_000
        removed = [
            RemoveAction(file.path, False, now, file.size, dict(file.partition)) for file in files
        ]
        self._commit(table, layout, [_added(merged_file, is_new=False), *removed], [])
        after = _row_count(self.open(layout.name))
        if after != before:
            raise DamagedStoreError(
                f"the table {self.uri(layout.name)} must hold {before:,} rows after a merge as "
                f"before, holds {after:,}; run `perfkit verify`"
            )

    def _commit(
        self,
        table: DeltaTable,
        layout: TableLayout,
        actions: list[AddAction | RemoveAction],
        transactions: list[Transaction],
    ) -> int:
        if self._synced.get(layout.name) != table.version():
            self.location.sync_log(layout.name)  # whoever made that version may have been cut short
        # no retry: delta-rs 1.6 would commit behind a merge that took the same files away
        table.create_write_transaction(
            actions,
            mode="append",
            schema=layout.stored_schema,
            partition_by=layout.partition,
            commit_properties=CommitProperties(max_commit_retries=0, app_transactions=transactions),
            post_commithook_properties=_NO_HOOKS,
        )
        self.location.sync_log(layout.name)
        version = self._synced[layout.name] = table.version() + 1
        if version % INTERVAL == 0:
            write_checkpoint(self.location, layout.name, self.storage(layout.name))
        return version


def live_files(table: DeltaTable) -> pa.Table:
    """List the files of a table with their sizes, rows and statistics."""
    return pa.table(table.get_add_actions(flatten=True))


def _added(file: DataFile, *, is_new: bool) -> AddAction:
    return AddAction(
        path=file.path,
        size=len(file.data),
        partition_values=file.partition,
        modification_time=time.time_ns() // 1_000_000,
        data_change=is_new,
        stats=file.statistics,
    )


def _row_count(table: DeltaTable) -> int:
    return int(pc.sum(live_files(table).column("num_records")).as_py() or 0)
