"""Kraken: the trade history, as its CSV export and as its API answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.crypto.pairs import split_pair
from perfkit.importers.drafts import Draft, read_drafts
from perfkit.importers.json_rows import is_json, load_json, source_name
from perfkit.importers.owners import owner_of_all
from perfkit.importers.row_cells import from_epoch, moment, number, one_of, required_number, word
from perfkit.importers.row_order import oldest_first
from perfkit.importers.source_rows import read_rows
from perfkit.records import Fill, Liquidity, Side
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from perfkit.importers.json_rows import JsonSource
    from perfkit.importers.result import ImportResult

__all__ = ["read_kraken"]

_COLUMNS = ("txid", "ordertxid", "pair", "time", "type", "price", "fee", "vol")
_SIDES = {"buy": Side.BUY.value, "sell": Side.SELL.value}
_MONEY = ("ZEUR", "ZUSD", "ZGBP", "ZCAD", "ZJPY", "ZAUD", "ZKRW")
_COINS = ("XXBT", "XETH", "XLTC", "XXRP", "XXLM", "XXMR", "XZEC", "XETC", "XREP", "XMLN", "XXDG")
_LEGACY = frozenset((*_MONEY, *_COINS, "XICN", "XNMC", "XXVN", "XDAO"))
_BASES_OF_MONEY = frozenset((*_LEGACY, "USDT"))  # USDTZUSD is the one name that is half legacy
_QUOTES = (
    "USDT",
    "USDC",
    "EUR",
    "USD",
    "GBP",
    "CAD",
    "JPY",
    "CHF",
    "AUD",
    "DAI",
    "XBT",
    "BTC",
    "ETH",
)
_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


def read_kraken(
    source: JsonSource | pd.DataFrame, *, account: str | None = None, strategy: str | None = None
) -> ImportResult:
    """Read trades of Kraken.

    Parameters
    ----------
    source : path, DataFrame or dict
        As CSV or frame: the ``trades`` export. As ``.json`` or dict: what
        ``TradesHistory`` answered, whole or only its trades by ``txid``.
    account, strategy : str
        Whose trades they are; Kraken does not say.

    Returns
    -------
    ImportResult
        Pairs are ``BASE/QUOTE`` in the names that others use. Kraken's oldest
        currencies have four letters, X before a coin and Z before money: of a pair of
        two of them (``XXBTZEUR``) that letter goes. Any other pair is taken apart at
        its slash or its quote currency (``XTZEUR`` is XTZ in EUR), and XBT becomes BTC,
        XDG becomes DOGE. Fees are in the quote currency: the export does not tell
        those that an order asked for in base.

    Raises
    ------
    ImportFormatError
        When the source has none of these shapes.
    InvalidArgumentError
        When account or strategy is missing.

    References
    ----------
    .. [1] Kraken, "Get Trades History" (REST API); "How to interpret trades history
       fields"; "Naming system used for asset classes".

    Examples
    --------
    >>> trade = {"ordertxid": "OQ", "pair": "XXBTZEUR", "time": 1687181645.4856, "type": "buy",
    ...          "price": "24000.0", "cost": "240.0", "fee": "0.6", "vol": "0.01", "maker": True}
    >>> fills = read_kraken({"TH-1": trade}, account="A1", strategy="dca").fills
    >>> fills["symbol"][0].as_py(), fills["execution_time"][0].as_py().isoformat()
    ('BTC/EUR', '2023-06-19T13:34:05.485600+00:00')
    """
    constants = owner_of_all(account, strategy, "kraken")
    if is_json(source):
        trades = _trades(source)
        ordered = oldest_first(list(enumerate(trades, 1)), _moment)
        return read_drafts(source_name(source), ordered, _drafts, constants)
    rows = read_rows(cast("str | Path | pd.DataFrame", source))
    if missing := set(_COLUMNS).difference(rows.table.column_names):
        raise ImportFormatError(
            f"{rows.name}: must have the columns {sorted(missing)}, the header has "
            f"{rows.table.column_names}; export 'trades', not 'ledgers'"
        )
    listed = list(zip(rows.lines.tolist(), rows.table.to_pylist(), strict=True))
    return read_drafts(rows.name, oldest_first(listed, _moment), _drafts, constants, rows.refused)


def _trades(source: JsonSource) -> list[dict[str, Any]]:
    """Find the trades in an answer; each gets the id that it stands under."""
    found = load_json(source)
    for name in ("result", "trades"):
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not all(isinstance(t, dict) for t in found.values()):
        raise ImportFormatError(
            f"{source_name(source)}: must be trades by their txid; save what TradesHistory answered"
        )
    return [{"txid": txid, **trade} for txid, trade in found.items()]


def _drafts(row: Mapping[str, Any]) -> list[Draft]:
    base, quote = _pair(word(row, "pair") or "")
    trade, maker = word(row, "txid"), row.get("maker")
    fields = {
        "trade_id": None if trade is None else identifier(trade),
        "execution_time": _moment(row),
        "symbol": f"{base}/{quote}",
        "side": one_of(row, "type", "side", _SIDES),
        "price": required_number(row, "price", "price"),
        "volume": required_number(row, "vol", "volume"),
        "commission": required_number(row, "fee", "commission"),
        "fee_currency": quote,
        "order_id": word(row, "ordertxid"),
        "currency": quote,
        "base_currency": base,
    }
    if isinstance(maker, bool):
        fields["liquidity"] = (Liquidity.MAKER if maker else Liquidity.TAKER).value
    return [Draft(Fill, fields)]


def _moment(row: Mapping[str, Any]) -> datetime:
    time = row.get("time")
    if isinstance(time, (int, float)):
        return from_epoch(number(row, "time", "execution_time"), "execution_time", 1.0)
    return moment(word(row, "time"), "execution_time", zone="UTC")


def _pair(pair: str) -> tuple[str, str]:
    base, slash, quote = pair.partition("/")
    if slash:
        return _name(base), _name(quote)
    base, quote = pair[:4], pair[4:]
    if base in _BASES_OF_MONEY and quote in _LEGACY:
        return _name(base), _name(quote)
    found = split_pair(pair, _QUOTES)
    if found is None:
        raise UnreadableCellError(
            "currency",
            f"must be a quote currency of Kraken at the end of the pair, was {pair!r}; known are "
            f"{', '.join(_QUOTES)}: map other files with a table format",
        )
    return _name(found[0]), _name(found[1])


def _name(code: str) -> str:
    plain = code[1:] if code in _LEGACY else code
    return _NAMES.get(plain, plain)
