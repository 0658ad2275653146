"""Tradovate: the performance table of paired trades, a buy and a sell in each row.

A fill that closed several others stands in several rows; it becomes one fill of
their summed quantity. The value of a point follows from each row's own P&L.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnreadableCellError
from perfkit.importers.crypto.multipliers import contract_multiplier
from perfkit.importers.drafts import Draft, read_drafts
from perfkit.importers.frame_rows import FrameRows, clock_time, frame_rows, require_zone
from perfkit.importers.owners import Owner
from perfkit.importers.row_cells import number, required, required_word, word
from perfkit.records import Fill, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from perfkit.importers.result import ImportResult

__all__ = ["read_tradovate"]

_COLUMNS = (
    "Account",
    "Contract",
    "Product",
    "Buy Fill ID",
    "Sell Fill ID",
    "Paired Qty",
    "Buy Price",
    "Sell Price",
    "P/L",
    "Bought Timestamp",
    "Sold Timestamp",
)
_LAYOUTS = ("%m/%d/%Y %H:%M:%S",)
_SIDES = {
    Side.BUY: ("Buy Fill ID", "Buy Price", "Bought Timestamp"),
    Side.SELL: ("Sell Fill ID", "Sell Price", "Sold Timestamp"),
}
_CENT = 0.01
_Quantities = dict[str, float | None]


def read_tradovate(
    source: str | Path | pd.DataFrame,
    *,
    zone: str,
    account: str | None = None,
    strategy: str | None = None,
) -> ImportResult:
    """Read Tradovate's table of paired trades.

    Parameters
    ----------
    source : path or DataFrame
        The CSV file of the performance report.
    zone : str
        IANA name of the zone that Tradovate was set to; the file does not say.
    account : str, optional
        For rows whose ``Account`` is empty.
    strategy : str
        Whose trades they are; Tradovate does not say.

    Returns
    -------
    ImportResult
        One fill for each fill id. ``multiplier`` is the value of a point of the
        product, from the rows' own P&L. The table has no commissions: they are 0. A
        row of which both fills stood in others before is skipped as a repetition.

    Raises
    ------
    ImportFormatError
        When the source is no such table, or the rows of a product give different
        values of a point.
    InvalidArgumentError
        When the strategy is missing, an account that is needed is, or the zone is none.

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({
    ...     "Account": ["APEX1"], "Contract": ["MNQM6"], "Product": ["MNQ"],
    ...     "Buy Fill ID": ["12"], "Sell Fill ID": ["11"], "Paired Qty": ["2"],
    ...     "Buy Price": ["25064.00"], "Sell Price": ["25051.00"], "P/L": ["-52.00"],
    ...     "Bought Timestamp": ["04/09/2026 15:37:06"],
    ...     "Sold Timestamp": ["04/09/2026 15:36:31"], "Currency": ["USD"],
    ... })
    >>> fills = read_tradovate(pairs, zone="America/Chicago", strategy="scalp").fills
    >>> fills["side"].to_pylist(), fills["multiplier"].to_pylist()
    (['sell', 'buy'], [2.0, 2.0])
    """
    if strategy is None:
        raise InvalidArgumentError("strategy must be given, was None; Tradovate does not name it")
    owner = Owner(account, strategy, "tradovate")
    require_zone(zone)
    table = frame_rows(source, _COLUMNS, "a table of paired trades")
    values, quantities = _point_values(table), _quantities(table)

    def draft(row: dict[str, Any]) -> list[Draft]:
        product = required_word(row, "Product", "multiplier")
        fields = {
            "account_id": owner.account_of(word(row, "Account")),
            "symbol": required_word(row, "Contract", "symbol"),
            "currency": word(row, "Currency"),
            "multiplier": required(values.get(product), "multiplier", "P/L"),
        }
        legs = [{**fields, **_leg(row, side, quantities, zone)} for side in _SIDES]
        return [Draft(Fill, leg) for leg in sorted(legs, key=lambda leg: _order(leg["trade_id"]))]

    rows = sorted(table.rows, key=lambda line_and_row: _first_fill(line_and_row[1]))
    constants = {"strategy_id": strategy, "source": "tradovate"}
    return read_drafts(table.name, rows, draft, constants, table.refused)


def _leg(row: dict[str, Any], side: Side, quantities: _Quantities, zone: str) -> dict[str, Any]:
    fill_id, price, time = _SIDES[side]
    trade_id = required_word(row, fill_id, "trade_id")
    return {
        "trade_id": identifier(trade_id),
        "execution_time": clock_time(row, time, "execution_time", zone, _LAYOUTS),
        "side": side,
        "price": required(number(row, price, "price"), "price", price),
        "volume": required(quantities[trade_id], "volume", f"Paired Qty of fill {trade_id}"),
    }


def _quantities(table: FrameRows) -> _Quantities:
    """Sum the parts of each fill; None for one of which a part can't be read."""
    sums: _Quantities = {}
    for _, row in table.rows:
        part = _readable(row, "Paired Qty")
        for fill_id, _, _ in _SIDES.values():
            name = word(row, fill_id)
            if name is not None:
                so_far = sums.get(name, 0.0)
                sums[name] = None if part is None or so_far is None else so_far + part
    return sums


def _point_values(table: FrameRows) -> dict[str, float]:
    """Divide each row's P&L by its points; all rows of a product must agree to the cent."""
    rows = [(line, row, _points(row), _readable(row, "P/L")) for line, row in table.rows]
    found: dict[str, tuple[float, float]] = {}
    for _, row, points, pnl in rows:
        product = word(row, "Product")
        if product is None or points is None or pnl is None:
            continue
        # the longest way tells it best
        if abs(points) > found.get(product, (0.0, 0.0))[0]:
            found[product] = (abs(points), contract_multiplier(pnl / points))
    for line, row, points, pnl in rows:
        value = found.get(word(row, "Product") or "", (0.0, None))[1]
        if value is None or points is None or pnl is None:
            continue
        if abs(points * value - pnl) > _CENT:
            raise ImportFormatError(
                f"{table.name}: P/L on line {line} must be {points} points of {value} "
                f"each, was {pnl}; the rows of a product must agree on the value of a point"
            )
    return {product: value for product, (_, value) in found.items()}


def _points(row: dict[str, Any]) -> float | None:
    cells = [_readable(row, name) for name in ("Buy Price", "Sell Price", "Paired Qty")]
    bought, sold, quantity = cells
    if bought is None or sold is None or quantity is None:
        return None
    return (sold - bought) * quantity


def _readable(row: dict[str, Any], name: str) -> float | None:
    """Read a number, ``$(12.50)`` too; None where there is none: its row is refused later."""
    text = word(row, name)
    if text is not None:
        bare = text.replace("$", "")
        text = f"-{bare[1:-1]}" if bare.startswith("(") and bare.endswith(")") else bare
    try:
        return number({name: text}, name, name)
    except UnreadableCellError:
        return None


def _first_fill(row: dict[str, Any]) -> tuple[int, str]:
    return min(_order(word(row, fill_id) or "") for fill_id, _, _ in _SIDES.values())


def _order(fill_id: str) -> tuple[int, str]:
    # ids count up; a shorter one is an earlier one
    return len(fill_id), fill_id
