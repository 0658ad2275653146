"""From trades and their context to labels.

Every trade is judged by its own row. What other trades or later bars say cannot change
its labels, so one trade, any batch and the whole history are labelled alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.labels import behavioral, environment, pattern
from perfkit.labels.rule import RULES, BoolColumn, LabelRule
from perfkit.labels.rule_file import read_rules
from perfkit.labels.trade_columns import TradeColumns
from perfkit.labels.versions import DEFAULT_VERSION, UNVERSIONED, require_version

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LabelGenerator"]

_MODULES = (behavioral, environment, pattern)
_PACKAGE = tuple(RULES[label] for label in sorted(name for m in _MODULES for name in m.__all__))


class LabelGenerator:
    """The rules of a desk, applied to trades.

    Parameters
    ----------
    rules : iterable of str or LabelRule, optional
        Labels of the catalogue, or rules of one's own; all of the catalogue
        when not given.
    parameters : mapping, optional
        Other numbers for some rules: ``{"quick_exit": {"days": 2}}``.
    version : str, optional
        Names this set of rules and numbers wherever its judgements are kept. The
        package's own set is ``rules-2``; any other is ``unversioned`` until it is given
        a name.

    Raises
    ------
    UnknownNameError
        When a label or a parameter does not exist.
    InvalidArgumentError
        When two rules give the same label, a parameter is not a finite number, the version
        is that of another set, or an argument is not what it must be.
    """

    def __init__(
        self,
        rules: Iterable[str | LabelRule] | None = None,
        parameters: Mapping[str, Mapping[str, float]] | None = None,
        *,
        version: str | None = None,
    ) -> None:
        if isinstance(rules, str) or not isinstance(rules, Iterable | None):
            raise InvalidArgumentError(
                f"rules must be a list of labels or rules, was {rules!r}; e.g. ['momentum']"
            )
        chosen = [_rule(r) for r in (RULES if rules is None else rules)]
        self.rules = tuple(sorted(chosen, key=lambda rule: rule.name))
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise InvalidArgumentError(
                f"rules must give different labels, gave {names}; leave one of a name out"
            )
        self._numbers = {rule.name: dict(rule.parameters) for rule in self.rules}
        for label, numbers in _mapping("parameters", parameters or {}).items():
            _check_known("label", label, names)
            for name, number in _mapping(f"parameters of {label}", numbers).items():
                _check_known(f"parameter of {label}", name, sorted(self._numbers[label]))
                self._numbers[label][name] = _finite(label, name, number)
        self.version = self._named(version)
        self._labels = pa.array(names, pa.string())

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Take the rules of the catalogue with the numbers and rules of a rule file.

        Parameters
        ----------
        path : path
            See `perfkit.labels.rule_file`.

        Raises
        ------
        ImportFormatError
            When the file can't be read or is no TOML.
        InvalidArgumentError, UnknownNameError
            When it holds what a rule file has not, or as the class itself.
        """
        found = read_rules(path)
        try:
            return cls([*RULES, *found.rules], found.parameters, version=found.version)
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"{path}: {error}") from error
        except UnknownNameError as error:
            raise UnknownNameError(f"{path}: {error}") from error

    @classmethod
    def of_package(cls) -> LabelGenerator:
        """Give the package's own rule set, whatever rules were added in this process."""
        return cls(_PACKAGE)

    @property
    def numbers(self) -> dict[str, dict[str, float]]:
        """The parameters of each rule, by label."""
        return {label: dict(numbers) for label, numbers in self._numbers.items()}

    def generate(self, trades: pa.Table, context: pa.Table) -> pa.Array:
        """Label each trade by what was known at its execution.

        Parameters
        ----------
        trades : pyarrow.Table
            Fills with the columns of the ledger, in any order; one trade is a
            table of one row.
        context : pyarrow.Table
            Their market context, row for row.

        Returns
        -------
        pyarrow.Array of list<string> of shape (n_trades,)
            Labels of each trade in alphabetical order; empty when no rule fires.

        Raises
        ------
        SchemaError
            When a column that some rule reads is missing, or the tables differ in
            length.
        InvalidArgumentError
            When a rule of one's own does not answer with one bool a trade.
        """
        fires = self.judge(trades, context)
        offsets = np.zeros(len(fires) + 1, dtype=np.int32)
        np.cumsum(fires.sum(axis=1), out=offsets[1:])
        labels = self._labels.take(pa.array(fires.nonzero()[1]))
        return pa.ListArray.from_arrays(pa.array(offsets), labels)

    def judge(self, trades: pa.Table, context: pa.Table) -> BoolColumn:
        """Say of each trade and rule whether the label holds; see `generate`.

        Returns
        -------
        ndarray of bool of shape (n_trades, n_rules)
            Columns in the order of ``rules``.
        """
        columns = TradeColumns(trades, context)
        fires = np.empty((columns.length, len(self.rules)), dtype=np.bool_)
        with np.errstate(all="ignore"):  # of a figure without a finite value nothing holds
            for position, rule in enumerate(self.rules):
                fires[:, position] = self._judged(rule, columns)
        return fires

    def known(self, trades: pa.Table, context: pa.Table) -> BoolColumn:
        """Say of each trade and rule whether all that the rule reads is known; see `generate`.

        Where it is not, a label that does not hold is no judgement.

        Returns
        -------
        ndarray of bool of shape (n_trades, n_rules)
            Columns in the order of ``rules``.
        """
        columns = TradeColumns(trades, context)
        known = np.ones((columns.length, len(self.rules)), dtype=np.bool_)
        for position, rule in enumerate(self.rules):
            for name in rule.needs:
                known[:, position] &= columns.known(name)
        return known

    def _judged(self, rule: LabelRule, columns: TradeColumns) -> BoolColumn:
        arguments = [columns[name] for name in rule.needs]
        answer = np.asarray(rule.function(*arguments, **self._numbers[rule.name]))
        if answer.dtype != np.bool_ or answer.shape != (columns.length,):
            raise InvalidArgumentError(
                f"label rule {rule.name!r} must answer with one bool a trade, {columns.length}, "
                f"answered with {answer.dtype} of shape {answer.shape}"
            )
        return answer

    def _named(self, version: str | None) -> str:
        is_package = self.rules == _PACKAGE and all(
            self._numbers[rule.name] == rule.parameters for rule in _PACKAGE
        )
        if version is None:
            return DEFAULT_VERSION if is_package else UNVERSIONED
        require_version(version)
        if version == DEFAULT_VERSION and not is_package:
            raise InvalidArgumentError(
                f"version must be new for other rules or numbers, was {version!r}, the name of "
                "the set of the package; choose a name of your own"
            )
        return version


def _rule(rule: str | LabelRule) -> LabelRule:
    if isinstance(rule, LabelRule):
        return rule
    _check_known("label", rule, sorted(RULES))
    return RULES[rule]


def _check_known(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise UnknownNameError(f"{kind} must be one of {', '.join(known)}, was {name!r}")


def _mapping(name: str, given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(
            f"{name} must be a mapping, was {given!r}; e.g. {{'quick_exit': {{'days': 2}}}}"
        )
    return given


def _finite(label: str, name: str, number: object) -> float:
    value = float(number) if isinstance(number, int | float | np.number) else np.nan
    if isinstance(number, bool) or not np.isfinite(value):
        raise InvalidArgumentError(
            f"{label}: parameter {name} must be a finite number, was {number!r}; "
            "leave it out for its default"
        )
    return value
