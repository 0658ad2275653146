"""Whose trades a source holds: told once for all, or by the tags of each row."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.errors import InvalidArgumentError
from perfkit.importers.admission import require_identifier
from perfkit.records.identifiers import identifier

__all__ = ["Owner", "owner_of_all", "strategy_of"]


def owner_of_all(account: str | None, strategy: str | None, source: str) -> dict[str, str | None]:
    """Give the fields that all records of a source have in common.

    Parameters
    ----------
    account, strategy : str or None
        As the caller gave them.
    source : str
        Name of the format.

    Raises
    ------
    InvalidArgumentError
        When the account or the strategy is missing, or is no identifier.
    """
    if account is None or strategy is None:
        raise InvalidArgumentError(
            f"account and strategy must be given, were {account!r} and {strategy!r}; "
            f"a {source} source does not name them"
        )
    require_identifier("account", account)
    require_identifier("strategy", strategy)
    return {"account_id": account, "strategy_id": strategy, "source": source}


def strategy_of(tag: str | None, strategy: str | None, source: str) -> str:
    """Name the strategy of a row: by its own tag, otherwise the one that was given.

    Raises
    ------
    InvalidArgumentError
        When there is neither.
    """
    if tag is not None:
        return identifier(tag)
    if strategy is None:
        raise InvalidArgumentError(
            f"strategy must be given: some rows of the {source} source have no tag of their own; "
            "it is used for those alone"
        )
    require_identifier("strategy", strategy)
    return strategy


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
