"""The catalogue: every label with the rule that gives it."""

from __future__ import annotations

import pandas as pd

from perfkit.labels.label_generator import LabelGenerator

__all__ = ["label_catalog"]


def label_catalog(rules: LabelGenerator | None = None) -> pd.DataFrame:
    """List every label with the rule that gives it.

    Parameters
    ----------
    rules : LabelGenerator, optional
        Whose rules and numbers; by default all rules that stand in the catalogue.

    Returns
    -------
    pandas.DataFrame
        One row a label, by family and name: ``label``, ``family``, ``known_at``
        (``entry`` or ``exit``), ``rule`` (in words), ``parameters`` (numbers by
        name), ``columns`` (what it reads) and ``source``.

    Examples
    --------
    >>> catalog = label_catalog().set_index("label")
    >>> catalog.loc["quick_exit", ["family", "known_at", "parameters"]].tolist()
    ['pattern', 'exit', {'days': 5.0}]
    """
    generator = LabelGenerator() if rules is None else rules
    ordered, numbers = sorted(generator.rules, key=lambda r: (r.family, r.name)), generator.numbers
    return pd.DataFrame(
        {
            "label": [rule.name for rule in ordered],
            "family": [rule.family for rule in ordered],
            "known_at": [rule.known_at for rule in ordered],
            "rule": [rule.text for rule in ordered],
            "parameters": [numbers[rule.name] for rule in ordered],
            "columns": [rule.needs for rule in ordered],
            "source": [rule.source for rule in ordered],
        }
    )
