"""Importers: outside formats into fills, one file for each format."""

from __future__ import annotations

from perfkit.importers.backtests import read_pyfolio
from perfkit.importers.cells import NumberStyle, TimeStyle
from perfkit.importers.formats import FORMATS, Reader
from perfkit.importers.ndjson import record_from_json
from perfkit.importers.result import ImportResult, RefusedRow, SkippedRow
from perfkit.importers.source_rows import CsvStyle
from perfkit.importers.table import read_table
from perfkit.importers.table_format import TableFormat, load_format

__all__ = [
    "FORMATS",
    "CsvStyle",
    "ImportResult",
    "NumberStyle",
    "Reader",
    "RefusedRow",
    "SkippedRow",
    "TableFormat",
    "TimeStyle",
    "load_format",
    "read_pyfolio",
    "read_table",
    "record_from_json",
]
