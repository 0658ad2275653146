"""Tables: any broker's CSV, by a map of its columns."""

from __future__ import annotations

from perfkit.importers.tables.broker_maps import load_map, map_names, map_reader
from perfkit.importers.tables.table import read_table
from perfkit.importers.tables.table_format import TableFormat, load_format

__all__ = [
    "TableFormat",
    "load_format",
    "load_map",
    "map_names",
    "map_reader",
    "read_table",
]
