"""The formats that a file can be said to be in, by the name that a user types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from perfkit.importers.backtests import read_pyfolio
from perfkit.importers.table import read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from perfkit.importers.result import ImportResult

__all__ = ["FORMATS", "Reader"]


class Reader(Protocol):
    """Reads one outside format; whose trades they are is told where the file does not say."""

    def __call__(
        self,
        source: str | Path | pd.DataFrame,
        *,
        account: str | None = None,
        strategy: str | None = None,
    ) -> ImportResult:
        """Read a source into fills."""


FORMATS: dict[str, Reader] = {"pyfolio": read_pyfolio, "table": read_table}
