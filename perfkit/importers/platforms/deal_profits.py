"""Profits that deals state, held against their prices: a wrong contract size is found here.

A lot is 1, 100 or 100,000 units, and the file does not say; a wrong size makes every
P&L wrong by that factor and nothing else looks odd.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.contract_sizes import ContractSizes, contract_size_of
from perfkit.importers.row_cells import number, word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.importers.frame_rows import FrameRows

__all__ = ["check_profits"]

_TOLERANCE = 0.01  # of the profit: a factor or an exchange rate is further off
_ROUNDING = 0.02  # the account's currency; profits are rounded to the cent
_NUMBERS = ("type", "entry", "volume", "price", "profit")
_ENTERS, _EXITS = (0,), (1, 3)


@dataclass(slots=True)
class _Position:
    volume: float = 0.0
    price: float = 0.0


def check_profits(table: FrameRows, sizes: ContractSizes, quotes: Mapping[str, str]) -> None:
    """Hold the profit of each deal that closes a position against its prices.

    Deals whose entry is not in the table are not checked, nor those that turn a
    position round, nor symbols of another quote currency.

    Parameters
    ----------
    table : FrameRows
        Deals of MetaTrader 5, oldest first.
    sizes : float or mapping of str to float
        Units in one lot.
    quotes : mapping of str to str
        Symbols that are not quoted in the account's currency.

    Raises
    ------
    ImportFormatError
        When a profit is not that of its prices.
    """
    positions: dict[str, _Position] = {}
    for line, row in table.rows:
        symbol, position = word(row, "symbol"), word(row, "position_id")
        values = _numbers(row)
        if symbol is None or position is None or values is None or symbol in quotes:
            continue
        kind, entry, volume, price, profit = values
        if kind not in (0, 1):
            continue
        held = positions.setdefault(position, _Position())
        if entry in _ENTERS:
            held.price = (held.price * held.volume + price * volume) / (held.volume + volume)
            held.volume += volume
        elif entry in _EXITS and held.volume > 0:
            direction = 1.0 if kind == 1 else -1.0
            size = contract_size_of(symbol, sizes)
            expected = direction * (price - held.price) * volume * size
            _require(table.name, line, symbol, expected, profit)
            held.volume -= volume
        else:
            positions[position] = _Position()


def _require(name: str, line: int, symbol: str, expected: float, profit: float) -> None:
    if abs(expected - profit) > _ROUNDING + _TOLERANCE * abs(profit):
        raise ImportFormatError(
            f"{name}: the profit of the deal on line {line} must be that of its prices, "
            f"{expected:.2f}, was {profit}; give contract_size={{{symbol!r}: units in a lot}}, "
            f"or quote_currency={{{symbol!r}: ...}} where that is not the account's currency"
        )


def _numbers(row: dict[str, Any]) -> tuple[float, ...] | None:
    try:
        values = [number(row, name, name) for name in _NUMBERS]
    except UnreadableCellError:
        return None  # its row is refused later
    found = tuple(value for value in values if value is not None)
    return found if len(found) == len(_NUMBERS) and found[2] > 0 else None
