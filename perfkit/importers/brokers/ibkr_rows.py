"""Rows of a Flex query of Interactive Brokers, the same whether they come as XML or as CSV.

The XML calls an attribute ``ibExecID`` what the CSV calls a column ``IBExecID``;
here both are ``ibexecid``. Which of them a file has is what its user has ticked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.frame_rows import require_zone
from perfkit.importers.row_cells import moment, word

__all__ = ["FlexRow", "StatementClock", "cell_name", "symbol_of"]

_OTHER_NAMES = {
    "assetclass": "assetcategory",
    "clientaccountid": "accountid",
    "codes": "notes",
    "currencyprimary": "currency",
    "notescodes": "notes",
}
_STAMP = re.compile(
    r"(?P<date>\d{8}|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}|\d{1,2}-[A-Za-z]{3}-\d\d)"
    r"[;,T ]*(?P<time>\d{6}|\d\d:\d\d:\d\d|)"
)


@dataclass(frozen=True, slots=True, eq=False)
class FlexRow:
    """One element of the XML, or one line of the CSV; told apart by what it is, not by its cells.

    Attributes
    ----------
    kind : str
        Name of the element: ``Trade``, ``CashTransaction``, ``CorporateAction`` ...
    cells : mapping of str to str
        By `cell_name`.
    """

    kind: str
    cells: Mapping[str, str]


def cell_name(name: str) -> str:
    """Give the one name of an attribute of the XML and a column of the CSV.

    Examples
    --------
    >>> cell_name("ibExecID"), cell_name("Buy/Sell"), cell_name("ClientAccountID")
    ('ibexecid', 'buysell', 'accountid')
    """
    plain = re.sub(r"[^a-z0-9]", "", name.casefold())
    return _OTHER_NAMES.get(plain, plain)


def symbol_of(cells: Mapping[str, str]) -> str:
    """Name the instrument: its symbol, with single blanks, otherwise its ISIN.

    Raises
    ------
    UnreadableCellError
        When the row has neither.
    """
    text = word(cells, "symbol", "isin")
    if text is None:
        raise UnreadableCellError(
            "symbol", "must be given, the row has no Symbol and no ISIN; tick one in the query"
        )
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class StatementClock:
    """The clock that statements print: they name no zone.

    Attributes
    ----------
    zone : str
        IANA name.
    slash_dates : str
        ``strptime`` layout of dates with slashes, which a query writes month
        first or day first as its user chose.

    Raises
    ------
    InvalidArgumentError
        When there is no such zone.
    """

    zone: str
    slash_dates: str = "%m/%d/%Y"

    def __post_init__(self) -> None:
        require_zone(self.zone)

    def at(self, text: str | None, field: str = "execution_time") -> datetime:
        """Read a date and time, or a date: then the moment at which the day begins.

        Raises
        ------
        UnreadableCellError
            When it is neither, or the clock shows the time twice or never.
        ImportFormatError
            When a date with slashes is not in the stated layout: then all of
            them may have been misread.
        """
        found = _STAMP.fullmatch(text or "")
        if found is None:
            raise UnreadableCellError(
                field,
                "must be a date, with or without a time, as a query writes them "
                f"(20240131;093000, 2024-01-31, 31-Jan-24), was {text!r}",
            )
        date, time = found["date"], found["time"].replace(":", "") or "000000"
        layout = self._layout(date)
        return moment(f"{date} {time}", field, (f"{layout} %H%M%S",), self.zone)

    def _layout(self, date: str) -> str:
        if "/" in date:
            self._require_order(date)
            return self.slash_dates
        if len(date) == 8 and "-" not in date:
            return "%Y%m%d"
        return "%Y-%m-%d" if date[4:5] == "-" else "%d-%b-%y"

    def _require_order(self, date: str) -> None:
        try:
            datetime.strptime(date, self.slash_dates)  # noqa: DTZ007 only its order is asked
        except ValueError as error:
            raise ImportFormatError(
                f"dates with slashes must be {self.slash_dates}, one was {date!r}; "
                "say how the query writes them, e.g. slash_dates='%d/%m/%Y'"
            ) from error
