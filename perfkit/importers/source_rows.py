"""The rows of a CSV file, a Parquet file or a frame, with their line numbers.

Cells of a CSV file stay the text that they are: what they mean is the
business of the format. A file that can't be read as a whole is an error
that names it; a row of another width than the header is a refused row.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from perfkit.errors import ImportFormatError
from perfkit.importers.result import RefusedRow
from perfkit.importers.source_bytes import load_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CsvStyle", "SourceRows", "read_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvStyle:
    """How a CSV file is written.

    Attributes
    ----------
    separator : str
        One character between cells.
    encoding : str
        A Python codec; ``utf-8-sig`` reads UTF-8 with and without a BOM.
    skip_lines : int
        Lines above the header.
    """

    separator: str = ","
    encoding: str = "utf-8-sig"
    skip_lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRows:
    """The rows of one source.

    Attributes
    ----------
    name : str
        The file, or ``frame``: what messages call it.
    table : pyarrow.Table
        Its columns; text for a CSV file. A column without a name is called after the
        one before it: ``Amount``, ``Amount (2)``.
    lines : ndarray of int64, shape (n_rows,)
        Line of each row in the file, from 1.
    refused : tuple of RefusedRow
        Rows of another width than the header; they are not in ``table``.
    """

    name: str
    table: pa.Table
    lines: npt.NDArray[np.int64]
    refused: tuple[RefusedRow, ...] = ()

    @property
    def read(self) -> int:
        """Rows of the source, readable or not."""
        return len(self.lines) + len(self.refused)

    def column(self, name: str, field: str) -> pa.ChunkedArray:
        """Find one column by the name in the header.

        Raises
        ------
        ImportFormatError
            When it is missing, or stands there more than once.
        """
        found = self.table.column_names.count(name)
        if found != 1:
            raise ImportFormatError(
                f"{self.name}: column {name!r} ({field}) must stand in the header once, "
                f"was there {found} times; the header has {self.table.column_names}"
            )
        return self.table.column(self.table.column_names.index(name))


def read_rows(source: str | Path | pd.DataFrame, style: CsvStyle | None = None) -> SourceRows:
    """Read the rows of a source.

    Parameters
    ----------
    source : path or DataFrame
        ``.parquet`` and ``.pq`` are Parquet, any other file is CSV, and a
        name that ends in ``.gz`` is unpacked on the way.
    style : CsvStyle, optional
        How a CSV file is written; commas and UTF-8 unless told.

    Raises
    ------
    ImportFormatError
        When the source is missing, empty, damaged or can't be decoded.
    """
    if isinstance(source, pd.DataFrame):
        return _from_frame(source)
    path = Path(source)
    try:
        if path.suffix in {".parquet", ".pq"}:
            return _numbered(str(path), pq.read_table(path))
        return _from_csv(path, style or CsvStyle())
    except OSError as error:
        reason = error.strerror or error
        raise ImportFormatError(f"{path}: must be a readable file: {reason}") from error
    except (pa.ArrowException, csv.Error) as error:
        raise ImportFormatError(
            f"{path}: must be a whole, undamaged file of its format: {error}; "
            "export it again, or state its separator and quoting"
        ) from error
    except (UnicodeError, LookupError) as error:
        raise ImportFormatError(
            f"{path}: must be text in the stated encoding: {error}; "
            "state the encoding it was written in, e.g. 'latin-1' or 'utf-16'"
        ) from error


def _from_frame(frame: pd.DataFrame) -> SourceRows:
    try:
        arrays = [_from_series(frame.iloc[:, place]) for place in range(frame.shape[1])]
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise ImportFormatError(
            f"frame: every column must hold one kind of value that Arrow knows: {error}"
        ) from error
    return _numbered("frame", pa.Table.from_arrays(arrays, names=[str(c) for c in frame.columns]))


def _from_series(series: pd.Series) -> pa.Array:
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        utc = pa.array(series.dt.tz_convert(None).to_numpy())
        return utc.cast(pa.timestamp(utc.type.unit, tz="UTC"))
    return pa.array(series, from_pandas=True)


def _numbered(name: str, table: pa.Table) -> SourceRows:
    return SourceRows(name=name, table=table, lines=np.arange(1, table.num_rows + 1))


def _from_csv(path: Path, style: CsvStyle) -> SourceRows:
    with _open(path, style.encoding) as stream:
        for _ in range(style.skip_lines):
            next(stream, None)
        records = _records(stream, style)
        _, header = next(records, (0, []))
        if not header:
            raise ImportFormatError(
                f"{path}: must have a header line, was empty; export it again, "
                "or check how many lines to skip"
            )
        rows, lines, refused = [], [], []
        for line, cells in records:
            if len(cells) == len(header):
                rows.append(cells)
                lines.append(line)
            else:
                reason = (
                    f"row must have {len(header)} cells as the header has, had {len(cells)}; "
                    "quote cells that hold the separator"
                )
                refused.append(RefusedRow(line=line, field="row", reason=reason))
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    arrays = [pa.array(column, type=pa.string()) for column in columns]
    return SourceRows(
        name=str(path),
        table=pa.Table.from_arrays(arrays, names=_named(header)),
        lines=np.array(lines, dtype=np.int64),
        refused=tuple(refused),
    )


def _named(header: list[str]) -> list[str]:
    """Name a column without a name after the one before it, whose second cell it is."""
    names = [name.strip() for name in header]
    pairs = zip(names, ["", *names[:-1]], strict=True)
    return [name or (f"{before} (2)" if before else "") for name, before in pairs]


def _open(path: Path, encoding: str) -> IO[str]:
    if path.suffix == ".gz":
        _, data = load_bytes(path)
        return io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def _records(stream: IO[str], style: CsvStyle) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins on; blank lines are no records."""
    # strict: an open quote would swallow the rest of the file silently
    reader = csv.reader(stream, delimiter=style.separator, strict=True)
    line = style.skip_lines + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = style.skip_lines + reader.line_num + 1
