"""What every broker does: takes orders, and tells later what became of them.

An order is answered at once with a report, and filled when the market does it: now,
in parts, later, or never. Fills are asked for by time and can be asked for again: they
come with the same ids, so that what was recorded before is told apart from what is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    import pyarrow as pa

    from perfkit.execution.order import OrderReport

__all__ = ["AccountInfo", "Broker", "Executions", "SimulatedBroker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """An account, as its broker sees it.

    Attributes
    ----------
    account_id : str
        Its name in our books.
    cash : float
        Below zero when it is borrowed.
    equity : float
        Cash and the value of all positions; NaN when a position has no price.
    buying_power : float, optional
        What the broker lets be bought; None where it does not say.
    currency : str, optional
        Of the sums.
    """

    account_id: str
    cash: Annotated[float, "account currency"]
    equity: Annotated[float, "account currency"]
    buying_power: Annotated[float, "account currency"] | None = None
    currency: str | None = None


class Executions(NamedTuple):
    """What was filled.

    Attributes
    ----------
    fills : pyarrow.Table
        With ``arrow_schema(Fill)``, each tagged with the strategy that ordered it.
    refused : tuple of str
        A sentence for each execution that could not become a fill: one of an order
        that is no strategy's, or one that could not be read.
    """

    fills: pa.Table
    refused: tuple[str, ...] = ()


class Broker(Protocol):
    """Works orders in a market for one account.

    Every method raises `BrokerError` when the broker can't be reached.
    """

    def submit(self, orders: pa.Table) -> list[OrderReport]:
        """Hand over orders.

        Parameters
        ----------
        orders : pyarrow.Table
            With ``arrow_schema(Order)``. An order whose id the broker knows is found
            and reported, not placed again.

        Returns
        -------
        list of OrderReport
            One an order, in their order; a rejection is a report, not an error.
        """

    def wait(self, order_ids: Collection[str], patience: float) -> list[OrderReport]:
        """Wait until orders have ended, at most for ``patience`` seconds."""

    def open_orders(self) -> list[OrderReport]:
        """Orders of the account that may still be filled, ours and others."""

    def fills(self, since: datetime) -> Executions:
        """What was filled at or after a time; may be asked for again."""

    def account(self) -> AccountInfo:
        """Cash and equity now."""

    def positions(self) -> dict[str, float]:
        """Signed units held now, by symbol; without those that are flat."""

    def prices(self, symbols: Collection[str]) -> dict[str, float]:
        """Latest prices by symbol; a symbol without one is left out."""


class SimulatedBroker(Broker, Protocol):
    """A broker whose market is moved by its caller."""

    def on_market(self, prices: Mapping[str, float], time: datetime) -> None:
        """Move the market to what it trades at, at a time; work the open orders."""

    def fresh(self) -> Self:
        """Give a broker with the same settings that has seen no order."""
