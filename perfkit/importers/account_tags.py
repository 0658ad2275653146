"""Whose row it is, in files of several accounts: by its own tags, otherwise as it was said."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.errors import InvalidArgumentError
from perfkit.importers.admission import require_identifier
from perfkit.importers.owners import strategy_of
from perfkit.importers.trade_ids import identifier

__all__ = ["Owner"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Account and strategy of the rows that name none.

    Attributes
    ----------
    account, strategy : str or None
        As the caller gave them.
    source : str
        Name of the format, for messages.

    Raises
    ------
    InvalidArgumentError
        When one of them is no identifier.
    """

    account: str | None
    strategy: str | None
    source: str

    def __post_init__(self) -> None:
        for name in ("account", "strategy"):
            value = getattr(self, name)
            if value is not None:
                require_identifier(name, value)

    def account_of(self, tag: str | None) -> str:
        """Name the account of a row.

        Raises
        ------
        InvalidArgumentError
            When the row names none, and none was given.
        """
        if tag is not None:
            return identifier(tag)
        if self.account is None:
            raise InvalidArgumentError(
                f"account must be given: some rows of the {self.source} source name none; "
                "it is used for those alone"
            )
        return self.account

    def strategy_of(self, tag: str | None) -> str:
        """Name the strategy of a row.

        Raises
        ------
        InvalidArgumentError
            When the row has no tag, and none was given.
        """
        return strategy_of(tag, self.strategy, self.source)
