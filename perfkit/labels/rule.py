"""What a label rule is, and the dict in which each one stands.

A rule is one vectorised function: positional parameters name the columns that it
reads, keyword parameters with defaults are its numbers, the docstring is its text in
the catalogue. `label_rule` reads all of that off the function, writes it down once in
`RULES`, and leaves the function as it was.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from perfkit.errors import InvalidArgumentError
from perfkit.records.rules import Identifier

__all__ = [
    "RULES",
    "BoolColumn",
    "Family",
    "FloatColumn",
    "KnownAt",
    "LabelRule",
    "WordColumn",
    "label_rule",
]

BoolColumn = npt.NDArray[np.bool_]
FloatColumn = npt.NDArray[np.float64]
WordColumn = npt.NDArray[np.str_]

Family = Literal["behavioral", "environment", "pattern"]
KnownAt = Literal["entry", "exit"]
RuleFunction = Callable[..., BoolColumn]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRule:
    """One label and the function that decides it.

    Attributes
    ----------
    name : str
        The label.
    family : str
        ``behavioral`` (why one trades so), ``environment`` (what the market was
        like) or ``pattern`` (how it was entered or left).
    known_at : str
        ``entry`` or ``exit``: the fill at whose execution the label is known.
    function : callable
        Takes `needs` as arrays of shape (n_trades,) and `parameters` by name,
        gives a bool array of shape (n_trades,). Row by row: what it says of one
        trade rests on the columns of that trade alone.
    needs : tuple of str
        Columns that it reads.
    parameters : mapping of str to float
        Its numbers.
    source : str
        Where the definition comes from.
    text : str
        The rule in words.

    Raises
    ------
    InvalidArgumentError
        When the name can be no label.
    """

    name: str
    family: Family
    known_at: KnownAt
    function: RuleFunction
    needs: tuple[str, ...]
    parameters: Mapping[str, float]
    source: str
    text: str

    def __post_init__(self) -> None:
        rule = Identifier()
        if not rule.accepts(self.name):
            raise InvalidArgumentError(
                f"label rule {self.name!r}: a label must {rule.requirement}; {rule.remedy}"
            )

    @classmethod
    def of(
        cls,
        function: RuleFunction,
        *,
        family: Family,
        known_at: KnownAt,
        source: str,
    ) -> LabelRule:
        """Read a rule off its function.

        The label is the function's name, the words are its docstring up to the first
        section.

        Raises
        ------
        InvalidArgumentError
            When the function has no docstring, a keyword parameter without a default, or
            a name that can be no label.
        """
        parameters = inspect.signature(function).parameters.values()
        numbers = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        name = getattr(function, "__name__", repr(function))
        words = inspect.getdoc(function)
        if not words or inspect.Parameter.empty in numbers.values():
            raise InvalidArgumentError(
                f"label rule {name!r} must have a docstring and a default for each keyword "
                f"parameter, had the parameters {numbers}; both stand in the catalogue"
            )
        return cls(
            name=name,
            family=family,
            known_at=known_at,
            function=function,
            needs=tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY),
            parameters=numbers,
            source=source,
            text=words.split("\n\nParameters\n")[0],
        )


RULES: dict[str, LabelRule] = {}


def label_rule(*, family: Family, known_at: KnownAt, source: str) -> Callable[[RuleFunction], Any]:
    """Write the decorated function down in `RULES` under its name.

    Parameters
    ----------
    family, known_at, source : str
        As in `LabelRule`.

    Raises
    ------
    InvalidArgumentError
        When another function already gives this label, or as `LabelRule.of`.
    """

    def write_down(function: RuleFunction) -> RuleFunction:
        rule = LabelRule.of(function, family=family, known_at=known_at, source=source)
        if rule.name in RULES:
            raise InvalidArgumentError(
                f"label {rule.name!r} must be decided by one rule, was by "
                f"{RULES[rule.name].function.__module__}; give the function another name"
            )
        RULES[rule.name] = rule
        return function

    return write_down
