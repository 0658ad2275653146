"""Versions: the names under which rule sets judge."""

from __future__ import annotations

from perfkit.errors import InvalidArgumentError, legible
from perfkit.records.rules import Text

__all__ = ["DEFAULT_VERSION", "RECORDED", "UNVERSIONED", "require_version"]

DEFAULT_VERSION = "rules-2"  # whoever changes a rule or a number of the package changes it
RECORDED = "recorded"  # of labels that stand in the trade records themselves
UNVERSIONED = "unversioned"
_TAKEN = {RECORDED: "that of the labels in the trade records", UNVERSIONED: "that of no set"}


def require_version(version: str) -> None:
    """Check the name of a rule set.

    Raises
    ------
    InvalidArgumentError
        When it is no line of text, or the name of something else.
    """
    rule = Text(64)
    if not rule.accepts(version):
        raise InvalidArgumentError(
            f"version must {rule.requirement}, was {legible(repr(version), 200)}; {rule.remedy}"
        )
    if version in _TAKEN:
        raise InvalidArgumentError(
            f"version must be a name of its own, was {version!r}, {_TAKEN[version]}; name it "
            "as in LabelGenerator(..., version='2026-11')"
        )
