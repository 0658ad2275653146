"""Audits: random samples of trades that persons judge, and whose word is taken as true.

What a person says for an audit has the version ``audit-<audit>/<person>``, and nothing
else has one that begins so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError, legible
from perfkit.records.rules import Identifier, Text

__all__ = ["audit_rows", "audit_version", "is_of_audit", "person_version", "require_audit"]

_BEGINS = "audit-"


def audit_rows(n_trades: int, n: int, seed: int) -> npt.NDArray[np.intp]:
    """Choose trades at random, for a person to judge.

    Parameters
    ----------
    n_trades : int
        How many there are.
    n : int
        How many to choose, each with the same chance.
    seed : int
        At least 0; the same seed chooses the same rows.

    Returns
    -------
    ndarray of shape (n,), int
        Their rows, rising.

    Raises
    ------
    InvalidArgumentError
        When there are not so many, or a number is none.
    """
    for name, number in (("n", n), ("seed", seed)):
        is_whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
        if not is_whole or number < 0:
            shown = legible(repr(number), 200)
            raise InvalidArgumentError(
                f"{name} must be a whole number of at least 0, was {shown}; e.g. {name}=100"
            )
    if not 1 <= n <= n_trades:
        raise InvalidArgumentError(
            f"n must lie between 1 and the {n_trades:,} trades that there are, was {n:,}"
        )
    return np.sort(np.random.default_rng(seed).choice(n_trades, n, replace=False))


def require_audit(audit: str) -> None:
    """Check the name of an audit.

    Raises
    ------
    InvalidArgumentError
        When it can be none.
    """
    rule = Identifier()
    if not rule.accepts(audit):
        raise InvalidArgumentError(
            f"audit must {rule.requirement}, was {legible(repr(audit), 200)}; {rule.remedy}"
        )


def person_version(person: str) -> str:
    """Give the version of what a person says outside of audits: the person.

    Raises
    ------
    InvalidArgumentError
        When it can be no name, or is that of an audit.
    """
    rule = Text(64)
    if not rule.accepts(person):
        raise InvalidArgumentError(
            f"person must {rule.requirement}, was {legible(repr(person), 200)}; {rule.remedy}"
        )
    if person.startswith(_BEGINS):
        raise InvalidArgumentError(
            f"person must not begin with {_BEGINS!r}, was {person!r}; what begins so is taken for "
            "an audit: say audit= and who judged"
        )
    return person


def audit_version(audit: str, person: str) -> str:
    """Give the version of what a person says for an audit.

    Raises
    ------
    InvalidArgumentError
        When one of the two can be no name, or both together are too long for a version.
    """
    require_audit(audit)
    version = f"{_BEGINS}{audit}/{person_version(person)}"
    if not Text(64).accepts(version):
        raise InvalidArgumentError(
            f"audit and person must fit into a version of 64 characters, were {version!r}; "
            "shorten one of them"
        )
    return version


def is_of_audit(version: str, audit: str) -> bool:
    """Say whether a person's version is that of a judgement for an audit."""
    begins = f"{_BEGINS}{audit}/"
    return version.startswith(begins) and len(version) > len(begins)
