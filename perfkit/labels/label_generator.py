"""From trades and their context to labels, and the catalogue of all of them.

Every trade is judged by its own row. What other trades or later bars say cannot change
its labels, so one trade, any batch and the whole history are labelled alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.labels.rule import RULES, BoolColumn, LabelRule
from perfkit.labels.trade_columns import TradeColumns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["LabelGenerator", "label_catalog"]


class LabelGenerator:
    """The rules of a desk, applied to trades.

    Parameters
    ----------
    rules : iterable of str or LabelRule, optional
        Labels of the catalogue, or rules of one's own; all of the catalogue
        when not given.
    parameters : mapping, optional
        Other numbers for some rules: ``{"quick_exit": {"days": 2}}``.

    Raises
    ------
    UnknownNameError
        When a label or a parameter does not exist.
    InvalidArgumentError
        When two rules give the same label, or a parameter is not a finite number.
    """

    def __init__(
        self,
        rules: Iterable[str | LabelRule] | None = None,
        parameters: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        chosen = [_rule(r) for r in (RULES if rules is None else rules)]
        self.rules = tuple(sorted(chosen, key=lambda rule: rule.name))
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise InvalidArgumentError(
                f"rules must give different labels, gave {names}; leave one of a name out"
            )
        self._numbers = {rule.name: dict(rule.parameters) for rule in self.rules}
        for label, numbers in (parameters or {}).items():
            _check_known("label", label, names)
            for name, number in numbers.items():
                _check_known(f"parameter of {label}", name, sorted(self._numbers[label]))
                self._numbers[label][name] = _finite(label, name, number)

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
        columns = TradeColumns(trades, context)
        fires = np.zeros((columns.length, len(self.rules)), dtype=np.bool_)
        for position, rule in enumerate(self.rules):
            fires[:, position] = self._judge(rule, columns)
        offsets = np.concatenate([[0], np.cumsum(fires.sum(axis=1))]).astype(np.int32)
        names = pa.array([rule.name for rule in self.rules], pa.string())
        labels = names.take(pa.array(np.nonzero(fires)[1]))
        return pa.ListArray.from_arrays(pa.array(offsets), labels)

    def _judge(self, rule: LabelRule, columns: TradeColumns) -> BoolColumn:
        arguments = (columns[name] for name in rule.needs)
        answer = np.asarray(rule.function(*arguments, **self._numbers[rule.name]))
        if answer.dtype != np.bool_ or answer.shape != (columns.length,):
            raise InvalidArgumentError(
                f"label rule {rule.name!r} must answer with one bool a trade, {columns.length}, "
                f"answered with {answer.dtype} of shape {answer.shape}"
            )
        return answer


def label_catalog() -> pd.DataFrame:
    """List every label with the rule that gives it.

    Returns
    -------
    pandas.DataFrame
        One row a label, by family and name: ``label``, ``family``, ``known_at``
        (``entry`` or ``exit``), ``rule`` (in words), ``parameters`` (defaults by
        name), ``columns`` (what it reads) and ``source``.

    Examples
    --------
    >>> catalog = label_catalog().set_index("label")
    >>> catalog.loc["quick_exit", ["family", "known_at", "parameters"]].tolist()
    ['pattern', 'exit', {'days': 5.0}]
    """
    rules = sorted(RULES.values(), key=lambda rule: (rule.family, rule.name))
    return pd.DataFrame(
        {
            "label": [rule.name for rule in rules],
            "family": [rule.family for rule in rules],
            "known_at": [rule.known_at for rule in rules],
            "rule": [rule.text for rule in rules],
            "parameters": [dict(rule.parameters) for rule in rules],
            "columns": [rule.needs for rule in rules],
            "source": [rule.source for rule in rules],
        }
    )


def _rule(rule: str | LabelRule) -> LabelRule:
    if isinstance(rule, LabelRule):
        return rule
    _check_known("label", rule, sorted(RULES))
    return RULES[rule]


def _check_known(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise UnknownNameError(f"{kind} must be one of {', '.join(known)}, was {name!r}")


def _finite(label: str, name: str, number: float) -> float:
    if isinstance(number, bool) or not np.isfinite(number):
        raise InvalidArgumentError(
            f"{label}: parameter {name} must be a finite number, was {number!r}; "
            "leave it out for its default"
        )
    return float(number)
