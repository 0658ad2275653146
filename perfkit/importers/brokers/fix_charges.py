"""What an execution cost, as a FIX execution report says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from perfkit.errors import UnreadableCellError
from perfkit.records import CashKind

if TYPE_CHECKING:
    from perfkit.importers.brokers.fix_messages import FixMessage

__all__ = ["Costs", "costs_of"]

_FEE = (137, 138, 139, 891)  # amount, currency, type, basis
_TAXES = ("2", "5", "9", "22", "23")  # tax, stamp, consumption tax, VAT, sales tax
# how a rate becomes money: a percentage is written as a fraction, 5 % is 0.05
_COMMISSION_BASES = {"1": "unit", "2": "fraction", "3": "total", "7": "points", "8": "unit"}
_FEE_BASES = {"0": "total", "1": "unit", "2": "fraction"}


class Costs(NamedTuple):
    """What one report says was paid: a cost is positive.

    Attributes
    ----------
    commission : float
        Of all in one currency.
    currency : str or None
        That currency.
    others : dict of (str or None, CashKind) to float
        What was paid in any other currency, by what it was paid for.
    """

    commission: float
    currency: str | None
    others: dict[tuple[str | None, CashKind], float]

    def beside(self, before: Costs | None) -> dict[tuple[str | None, CashKind], float]:
        """Give the others, less those of the report that this one replaces."""
        sums = dict(self.others)
        for key, amount in ({} if before is None else before.others).items():
            sums[key] = sums.get(key, 0.0) - amount
        return {key: amount for key, amount in sums.items() if abs(amount) > 1e-9}


def costs_of(message: FixMessage, volume: float, value: float, currency: str | None) -> Costs:
    """Read the commission and the fees beside it.

    The commission's currency is the first that something was paid in; fees in
    another one are told apart.

    Parameters
    ----------
    message : FixMessage
        An execution report.
    volume : float
        Units or contracts.
    value : float
        What they are worth, in the currency of the price.
    currency : str or None
        Currency of the price.

    Raises
    ------
    UnreadableCellError
        When an amount is no number, or does not say what it is measured in.

    References
    ----------
    .. [1] FIX Trading Community, tags 12, 13, 479, 136 to 139 and 891.
    """
    charges = []
    if rate := message.number(12, "commission"):
        basis = _basis(message, 13, _COMMISSION_BASES)
        amount = _money(rate, basis, volume, value)
        charges.append((message.get(479) or currency, CashKind.FEE, amount))
    for fee in message.group(136, _FEE):
        rate = fee.number(137, "commission") or 0.0
        basis = "total" if fee.get(891) is None else _basis(fee, 891, _FEE_BASES)
        kind = CashKind.TAX if fee.get(139) in _TAXES else CashKind.FEE
        amount = _money(rate, basis, volume, value)
        charges.append((fee.get(138) or currency, kind, amount))
    own = next((paid_in for paid_in, _, amount in charges if amount), currency)
    commission = 0.0
    others: dict[tuple[str | None, CashKind], float] = {}
    for paid_in, kind, amount in charges:
        if paid_in == own:
            commission += amount
        else:
            others[paid_in, kind] = others.get((paid_in, kind), 0.0) + amount
    return Costs(commission, own, others)


def _basis(message: FixMessage, tag: int, known: dict[str, str]) -> str:
    said = message.get(tag)
    if said not in known:
        raise UnreadableCellError(
            "commission",
            f"must say what it is measured in, tag {tag} must be one of {', '.join(known)}, "
            f"was {said!r}; mend it at its source",
        )
    return known[said]


def _money(rate: float, basis: str, volume: float, value: float) -> float:
    if basis == "unit":
        return rate * volume
    if basis == "fraction":
        return rate * abs(value)
    return rate * abs(value) * 1e-4 if basis == "points" else rate
