"""Alpaca: account activities, orders, and the updates of trades, as its API answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.errors import UnreadableCellError
from perfkit.importers.brokers.alpaca_activities import Activities, oldest_first
from perfkit.importers.brokers.alpaca_instruments import StrategyTags
from perfkit.importers.brokers.alpaca_orders import order_drafts, update_drafts
from perfkit.importers.drafts import Draft, Skip, read_drafts
from perfkit.importers.json_rows import JsonSource, json_objects, source_name
from perfkit.importers.owners import Owner

if TYPE_CHECKING:
    from perfkit.importers.result import ImportResult

__all__ = ["read_alpaca"]


def read_alpaca(
    source: JsonSource,
    *,
    account: str | None = None,
    strategy: str | None = None,
    tag_pattern: str | None = None,
) -> ImportResult:
    r"""Read a list of account activities, orders or trade updates of Alpaca.

    Activities and orders tell the same trades: import one of them. Activities are
    each execution with its time, and the fees, dividends and deposits; orders give
    the average price of all executions, once the order has come to its end, and
    the ``client_order_id``.

    Parameters
    ----------
    source : path or list of dict
        JSON (also ``.gz``): activities of the account or of the event stream,
        orders with or without nested legs, or updates of ``trade_updates``.
    account, strategy : str, optional
        Whose rows they are where they do not say: activities bear an account in
        the Broker API only, and no strategy.
    tag_pattern : str, optional
        Regular expression whose first group is the strategy in a
        ``client_order_id``, e.g. ``r"([a-z]+)-\d+"``; without it the whole id is.
        An id that Alpaca drew itself is no tag.

    Returns
    -------
    ImportResult
        An activity that gives a day alone happened at the end of that day in New
        York; a split at its beginning. A crypto fee that was taken in coins is a
        sale of them whose whole proceeds are its commission, for the reason ``fee``.
        An option has 100 shares in a contract; its end is a fill at 0.

    Raises
    ------
    ImportFormatError
        When the source is no JSON list.
    InvalidArgumentError
        When rows need an account or a strategy that was not given.

    References
    ----------
    .. [1] Alpaca, *Account Activities*, *Orders*, *Trade Events* and *Activities* (SSE),
       https://docs.alpaca.markets.

    Examples
    --------
    >>> activity = {
    ...     "id": "20190524113406977::8efc7b9a", "activity_type": "FILL", "symbol": "LPCN",
    ...     "transaction_time": "2019-05-24T15:34:06.977Z", "price": "1.63", "qty": "1",
    ...     "side": "buy",
    ... }
    >>> fills = read_alpaca([activity], account="A1", strategy="trend").fills
    >>> fills.select(["symbol", "side", "volume", "price"]).to_pylist()
    [{'symbol': 'LPCN', 'side': 'buy', 'volume': 1.0, 'price': 1.63}]
    """
    owner, tags = Owner(account, strategy, "Alpaca"), StrategyTags(tag_pattern)
    rows = json_objects(source, "account activities, orders or trade updates")
    activities = Activities(owner, tags)

    def draft(row: dict[str, Any]) -> list[Draft] | Skip:
        if "activity_type" in row:
            return activities.draft(row)
        update = row.get("data") if "stream" in row else row
        if isinstance(update, dict) and "event" in update:
            return update_drafts(update, owner, tags)
        if "filled_qty" in row:
            return order_drafts(row, owner, tags)
        raise UnreadableCellError(
            "row",
            "must be an account activity, an order or a trade update, "
            f"had the fields {sorted(row)}; save what the API answered",
        )

    return read_drafts(source_name(source), oldest_first(rows), draft, {"source": "alpaca"})
