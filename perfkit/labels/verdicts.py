"""Verdicts: judgements as one table of yes and no a judge.

A judge is a source under a version. A rule that has judged a trade has judged it by its
whole set: of a trade of which it says anything, what it does not say does not hold. But
it denies in so many words what rules said before, when it knows: passed over in silence,
such a label was not judged. A model or a person has judged what they name, and nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import SchemaError
from perfkit.labels.versions import RECORDED
from perfkit.records import LabelSource

__all__ = ["JUDGEMENT", "Judge", "Verdicts", "require_judgements", "verdicts_of"]

JUDGEMENT = (
    *("trade_id", "account_id", "strategy_id", "label", "source", "version"),
    *("confidence", "labelled_at"),
)
_TRADE = ["account_id", "trade_id"]
_WHOLE = (LabelSource.RULE.value, LabelSource.HINDSIGHT.value)
_HOLDS = 0.5  # probability from which a label is taken to hold


class Judge(NamedTuple):
    """Who judged: a source, under the version of its rules, its model, or its name."""

    source: str
    version: str


class Verdicts(NamedTuple):
    """What one judge said.

    Attributes
    ----------
    trades : ndarray of shape (n_judged,), int
        Rows of the trades that were judged, rising.
    said : ndarray of shape (n_judged, n_labels), int8
        1 the label holds, 0 it does not, -1 it was not judged.
    """

    trades: npt.NDArray[np.intp]
    said: npt.NDArray[np.int8]


def require_judgements(judgements: pd.DataFrame, trades: pd.DataFrame) -> None:
    """Check that both have the columns that are read of them.

    Raises
    ------
    SchemaError
        When one is missing.
    """
    for frame, needed in ((judgements, JUDGEMENT), (trades, _TRADE)):
        if missing := [name for name in needed if name not in frame.columns]:
            raise SchemaError(
                f"judgements must have the columns {', '.join(JUDGEMENT)} and trades those of "
                f"{', '.join(_TRADE)}; missing {missing}; History.labels gives the former"
            )


def verdicts_of(
    judgements: pd.DataFrame, trades: pd.DataFrame, labels: list[str]
) -> dict[Judge, Verdicts]:
    """Gather what each judge said of some trades.

    Parameters
    ----------
    judgements : DataFrame
        Columns `JUDGEMENT`, see `require_judgements`. A missing confidence is that of one
        who is sure.
    trades : DataFrame
        ``account_id`` and ``trade_id`` of the trades that are asked about; judgements of
        others are left out.
    labels : list of str
        The labels that are asked about.

    Returns
    -------
    dict of Judge to Verdicts
        In the order in which their first judgement was known. The labels of the records
        themselves are the judge ``rule``, ``recorded``, who judged every trade.
    """
    keys = pd.MultiIndex.from_frame(trades[_TRADE].astype(object))
    rows = keys.get_indexer(pd.MultiIndex.from_frame(judgements[_TRADE].astype(object)))
    columns = pd.Index(labels).get_indexer(pd.Index(judgements["label"].astype(object)))
    asked = (rows >= 0) & (columns >= 0)
    found, rows, columns = judgements[asked], rows[asked], columns[asked]
    holds = (found["confidence"].fillna(1.0) >= _HOLDS).to_numpy().astype(np.int8)
    gathered: dict[Judge, Verdicts] = {}
    own = found.reset_index(drop=True).groupby(["source", "version"], sort=False)
    first = own["labelled_at"].min().sort_values(kind="stable")
    held = np.zeros((len(trades), len(labels)), np.bool_)  # by a rule so far
    for judge in [Judge(str(source), str(version)) for source, version in first.index]:
        mine = own.indices[judge]
        everyone = judge == (LabelSource.RULE.value, RECORDED)
        judged = np.arange(len(trades)) if everyone else np.unique(rows[mine])
        said = np.full((len(judged), len(labels)), -1, np.int8)
        if judge.source in _WHOLE:
            said[:, np.unique(columns[mine])] = 0
        if judge.source == LabelSource.RULE.value:
            said[held[judged]] = -1
            held[rows[mine], columns[mine]] |= holds[mine] == 1
        said[np.searchsorted(judged, rows[mine]), columns[mine]] = holds[mine]
        gathered[judge] = Verdicts(judged, said)
    return gathered
