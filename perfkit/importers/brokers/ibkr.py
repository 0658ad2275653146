"""Interactive Brokers: Flex queries in XML, and its files of comma-separated values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.importers.brokers.ibkr_csv import read_ibkr_csv
from perfkit.importers.brokers.ibkr_flex import read_ibkr_flex

if TYPE_CHECKING:
    from perfkit.importers.result import ImportResult

__all__ = ["read_ibkr"]


def read_ibkr(
    source: str | Path,
    *,
    account: str | None = None,
    strategy: str | None = None,
    zone: str = "America/New_York",
    slash_dates: str = "%m/%d/%Y",
) -> ImportResult:
    """Read a file of Interactive Brokers: ``.xml`` is a Flex query, any other a CSV file.

    Takes what `read_ibkr_flex` and `read_ibkr_csv` take.
    """
    read = read_ibkr_flex if Path(source).suffix.lower() == ".xml" else read_ibkr_csv
    return read(source, account=account, strategy=strategy, zone=zone, slash_dates=slash_dates)
