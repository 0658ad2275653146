"""What trading costs: commissions of a broker, slippage against the market.

A cost is a function of columns and knows nothing of books or time. Volumes
are units, prices and money are in the quote currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = [
    "IBKR_FIXED_US",
    "BasisPointCommission",
    "BasisPointSlippage",
    "Commission",
    "PerShareCommission",
    "Slippage",
]


class Commission(Protocol):
    """The broker's fee for each fill."""

    def __call__(self, volume: Floats, price: Floats) -> Floats:
        """Fee of each fill, in the quote currency; a cost is positive."""


class Slippage(Protocol):
    """How far a fill is from the market price."""

    def __call__(self, sign: Floats, price: Floats) -> Floats:
        """Price of each fill; ``sign`` is 1 for a buy, -1 for a sale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerShareCommission:
    r"""A fee a share, with a minimum and a cap for an order.

    .. math:: fee = \min(\max(rate \cdot volume, minimum), cap \cdot volume \cdot |price|)

    Attributes
    ----------
    rate : float
        Quote currency a share.
    minimum : float
        Least fee of an order; the cap goes before it.
    cap : float
        Largest fee as a fraction of the order's value.

    Notes
    -----
    On prices adjusted for splits the number of shares is not the one that
    was traded, and a fee by the share misleads; `BasisPointCommission` does not.

    Examples
    --------
    >>> IBKR_FIXED_US(np.array([100.0, 1000.0, 1000.0]), np.array([25.0, 25.0, 0.25]))
    array([1. , 5. , 2.5])
    """

    rate: float
    minimum: float = 0.0
    cap: float = 1.0

    def __post_init__(self) -> None:
        for name in ("rate", "minimum", "cap"):
            _require_cost(name, getattr(self, name))

    def __call__(self, volume: Floats, price: Floats) -> Floats:
        """Fee of each fill, in the quote currency."""
        value = volume * np.abs(price)
        return np.minimum(np.maximum(self.rate * volume, self.minimum), self.cap * value)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisPointCommission:
    """A fee in hundredths of a per cent of the traded value, with a minimum.

    Attributes
    ----------
    rate : float
        Basis points: 1.0 is 0.01 % of the value.
    minimum : float
        Least fee of an order, in the quote currency.

    Examples
    --------
    >>> fee = BasisPointCommission(rate=2.0, minimum=1.0)
    >>> fee(np.array([10.0, 1000.0]), np.array([50.0, 50.0]))
    array([ 1., 10.])
    """

    rate: float
    minimum: float = 0.0

    def __post_init__(self) -> None:
        _require_cost("rate", self.rate)
        _require_cost("minimum", self.minimum)

    def __call__(self, volume: Floats, price: Floats) -> Floats:
        """Fee of each fill, in the quote currency."""
        return np.maximum(1e-4 * self.rate * volume * np.abs(price), self.minimum)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisPointSlippage:
    """A buyer pays more and a seller gets less, by basis points of the price.

    Attributes
    ----------
    rate : float
        Basis points of the market price: half the spread, and impact.

    Examples
    --------
    >>> BasisPointSlippage(rate=5.0)(np.array([1.0, -1.0]), np.array([100.0, 100.0]))
    array([100.05,  99.95])
    """

    rate: float = 0.0

    def __post_init__(self) -> None:
        _require_cost("rate", self.rate)

    def __call__(self, sign: Floats, price: Floats) -> Floats:
        """Price of each fill."""
        return price + sign * 1e-4 * self.rate * np.abs(price)


def _require_cost(name: str, value: float) -> None:
    if not 0.0 <= value < np.inf:
        raise InvalidArgumentError(
            f"{name} must be a finite number >= 0, was {value!r}; a rebate is another model"
        )


# https://www.interactivebrokers.com/en/pricing/commissions-stocks.php, IBKR Pro
# Fixed, US stocks and ETFs: USD 0.005 a share, at least 1.00, at most 1 % of the value.
IBKR_FIXED_US = PerShareCommission(rate=0.005, minimum=1.0, cap=0.01)
