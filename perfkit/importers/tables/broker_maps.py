"""Ready maps of brokers' tables, by the name that a user types.

Each is a TOML file beside this module. What it says of a broker's zone, words and signs
stands at its top; a broker that changes its export needs a new map, not new code.
"""

from __future__ import annotations

import itertools
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from perfkit.errors import UnknownNameError
from perfkit.importers.tables.table import read_table
from perfkit.importers.tables.table_format import TableFormat, load_format

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Protocol

    import pandas as pd

    from perfkit.importers.result import ImportResult

    class MapReader(Protocol):
        """Reads a broker's table by its map."""

        def __call__(
            self,
            source: str | Path | pd.DataFrame,
            *,
            account: str | None = None,
            strategy: str | None = None,
        ) -> ImportResult:
            """Read a source into records."""


__all__ = ["load_map", "map_names", "map_reader"]

_FOLDER = resources.files("perfkit.importers.tables") / "maps"


def map_names() -> tuple[str, ...]:
    """Names of the maps that come with perfkit, sorted.

    Examples
    --------
    >>> "schwab" in map_names()
    True
    """
    files = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml")))


@cache
def load_map(name: str) -> TableFormat:
    """Give a map that comes with perfkit.

    Parameters
    ----------
    name : str
        One of `map_names`.

    Raises
    ------
    UnknownNameError
        When there is none of that name.

    Examples
    --------
    >>> load_map("swissquote").csv.separator
    ';'
    """
    if name not in map_names():
        raise UnknownNameError(
            f"a map must be one of {', '.join(map_names())}, was {name!r}; "
            "write a map of your own and read it with load_format"
        )
    with resources.as_file(_FOLDER / f"{name}.toml") as path:
        return load_format(path)


def map_reader(name: str) -> MapReader:
    """Give the reader of a broker's table, which takes a source, an account and a strategy.

    Parameters
    ----------
    name : str
        One of `map_names`; the map itself is read with the first table, its first
        comment is what the reader says of itself.

    Examples
    --------
    >>> reader = map_reader("webull")
    """

    def read_mapped(
        source: str | Path | pd.DataFrame,
        *,
        account: str | None = None,
        strategy: str | None = None,
    ) -> ImportResult:
        return read_table(source, load_map(name), account=account, strategy=strategy)

    with resources.as_file(_FOLDER / f"{name}.toml") as path:
        comment = path.read_text(encoding="utf-8").splitlines()
    lines = itertools.takewhile(lambda line: line.startswith("#"), comment)
    read_mapped.__doc__ = "\n".join(line.removeprefix("# ") for line in lines)
    return read_mapped
