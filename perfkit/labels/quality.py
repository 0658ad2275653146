"""Label quality: how far the labels of a history can be trusted.

How much is labelled, what overlaps, what changes from version to version, how far rule,
model and person agree beyond chance, and how often a rule is right. The last is said
only against the judgements of a person on a random sample. Below 30 trades the sample is
called ``insufficient``.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from perfkit.errors import InvalidArgumentError
from perfkit.labels.agreement import cohen_kappa, wilson_interval
from perfkit.labels.audits import is_of_audit, require_audit
from perfkit.labels.verdicts import Judge, Verdicts, require_judgements, verdicts_of
from perfkit.records import LabelSource

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ANY", "LabelQuality", "label_quality"]

ANY = "(any)"  # stands for all labels of a judge together
_LEAST = 30  # trades, a rule of thumb: the interval of kappa is one for large samples
_RULE, _PERSON = LabelSource.RULE.value, LabelSource.PERSON.value
_HINDSIGHT = LabelSource.HINDSIGHT.value
_KEY = ["source", "version", "label"]


class LabelQuality(NamedTuple):
    """What can be said of the labels of some trades, a table a question.

    Attributes
    ----------
    coverage : DataFrame
        A judge and label a row, and ``(any)`` for all of a judge's labels together:
        ``judged`` trades, on how many the label ``holds``, and the ``share`` of these.
    overlap : DataFrame
        Two labels of one judge a row: trades with ``both``, with ``either``, and their
        ratio, ``jaccard``.
    stability : DataFrame
        A label and two versions of one source in succession a row: trades judged by
        both, ``n``, the share ``unchanged``, and how many ``gained`` or ``lost`` it.
    agreement : DataFrame
        A label and two judges a row: trades judged by both, ``n``, the share that they
        ``agree`` on, Cohen's ``kappa`` with ``standard_error`` and 95 % interval, and the
        ``reason`` why that says nothing.
    accuracy : DataFrame
        A judge and label a row, against the audit: ``n``, the counts ``hits`` (both say
        yes), ``false_alarms``, ``misses`` and ``rejections``, then ``accuracy``,
        ``precision`` and ``recall`` with their 95 % intervals, and the ``reason`` why
        they say nothing. Empty without an audit.
    """

    coverage: pd.DataFrame
    overlap: pd.DataFrame
    stability: pd.DataFrame
    agreement: pd.DataFrame
    accuracy: pd.DataFrame


def label_quality(
    judgements: pd.DataFrame, trades: pd.DataFrame, *, audit: str | None = None
) -> LabelQuality:
    """Measure labels against each other, and against an audit.

    Parameters
    ----------
    judgements : DataFrame
        As `History.labels` gives them.
    trades : DataFrame
        ``account_id`` and ``trade_id`` of the trades that are asked about.
    audit : str, optional
        Name of the audit: persons' judgements under a version ``audit-<name>/<person>``
        are taken as true. They must be of a random sample, see `History.audit_sample`.

    Returns
    -------
    LabelQuality

    Raises
    ------
    SchemaError
        When a column is missing.
    InvalidArgumentError
        When there can be no such audit, there is no judgement of it, or two of its
        persons contradict each other.
    """
    require_judgements(judgements, trades)
    if audit is not None:
        require_audit(audit)
    labels = sorted(set(judgements["label"]))
    found = verdicts_of(judgements, trades, labels)
    return LabelQuality(
        coverage=_coverage(found, labels),
        overlap=_overlap(found, labels),
        stability=_stability(found, labels),
        agreement=_agreement(found, labels),
        accuracy=_accuracy(found, labels, audit),
    )


def _coverage(found: Mapping[Judge, Verdicts], labels: list[str]) -> pd.DataFrame:
    rows = []
    for judge, (_, said) in found.items():
        judged, holds = (said >= 0).sum(axis=0), (said == 1).sum(axis=0)
        rows += [(*judge, *row) for row in zip(labels, judged, holds, strict=True) if row[1]]
        rows.append((*judge, ANY, len(said), int((said == 1).any(axis=1).sum())))
    frame = pd.DataFrame(rows, columns=[*_KEY, "judged", "holds"])
    return frame.assign(share=frame["holds"] / frame["judged"])


def _overlap(found: Mapping[Judge, Verdicts], labels: list[str]) -> pd.DataFrame:
    rows = []
    for judge, (_, said) in found.items():
        holds = (said == 1).astype(np.float64)  # counts below 2**53: exact
        together = holds.T @ holds
        alone = together.diagonal()
        for one, other in combinations(range(len(labels)), 2):
            either = alone[one] + alone[other] - together[one, other]
            if alone[one] and alone[other]:
                both = (int(together[one, other]), int(either))
                rows.append((*judge, labels[one], labels[other], *both))
    frame = pd.DataFrame(rows, columns=[*_KEY, "other", "both", "either"])
    return frame.assign(jaccard=frame["both"] / frame["either"])


def _stability(found: Mapping[Judge, Verdicts], labels: list[str]) -> pd.DataFrame:
    rows = []
    for source in dict.fromkeys(judge.source for judge in found if judge.source != _PERSON):
        versions = [judge for judge in found if judge.source == source]
        for before, after in pairwise(versions):
            for label, was, now in _judged_by_both(found[before], found[after], labels):
                gained, lost = int((~was & now).sum()), int((was & ~now).sum())
                unchanged = 1 - (gained + lost) / len(was)
                versioned = (source, before.version, after.version, label)
                rows.append((*versioned, len(was), unchanged, gained, lost))
    columns = ["source", "version_before", "version", "label", "n", "unchanged", "gained", "lost"]
    return pd.DataFrame(rows, columns=columns)


def _agreement(found: Mapping[Judge, Verdicts], labels: list[str]) -> pd.DataFrame:
    rows = []
    for one, other in combinations(found, 2):
        if not _are_comparable(one, other):
            continue
        for label, first, second in _judged_by_both(found[one], found[other], labels):
            table = _counts(first, second)
            kappa = cohen_kappa(table)
            bounds = (kappa.standard_error, kappa.low, kappa.high)
            reason = _reason(len(first), "judged by both")
            if reason:
                bounds = (np.nan, np.nan, np.nan)
            elif np.isnan(kappa.value):
                reason = "one class: both say the same of every trade"
            agree = np.trace(table) / len(first)
            rows.append((label, *one, *other, len(first), agree, kappa.value, *bounds, reason))
    columns = ["label", "source", "version", "other_source", "other_version", "n", "agree"]
    columns += ["kappa", "standard_error", "kappa_low", "kappa_high", "reason"]
    return pd.DataFrame(rows, columns=columns)


def _are_comparable(one: Judge, other: Judge) -> bool:
    """Versions of one source are a matter of stability; hindsight judges other fills than rules."""
    sources = {one.source, other.source}
    return sources == {_PERSON} or (len(sources) == 2 and sources != {_RULE, _HINDSIGHT})


def _accuracy(
    found: Mapping[Judge, Verdicts], labels: list[str], audit: str | None
) -> pd.DataFrame:
    rows = []
    truth = None if audit is None else _audited(found, labels, audit)
    for judge in [judge for judge in found if truth is not None and judge.source != _PERSON]:
        assert truth is not None
        for label, said, true in _judged_by_both(found[judge], truth, labels):
            (hits, false_alarms), (misses, rejections) = _counts(said, true).tolist()
            shares = [
                *_share(hits + rejections, len(said)),
                *_share(hits, hits + false_alarms),
                *_share(hits, hits + misses),
            ]
            counts = (hits, false_alarms, misses, rejections)
            reason = _reason(len(said), "audited")
            rows.append((*judge, label, len(said), *counts, *shares, reason))
    columns = [*_KEY, "n", "hits", "false_alarms", "misses", "rejections"]
    for name in ("accuracy", "precision", "recall"):
        columns += [name, f"{name}_low", f"{name}_high"]
    return pd.DataFrame(rows, columns=[*columns, "reason"])


def _audited(found: Mapping[Judge, Verdicts], labels: list[str], audit: str) -> Verdicts:
    """Put the judgements of an audit's persons together."""
    own = [
        verdicts
        for judge, verdicts in found.items()
        if judge.source == _PERSON and is_of_audit(judge.version, audit)
    ]
    if not own:
        raise InvalidArgumentError(
            f"audit {audit!r}: there must be judgements of a person for it, recorded by "
            f"History.tag(..., audit={audit!r}); History.audit_sample says which trades to judge"
        )
    for one, other in combinations(own, 2):
        for label, first, second in _judged_by_both(one, other, labels):
            if (first != second).any():
                raise InvalidArgumentError(
                    f"audit {audit!r}: its persons must agree before they are taken as true, "
                    f"contradict each other on {label!r}; settle it under another audit"
                )
    trades = np.unique(np.concatenate([verdicts.trades for verdicts in own]))
    said = np.full((len(trades), len(labels)), -1, np.int8)
    for verdicts in own:
        rows = np.searchsorted(trades, verdicts.trades)
        said[rows] = np.maximum(said[rows], verdicts.said)
    return Verdicts(trades, said)


def _judged_by_both(
    one: Verdicts, other: Verdicts, labels: list[str]
) -> list[tuple[str, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """What two judges said of each label, on the trades of which both said something."""
    _, first, second = np.intersect1d(
        one.trades, other.trades, assume_unique=True, return_indices=True
    )
    found = []
    for column, label in enumerate(labels):
        said = one.said[first, column], other.said[second, column]
        judged = (said[0] >= 0) & (said[1] >= 0)
        if judged.any():
            found.append((label, said[0][judged] == 1, said[1][judged] == 1))
    return found


def _counts(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Yes and yes, yes and no; no and yes, no and no."""
    cells = [(one & other).sum(), (one & ~other).sum(), (~one & other).sum(), (~one & ~other).sum()]
    return np.array(cells, np.int64).reshape(2, 2)


def _share(hits: int, n: int) -> tuple[float, float, float]:
    return (hits / n if n else np.nan), *wilson_interval(hits, n)


def _reason(n: int, how: str) -> str | None:
    return None if n >= _LEAST else f"insufficient: {n} trades {how}, {_LEAST} are needed"
