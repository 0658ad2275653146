"""Formats of an export: rows come in piece by piece, one file comes out.

Parquet and Arrow keep every column as it is. CSV has no nested columns: a
part of a struct becomes a column ``struct.part`` and a list becomes JSON.
Text that a spreadsheet would run as a formula gets an apostrophe before it;
numbers stay numbers.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["FORMATS", "export_writer"]

_FORMULA = r"^[=+\-@\t\r]"  # https://owasp.org/www-community/attacks/CSV_Injection


def _csv_writer(path: Path, schema: pa.Schema) -> Any:
    return pa_csv.CSVWriter(path, _flat(schema.empty_table()).schema)


def _arrow_writer(path: Path, schema: pa.Schema) -> Any:
    return pa.ipc.new_file(path, schema)


def _parquet_writer(path: Path, schema: pa.Schema) -> Any:
    return pq.ParquetWriter(path, schema, compression="zstd")


FORMATS: dict[str, Callable[[Path, pa.Schema], Any]] = {
    "parquet": _parquet_writer,
    "csv": _csv_writer,
    "arrow": _arrow_writer,
}


@contextmanager
def export_writer(path: Path, form: str, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Open a file for rows; it is whole when this is left.

    Parameters
    ----------
    path : pathlib.Path
        Where it lies.
    form : str
        ``parquet``, ``csv`` or ``arrow``.
    schema : pyarrow.Schema
        Of the rows.

    Yields
    ------
    callable
        Takes a table of that schema and writes it.

    Raises
    ------
    InvalidArgumentError
        When there is no such format.
    """
    if form not in FORMATS:
        raise InvalidArgumentError(
            f"the format of an export must be one of {', '.join(FORMATS)}, was {form!r}"
        )
    with FORMATS[form](path, schema) as writer:
        yield lambda rows: writer.write_table(_flat(rows) if form == "csv" else rows)


def _flat(rows: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in rows.schema):
        rows = rows.flatten()
    for place, field in enumerate(rows.schema):
        column = rows.column(place)
        if pa.types.is_list(field.type):
            texts = [None if cell is None else json.dumps(cell) for cell in column.to_pylist()]
            rows = rows.set_column(place, field.name, pa.array(texts, pa.string()))
        elif pa.types.is_string(field.type):
            rows = rows.set_column(place, field.name, _guarded(column))
    return rows


def _guarded(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    is_formula = pc.match_substring_regex(texts, _FORMULA)
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", texts, ""), texts)
