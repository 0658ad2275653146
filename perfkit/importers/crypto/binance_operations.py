"""The operations of Binance's account statement: which rows are trades, which are cash.

Words are compared in small letters, as the statements of different years differ in them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from perfkit.records import CashKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONVERSIONS", "FEES", "FUTURES_RESULTS", "KINDS", "TRADES", "TRANSFERS"]

TRADES = frozenset(
    {
        "buy",
        "sell",
        "transaction related",
        "transaction buy",
        "transaction spend",
        "transaction sold",
        "transaction revenue",
    }
)
FEES = frozenset({"fee", "transaction fee"})
CONVERSIONS = frozenset(
    {
        "binance convert",
        "large otc trading",
        "small assets exchange bnb",
        "stablecoins auto-conversion",
    }
)
TRANSFERS = frozenset(
    {
        "transfer_in",
        "transfer_out",
        "transfer between main and funding wallet",
        "main and funding account transfer",
        "transfer between main account/futures and margin account",
        "transfer between spot account and um futures account",
        "transfer between spot account and cm futures account",
        "savings purchase",
        "savings principal redemption",
        "pos savings purchase",
        "pos savings redemption",
        "staking purchase",
        "staking redemption",
        "simple earn flexible subscription",
        "simple earn flexible redemption",
        "simple earn locked subscription",
        "simple earn locked redemption",
        "launchpool subscription/redemption",
        "margin loan",
        "margin repayment",
        "isolated margin loan",
        "isolated margin repayment",
    }
)
FUTURES_RESULTS = frozenset(
    {"realize profit and loss", "realized profit and loss", "fee", "transaction fee"}
)
_OF_KIND = {
    CashKind.DEPOSIT: ("deposit", "fiat deposit"),
    CashKind.WITHDRAWAL: ("withdraw", "fiat withdraw", "fiat withdrawal", "send"),
    CashKind.FUNDING: ("funding fee",),
    CashKind.INTEREST: (
        "savings interest",
        "savings distribution",
        "pos savings interest",
        "simple earn flexible interest",
        "simple earn locked rewards",
        "staking rewards",
        "eth 2.0 staking rewards",
        "launchpool interest",
        "bnb vault rewards",
        "pool distribution",
    ),
    CashKind.DIVIDEND: ("distribution", "airdrop assets", "simple earn flexible airdrop"),
    CashKind.FEE: (
        "commission history",
        "commission rebate",
        "commission fee shared with you",
        "referral commission",
        "referral kickback",
        "referrer rebates",
        "referee rebates",
        "insurance fund compensation",
    ),
}
KINDS: Mapping[str, CashKind] = MappingProxyType(
    {word: kind for kind, words in _OF_KIND.items() for word in words}
)
