"""Which trade of a file another row of it cancels or corrects, at Interactive Brokers.

A cancelled trade comes as a row of its own, with the quantity turned, that names
the first by its ``tradeID``; the trade that replaces it may bear that id again. An
execution that is corrected keeps its ``ibExecID`` up to the last number, which
counts the corrections: ``0000e0d5.5ff4a3c1.01.02`` corrects ``0000e0d5.5ff4a3c1.01.01``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from perfkit.errors import UnreadableCellError
from perfkit.importers.row_cells import number, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perfkit.importers.brokers.ibkr_rows import FlexRow

__all__ = ["TradeLinks", "is_cancel"]

_CANCELS = ("tradecancel", "fracsharecancel")
_POINTERS = {"origtransactionid": "transactionid", "origtradeid": "tradeid"}
_EXECUTION = re.compile(r"(?P<stem>.+)\.(?P<version>\d+)")


def is_cancel(cells: Mapping[str, str]) -> bool:
    """Tell whether a row takes another trade back."""
    kind, side = (word(cells, name) or "" for name in ("transactiontype", "buysell"))
    codes = re.split(r"[;,\s]+", word(cells, "notes") or "")
    return kind.casefold() in _CANCELS or "(ca.)" in side.casefold() or "Ca" in codes


class TradeLinks:
    """The links among the executions of one file.

    Parameters
    ----------
    rows : iterable of FlexRow
        All its executions, without what repeats them.
    """

    def __init__(self, rows: Iterable[FlexRow]) -> None:
        self._trades: dict[tuple[str | None, str | None], list[FlexRow]] = defaultdict(list)
        self._versions: dict[tuple[str, ...], list[FlexRow]] = defaultdict(list)
        self._cancelled: dict[FlexRow, FlexRow] = {}
        cancels = []
        for row in rows:
            if is_cancel(row.cells):
                cancels.append(row)
                continue
            self._trades[_instrument(row.cells)].append(row)
            if (stem := _stem(row.cells)) is not None:
                self._versions[stem].append(row)
        self._gone: set[FlexRow] = set()
        for cancel in cancels:
            self._find_cancelled(cancel)

    def cancelled(self, row: FlexRow) -> FlexRow:
        """Give the trade that a row takes back.

        Raises
        ------
        UnreadableCellError
            When there is none in the file.
        """
        if row not in self._cancelled:
            raise UnreadableCellError(
                "original_trade_id",
                "must name a trade in this file with the same instrument and price and the "
                f"opposite quantity, was {word(row.cells, *_POINTERS)!r} of a cancelled trade; "
                "export a period that holds both, with OrigTradeID and TradeID ticked",
            )
        return self._cancelled[row]

    def corrected(self, row: FlexRow) -> FlexRow | None:
        """Give the trade that a row replaces; None for a new trade.

        A later version of an execution that was cancelled, or whose first version
        is not in the file, is a new trade.

        Raises
        ------
        UnreadableCellError
            When the row says that it is a correction, and what it corrects is not
            in the file.
        """
        if (word(row.cells, "transactiontype") or "").casefold() == "tradecorrect":
            others = self._trades[_instrument(row.cells)]
            found = [o for o in others if o is not row and _points_at(row.cells, o.cells)]
            if not found:
                raise UnreadableCellError(
                    "original_trade_id",
                    "must name a trade of the same instrument in this file, was "
                    f"{word(row.cells, *_POINTERS)!r} of a corrected trade; export a period "
                    "that holds both, with OrigTradeID and TradeID ticked",
                )
            return found[0]
        stem = _stem(row.cells)
        others = [] if stem is None else self._versions[stem]
        standing = [o for o in others if o not in self._gone]
        earlier = [o for o in standing if _version(o.cells) < _version(row.cells)]
        return max(earlier, key=lambda other: _version(other.cells), default=None)

    def _find_cancelled(self, cancel: FlexRow) -> None:
        for trade in self._trades[_instrument(cancel.cells)]:
            if trade not in self._gone and _undoes(cancel.cells, trade.cells):
                self._cancelled[cancel] = trade
                self._gone.add(trade)
                return


def _instrument(cells: Mapping[str, str]) -> tuple[str | None, str | None]:
    return word(cells, "accountid"), word(cells, "conid", "symbol", "isin")


def _undoes(cancel: Mapping[str, str], trade: Mapping[str, str]) -> bool:
    taken, given = _figure(cancel, "quantity"), _figure(trade, "quantity")
    if taken is None or given is None or taken != -given:
        return False
    if _figure(cancel, "tradeprice") != _figure(trade, "tradeprice"):
        return False
    points = _points_at(cancel, trade)
    return _same_day(cancel, trade) if points is None else points


def _points_at(row: Mapping[str, str], trade: Mapping[str, str]) -> bool | None:
    """Tell whether a row names a trade; None when it names none, or the trade has no such id."""
    named = [
        (said, word(trade, own))
        for pointer, own in _POINTERS.items()
        if (said := word(row, pointer)) is not None
    ]
    known = [said == own for said, own in named if own is not None]
    return all(known) if known else None


def _same_day(cancel: Mapping[str, str], trade: Mapping[str, str]) -> bool:
    said = word(cancel, "origtradedate", "tradedate", "datetime")
    own = word(trade, "tradedate", "datetime")
    return said is not None and own is not None and _digits(said) == _digits(own)


def _digits(date: str) -> str:
    return re.sub(r"\D", "", date)[:8]


def _figure(cells: Mapping[str, str], name: str) -> float | None:
    try:
        return number(cells, name, name)
    except UnreadableCellError:
        return None


def _stem(cells: Mapping[str, str]) -> tuple[str, ...] | None:
    parts = _EXECUTION.fullmatch(word(cells, "ibexecid") or "")
    if parts is None:
        return None
    account, instrument = _instrument(cells)
    return account or "", instrument or "", parts["stem"]


def _version(cells: Mapping[str, str]) -> int:
    parts = _EXECUTION.fullmatch(word(cells, "ibexecid") or "")
    return int(parts["version"]) if parts else 0
