"""The formats that a file can be said to be in, by the name that a user types."""

from __future__ import annotations

import inspect
import tomllib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.importers.backtests.backtesting_py import read_backtesting
from perfkit.importers.backtests.freqtrade import read_freqtrade
from perfkit.importers.backtests.lean import read_lean
from perfkit.importers.backtests.nautilus import read_nautilus
from perfkit.importers.backtests.pyfolio import read_pyfolio
from perfkit.importers.backtests.vectorbt import read_vectorbt
from perfkit.importers.brokers.alpaca import read_alpaca
from perfkit.importers.brokers.fix import read_fix
from perfkit.importers.brokers.ibkr import read_ibkr
from perfkit.importers.crypto.binance import read_binance
from perfkit.importers.crypto.ccxt import read_ccxt
from perfkit.importers.crypto.coinbase import read_coinbase
from perfkit.importers.crypto.hyperliquid import read_hyperliquid
from perfkit.importers.crypto.kraken import read_kraken
from perfkit.importers.platforms.legacy_json import read_legacy_json
from perfkit.importers.platforms.metatrader import read_metatrader
from perfkit.importers.platforms.tradingview import read_tradingview
from perfkit.importers.platforms.tradovate import read_tradovate
from perfkit.importers.tables.broker_maps import map_names, map_reader
from perfkit.importers.tables.table import read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from perfkit.importers.result import ImportResult

__all__ = ["FORMATS", "format_settings", "read_file"]

_OWN: dict[str, Callable[..., ImportResult]] = {
    "alpaca": read_alpaca,
    "backtesting": read_backtesting,
    "binance": read_binance,
    "ccxt": read_ccxt,
    "coinbase": read_coinbase,
    "fix": read_fix,
    "freqtrade": read_freqtrade,
    "hyperliquid": read_hyperliquid,
    "ibkr": read_ibkr,
    "kraken": read_kraken,
    "lean": read_lean,
    "legacy": read_legacy_json,
    "metatrader": read_metatrader,
    "nautilus": read_nautilus,
    "pyfolio": read_pyfolio,
    "table": read_table,
    "tradingview": read_tradingview,
    "tradovate": read_tradovate,
    "vectorbt": read_vectorbt,
}
FORMATS: Mapping[str, Callable[..., ImportResult]] = MappingProxyType(
    _OWN | {name: map_reader(name) for name in map_names()}
)
_NOT_SETTINGS = ("source", "account", "strategy", "layout", "commission", "index", "symbols")


def format_settings(form: str) -> dict[str, str]:
    """List the settings of a format, each with its default or ``required``.

    Raises
    ------
    UnknownNameError
        When there is no such format.

    Examples
    --------
    >>> format_settings("metatrader")["zone"]
    'required'
    """
    return {
        name: "required" if parameter.default is parameter.empty else str(parameter.default)
        for name, parameter in _parameters(form).items()
    }


def read_file(
    path: str | Path,
    form: str,
    *,
    account: str | None = None,
    strategy: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> ImportResult:
    """Read a file in a named format.

    Parameters
    ----------
    path : path
        The file.
    form : str
        One of `FORMATS`.
    account, strategy : str, optional
        Whose rows they are that name none.
    settings : mapping of str to str, optional
        Settings of the format as text, see `format_settings`; a number or a table as in
        TOML: ``{"contract_size": "{EURUSD = 100000}"}``.

    Raises
    ------
    UnknownNameError
        When there is no such format.
    InvalidArgumentError
        When a setting is unknown, missing or can't be read.
    ImportFormatError
        When the file as a whole can't be read so.
    """
    parameters, given = _parameters(form), dict(settings or {})
    unknown = sorted(given.keys() - parameters.keys())
    missing = [n for n, p in parameters.items() if p.default is p.empty and n not in given]
    if unknown or missing:
        known = ", ".join(f"{name} ({text})" for name, text in format_settings(form).items())
        raise InvalidArgumentError(
            f"format {form!r} has the settings {known or 'none'}; "
            f"missing {missing}, unknown {unknown}; say --set name=value"
        )
    read = {name: _setting(name, text, parameters[name]) for name, text in given.items()}
    return FORMATS[form](path, account=account, strategy=strategy, **read)


def _parameters(form: str) -> dict[str, inspect.Parameter]:
    if form not in FORMATS:
        raise UnknownNameError(
            f"format must be one of {', '.join(sorted(FORMATS))}, was {form!r}; "
            "any other table is format 'table' with a column map"
        )
    found = inspect.signature(FORMATS[form]).parameters
    return {name: p for name, p in found.items() if name not in _NOT_SETTINGS}


def _setting(name: str, text: str, parameter: inspect.Parameter) -> Any:
    if str(parameter.annotation).startswith(("str", "Literal")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgumentError(
            f"setting {name} must be a number or a table such as {{EURUSD = 100000}}, was {text!r}"
        ) from error
