"""What the old tracker claims to hold and to have earned, beside what its orders say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from perfkit.errors import UnreadableCellError
from perfkit.importers.drafts import Skip
from perfkit.importers.owners import strategy_of
from perfkit.importers.row_cells import required_number, required_word, word
from perfkit.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from perfkit.importers.platforms.legacy_books import LegacyBooks

__all__ = ["Claims", "LegacyClaim"]

_WORDS = {"position": "a position", "realized_pnl": "realised P&L"}
_SAME = 1e-9  # of what was traded
_MISSING = "the old tracker kept its last 1,000 orders: import the missing ones from the broker"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyClaim:
    """A figure of the old tracker beside the one that its orders give.

    Attributes
    ----------
    figure : str
        ``position`` or ``realized_pnl``.
    strategy_id : str
        Whose it is.
    symbol : str, optional
        Of a position.
    claimed : float
        What the old tracker says.
    right : float
        What the orders give, by average cost.
    verdict : str
        ``equal``; ``wrong``: the old tracker's mistake, ours is right; or ``unexplained``:
        the orders do not lead to it, some are missing.
    reason : str
        Why they differ; empty when they do not.
    """

    figure: str
    strategy_id: str
    symbol: str | None = None
    claimed: float
    right: float
    verdict: str = "unexplained"
    reason: str = ""


class Claims:
    """Compares the old tracker's figures with the orders.

    Parameters
    ----------
    fills : pyarrow.Table
        The orders that count, with the columns of `Fill`.
    old : LegacyBooks
        The same by the old tracker's rules.
    strategy : str, optional
        For positions that name none.

    Attributes
    ----------
    compared : list of LegacyClaim
        In the order in which they were compared.
    """

    def __init__(self, fills: pa.Table, old: LegacyBooks, strategy: str | None) -> None:
        ledger = Ledger()
        ledger.apply(fills)
        books = ledger.positions()
        keys = list(zip(books["strategy_id"], books["symbol"], strict=True))
        self._held = dict(zip(keys, books["position"].tolist(), strict=True))
        realized = books.groupby("strategy_id")["realized_pnl"].sum()
        self._realized = {str(owner): float(pnl) for owner, pnl in realized.items()}
        self._old, self._strategy = old, strategy
        self.compared: list[LegacyClaim] = []

    def position(self, row: Mapping[str, Any]) -> Skip:
        """Compare a position.

        Raises
        ------
        UnreadableCellError
            When the orders do not explain it, or it can't be read.
        """
        symbol = required_word(row, "symbol", "symbol")
        owner = strategy_of(word(row, "strategy"), self._strategy, "legacy")
        stated = required_number(row, "quantity", "volume")
        key = (owner, symbol)
        claim = LegacyClaim(
            figure="position",
            strategy_id=owner,
            symbol=symbol,
            claimed=stated,
            right=self._held.get(key, 0.0),
            reason="; ".join(self._old.mistakes.get(key, ())),
        )
        replayed, scale = self._old.quantity(owner, symbol), self._old.traded.get(key, 0.0)
        return self._compare(claim, replayed, scale)

    def realized_pnl(self, row: Mapping[str, Any]) -> Skip:
        """Compare the realised P&L of a strategy.

        Raises
        ------
        UnreadableCellError
            As `position`.
        """
        owner = strategy_of(word(row, "strategy"), self._strategy, "legacy")
        claim = LegacyClaim(
            figure="realized_pnl",
            strategy_id=owner,
            claimed=required_number(row, "realized_pnl", "realized_pnl"),
            right=self._realized.get(owner, 0.0),
            reason="; ".join(self._old.mistakes_of(owner)),
        )
        replayed, scale = self._old.realized.get(owner, 0.0), self._old.turnover.get(owner, 0.0)
        return self._compare(claim, replayed, scale)

    def _compare(self, claim: LegacyClaim, replayed: float, scale: float) -> Skip:
        bound = _SAME * max(scale, abs(claim.claimed))
        if abs(claim.claimed - claim.right) <= bound:
            self.compared.append(replace(claim, verdict="equal", reason=""))
            return Skip(f"{_WORDS[claim.figure]} that the orders add up to")
        if claim.reason and abs(claim.claimed - replayed) <= bound:
            self.compared.append(replace(claim, verdict="wrong"))
            return Skip(f"{_WORDS[claim.figure]} that the old tracker got wrong: {claim.reason}")
        self.compared.append(replace(claim, reason=_MISSING))
        whose = f"{claim.strategy_id} in {claim.symbol}" if claim.symbol else claim.strategy_id
        raise UnreadableCellError(
            "volume" if claim.symbol else claim.figure,
            f"must be {claim.right:g}, what the orders of {whose} add up to, was "
            f"{claim.claimed:g}; {_MISSING}",
        )
