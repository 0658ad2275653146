"""Export: a whole history as plain files, for whoever has no perfkit.

What was acknowledged when the export began is in it, from the journal and
the tables, month by month, so that memory stays bounded. The folder appears
when it is finished, with a manifest that says what must be in it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from calendar import monthrange
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, StoreError
from perfkit.store.delta_tables import DeltaTables, live_files
from perfkit.store.export_format import FORMATS, export_writer
from perfkit.store.journal import Journal
from perfkit.store.location import open_location
from perfkit.store.tables import TABLES, TableLayout
from perfkit.store.trade_store import TradeStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["ExportReport", "ExportedFile", "export"]

PIECE = 1_000_000  # rows; a table with more is read month by month
_MANIFEST = "manifest.json"
_Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """One table of an export.

    Attributes
    ----------
    file : str
        Name in the folder.
    rows : int
        How many it holds.
    size : int
        Bytes.
    sha256 : str
        Checksum of the file, in hex.
    """

    file: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What an export holds; its manifest says the same.

    Attributes
    ----------
    folder : pathlib.Path
        Where it lies.
    format : str
        ``parquet``, ``csv`` or ``arrow``.
    sequence : int
        Number of the last row that had been acknowledged when it began.
    tables : mapping of str to ExportedFile
        One file a table.
    """

    folder: Path
    format: str
    sequence: int
    tables: Mapping[str, ExportedFile]


def export(
    uri: str | Path,
    folder: str | Path,
    *,
    form: str = "parquet",
    force: bool = False,
    storage_options: Mapping[str, str] | None = None,
    journal: str | Path | None = None,
) -> ExportReport:
    """Write every row of a history into a folder, also while it is written to.

    Parameters
    ----------
    uri, storage_options, journal
        As for `TradeStore`.
    folder : str or pathlib.Path
        Made here; absent or empty.
    form : {"parquet", "csv", "arrow"}
        In CSV, text that a spreadsheet would take for a formula gets an
        apostrophe before it.
    force : bool
        Replace an earlier export; nothing else is ever replaced.

    Returns
    -------
    ExportReport
        Rows and checksum of each file.

    Raises
    ------
    InvalidArgumentError
        When there is no such format, or the folder holds something.
    StoreError, DamagedStoreError
        When there is no history, a file of it is not what was written, or the
        folder can't be written; no folder is left behind.
    """
    if form not in FORMATS:
        raise InvalidArgumentError(
            f"the format of an export must be one of {', '.join(FORMATS)}, was {form!r}"
        )
    target = Path(folder).expanduser().absolute()
    _refuse_to_replace(target, force=force)
    store = TradeStore(uri, storage_options=storage_options, journal=journal)
    tables = DeltaTables(open_location(uri, storage_options, journal))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
        made = Path(scratch) / "export"
        made.mkdir()
        sequence, spans = _contents(tables)
        written = {
            name: _write(store, made / f"{name}.{form}", TABLES[name], parts, sequence)
            for name, parts in spans.items()
        }
        report = ExportReport(folder=target, format=form, sequence=sequence, tables=written)
        (made / _MANIFEST).write_text(_manifest(report, store.uri))
        if force and target.exists():
            shutil.move(target, Path(scratch) / "replaced")
        made.rename(target)
    return report


def _refuse_to_replace(target: Path, *, force: bool) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    is_export = (target / _MANIFEST).is_file() and "perfkit_export" in json.loads(
        (target / _MANIFEST).read_text()
    )
    if not is_export:
        raise InvalidArgumentError(
            f"the folder of an export must be new or empty, {target} holds something else; "
            "name another one"
        )
    if not force:
        raise InvalidArgumentError(
            f"the folder of an export must be new or empty, {target} holds an earlier export; "
            "name another one, or say --force to replace it"
        )


def _contents(tables: DeltaTables) -> tuple[int, dict[str, list[_Span]]]:
    """Give the last number that was acknowledged, and of each table the spans to read."""
    bounds: dict[str, list[tuple[int, datetime, datetime]]] = {name: [] for name in TABLES}
    last = 0
    location = tables.location
    if location.journal.exists():  # first: what moves meanwhile is seen twice, not never
        with closing(Journal(location.journal, location.journal_home, read_only=True)) as journal:
            last = journal.last_sequence
            for group in journal.groups():
                times = pc.min_max(group.rows.column(TABLES[group.kind].time)).as_py()
                bounds[group.kind].append((group.rows.num_rows, times["min"], times["max"]))
    found = {name: table for name in TABLES if (table := tables.find(name)) is not None}
    if not found and not location.journal.exists():
        raise StoreError(f"there is no history at {location.uri}; check the address")
    for name, table in found.items():
        layout = TABLES[name]
        for row in live_files(table).to_pylist():
            times = row[f"min.{layout.time}"], row[f"max.{layout.time}"]
            bounds[name].append((row["num_records"], *times))
            last = max(last, row["max.sequence"])
    return last, {name: _spans(parts) for name, parts in bounds.items()}


def _spans(parts: list[tuple[int, datetime, datetime]]) -> list[_Span]:
    """Cut the time that is covered into pieces that fit into memory."""
    if not parts:
        return []
    if sum(rows for rows, _, _ in parts) <= PIECE:
        return [(min(low for _, low, _ in parts), max(high for _, _, high in parts))]
    months = {month for _, low, high in parts for month in _months(low, high)}
    return [_month_span(*month) for month in sorted(months)]


def _months(low: datetime, high: datetime) -> Iterator[tuple[int, int]]:
    for number in range(low.year * 12 + low.month - 1, high.year * 12 + high.month):
        yield number // 12, number % 12 + 1


def _month_span(year: int, month: int) -> _Span:
    first = datetime(year, month, 1, tzinfo=UTC)
    days = timedelta(days=monthrange(year, month)[1])
    return first, first + days - timedelta(microseconds=1)


def _write(
    store: TradeStore, path: Path, layout: TableLayout, spans: list[_Span], sequence: int
) -> ExportedFile:
    schema, rows = layout.numbered_schema, 0
    with export_writer(path, path.suffix[1:], schema) as write:
        for low, high in spans:
            part = _read(store, layout, (low, high), sequence)
            write(part)
            rows += part.num_rows
    data = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            data.update(block)
    return ExportedFile(
        file=path.name, rows=rows, size=path.stat().st_size, sha256=data.hexdigest()
    )


def _read(store: TradeStore, layout: TableLayout, span: _Span, sequence: int) -> pa.Table:
    where = pl.col(layout.time).is_between(*span)
    if not layout.key:  # of a key the last row is read; with this, one replaced meanwhile would go
        where &= pl.col("sequence") <= sequence
    return store.read(layout.name, where=where, columns=layout.numbered_schema.names)


def _manifest(report: ExportReport, uri: str) -> str:
    said = {
        "perfkit_export": 1,
        "history": uri,
        "format": report.format,
        "sequence": report.sequence,
        "tables": {name: asdict(file) for name, file in report.tables.items()},
    }
    return json.dumps(said, indent=2) + "\n"
