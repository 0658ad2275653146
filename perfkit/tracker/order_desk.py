"""Where a strategy order tracker keeps its orders, and whose they are.

Paper and live are two histories: nothing in the one is ever in the other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from perfkit.errors import InvalidArgumentError
from perfkit.ledger import TradingClock, trading_day
from perfkit.records.rules import Identifier

__all__ = ["Config", "OrderDesk", "order_desk"]

Config: TypeAlias = Mapping[str, Any] | str | Path | None

_KEYS = ("history", "bucket", "account", "currency", "zone", "cutoff", "storage_options")


class OrderDesk(NamedTuple):
    """What a configuration says.

    Attributes
    ----------
    uri : str
        Address of the history, with ``paper`` or ``live`` at its end.
    account : str
        Account of the orders.
    currency : str or None
        Currency that P&L is given in; None is that of the prices.
    clock : TradingClock
        The desk's trading day.
    storage_options : mapping or None
        For S3, as of `TradeStore`.
    """

    uri: str
    account: str
    currency: str | None
    clock: TradingClock
    storage_options: Mapping[str, str] | None


def order_desk(config: Config, *, paper_trading: bool) -> OrderDesk:
    """Read a configuration; see `StrategyOrderTracker` for what it may say.

    Raises
    ------
    InvalidArgumentError
        When it is nothing of what is documented, or says two places.
    """
    if not isinstance(paper_trading, bool):
        raise InvalidArgumentError(
            f"paper_trading must be True or False, was {paper_trading!r}; True keeps the orders "
            "in the history 'paper', False in 'live'"
        )
    said: Mapping[str, Any] = config if isinstance(config, Mapping) else {"history": config}
    if unknown := sorted(set(said) - set(_KEYS), key=str):
        raise InvalidArgumentError(
            f"config must have keys of {', '.join(_KEYS)}, had {unknown}; leave them out"
        )
    if said.get("history") is not None and said.get("bucket") is not None:
        raise InvalidArgumentError(
            f"config must name one place, named history={said['history']!r} and "
            f"bucket={said['bucket']!r}; leave one of them out"
        )
    mode = "paper" if paper_trading else "live"
    account, rule = said.get("account", mode), Identifier()
    if not rule.accepts(account):
        raise InvalidArgumentError(
            f"config: account must {rule.requirement}, was {account!r}; {rule.remedy}"
        )
    clock = TradingClock(said.get("zone", "UTC"), said.get("cutoff", "00:00"))
    trading_day(np.array([], "datetime64[us]"), clock.zone, clock.cutoff)  # refuses what is none
    return OrderDesk(
        uri=f"{_root(said)}/{mode}",
        account=account,
        currency=said.get("currency"),
        clock=clock,
        storage_options=said.get("storage_options"),
    )


def _root(said: Mapping[str, Any]) -> str:
    place = said.get("history")
    if (bucket := said.get("bucket")) is not None:
        place = f"s3://{bucket}"
    if place is None:
        # https://specifications.freedesktop.org/basedir-spec
        home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
        place = Path(home) / "perfkit" / "strategies"
    if not isinstance(place, (str, Path)) or not str(place):
        raise InvalidArgumentError(
            f"config must be a folder, s3://bucket/prefix or a mapping with the key 'history' or "
            f"'bucket', named {place!r}; give one of them"
        )
    return str(place).rstrip("/")
