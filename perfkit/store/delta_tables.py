"""The Delta tables of one history: made, opened, committed to.

delta-rs accepts a transaction it has seen before, so every commit is made by
someone who compared first. Tables are append-only: Delta itself then refuses
to change a row.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from perfkit.errors import DamagedStoreError, StoreError
from perfkit.store.evolution import absent_fields, table_schema
from perfkit.store.tables import TABLES, TableLayout

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from perfkit.store.data_file import DataFile
    from perfkit.store.location import Location

__all__ = ["DeltaTables", "checksums", "live_files"]

_CHECKSUMS = "perfkit.sha256"  # key of a commit's metadata: {file: sha256 in hex}
# delta-rs would write checkpoints that no one syncs
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

    def uri(self, name: str) -> str:
        """Address of a table."""
        return f"{self.location.uri}/{name}"

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

    def commit(
        self, layout: TableLayout, files: Sequence[DataFile], transaction: Transaction
    ) -> None:
        """Add written files to a table, as one transaction."""
        table = self.open(layout.name)
        actions: list[AddAction | RemoveAction] = [
            AddAction(
                path=file.path,
                size=len(file.data),
                partition_values=file.partition,
                modification_time=time.time_ns() // 1_000_000,
                data_change=True,
                stats=file.statistics,
            )
            for file in files
        ]
        table.create_write_transaction(
            actions,
            mode="append",
            schema=layout.stored_schema,
            partition_by=layout.partition,
            commit_properties=CommitProperties(
                custom_metadata={_CHECKSUMS: json.dumps({f.path: f.sha256 for f in files})},
                max_commit_retries=0,
                app_transactions=[transaction],
            ),
            post_commithook_properties=_NO_HOOKS,
        )
        self.location.sync_log(layout.name)


def live_files(table: DeltaTable) -> pa.Table:
    """List the files of a table with their sizes, rows and statistics."""
    return pa.table(table.get_add_actions(flatten=True))


def checksums(table: DeltaTable, paths: Collection[str] | None = None) -> dict[str, str]:
    """Collect the checksums that commits left, from the newest on.

    Parameters
    ----------
    table : DeltaTable
        As it is now.
    paths : collection of str, optional
        The files that are asked for: what lies before the last of them is not
        read. All commits when None.
    """
    limit = None if paths is None else 2
    while True:
        history = table.history(limit)
        found: dict[str, str] = {}
        for entry in history:
            found |= json.loads(entry.get(_CHECKSUMS, "{}"))
        if limit is None or len(history) < limit or found.keys() >= set(paths or ()):
            return found
        limit *= 2
