"""The labels of a history: every judgement of its trades, and how good they are.

Labels that stand in the trade records are facts of their recording and stay. Everything
else that is said of a trade, by newer rules, a model, a person or hindsight, is a
judgement beside it, under the version of who said it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

import numpy as np

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.history.judgements import judgement_frame
from perfkit.history.selection import Selection, chosen, names_of
from perfkit.history.view_history import ViewHistory
from perfkit.labels import label_quality
from perfkit.labels.audits import audit_rows, require_audit
from perfkit.records import LabelSource

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

    from perfkit.history.selection import Names
    from perfkit.labels import LabelQuality

__all__ = ["LabelHistory"]

_SHOWN = (
    *("account_id", "strategy_id", "trade_id", "execution_time"),
    *("symbol", "side", "price", "volume"),
)


class LabelHistory(ViewHistory):
    """A recorded history, ready for questions about its labels; see `BookHistory`."""

    def labels(
        self,
        *,
        source: Names | None = None,
        version: Names | None = None,
        **select: Unpack[Selection],
    ) -> pd.DataFrame:
        """Every judgement of the trades in force.

        Parameters
        ----------
        source : str or list of str, optional
            Only those of a ``rule``, a ``model``, a ``person`` or ``hindsight``.
        version : str or list of str, optional
            Only those under these versions.
        **select
            Keywords of `Selection`; ``label`` keeps judgements about it, the span is
            about the execution.

        Returns
        -------
        DataFrame of n_judgements rows, by trade, then by time
            trade_id, account_id, strategy_id, label, source, version, confidence: 0 where
            it does not hold, and labelled_at: since when it is known. Labels that stand in
            the records have the source ``rule``, the version ``recorded`` and the time of
            the execution.

        Raises
        ------
        UnknownNameError
            When there is no such source.
        InvalidArgumentError
            When one of the names is no text.
        """
        sources = _names("source", source)
        if unknown := sorted(set(sources or []) - set(LabelSource)):
            raise UnknownNameError(
                f"source must be one of {', '.join(LabelSource)}, was {', '.join(unknown)}"
            )
        frame = judgement_frame(self._trades(select), self._facts.judgements())
        keep = np.ones(len(frame), np.bool_)
        labels = _names("label", select.get("label"))
        wanted = {"source": sources, "version": _names("version", version), "label": labels}
        for column, names in wanted.items():
            if names is not None:
                keep &= frame[column].isin(names).to_numpy()
        return frame[keep].reset_index(drop=True)

    def label_quality(
        self, *, audit: str | None = None, **select: Unpack[Selection]
    ) -> LabelQuality:
        """How far the labels can be trusted.

        Parameters
        ----------
        audit : str, optional
            Name of an audit whose judgements are taken as true; see `audit_sample`.
        **select
            Keywords of `Selection`; the span is about the execution.

        Returns
        -------
        LabelQuality
            Coverage, overlap, stability over versions, agreement of rule, model and
            person beyond chance, and accuracy against the audit.
        """
        return label_quality(self.labels(**select), self._trades(select), audit=audit)

    def audit_sample(
        self, n: int, *, seed: int, name: str, **select: Unpack[Selection]
    ) -> pd.DataFrame:
        """Choose trades at random that a person is to judge.

        Parameters
        ----------
        n : int
            How many.
        seed : int
            The same seed chooses the same of the same trades.
        name : str
            Of the audit: judge each trade with ``tag(..., audit=name)``, every label that
            is to be audited, whether it holds or not.
        **select
            Keywords of `Selection`; the span is about the execution.

        Returns
        -------
        DataFrame of shape (n, n_columns)
            What was traded, without any label, so that none suggests the answer;
            ``audit`` is the name.

        Raises
        ------
        InvalidArgumentError
            When there are not so many trades, a number is none, or the name can be none.
        """
        require_audit(name)
        trades = self._trades(select).sort_values(["account_id", "trade_id"], ignore_index=True)
        sample = trades.loc[audit_rows(len(trades), n, seed), list(_SHOWN)]
        return sample.reset_index(drop=True).assign(audit=name)

    def _trades(self, select: Selection) -> pd.DataFrame:
        """What was traded and stamped, of the trades that are asked about."""
        fills = self._facts.fills(select, "labels")
        everything = cast("Selection", {n: v for n, v in select.items() if n != "label"})
        frame: pd.DataFrame = fills.select([*_SHOWN, "labels"]).to_pandas()
        return frame.iloc[self._rows(fills, everything)].reset_index(drop=True)

    def _rows(self, fills: pa.Table, select: Selection) -> npt.NDArray[np.intp]:
        frame: pd.DataFrame = fills.select(["symbol", "labels", "execution_time"]).to_pandas()
        asked = chosen(frame.assign(row=frame.index), select, "execution_time", self.desk.zone)
        rows: npt.NDArray[np.intp] = asked["row"].to_numpy(np.intp)
        return rows


def _names(what: str, given: Names | None) -> list[str] | None:
    if given is None:
        return None
    names = names_of(given) if isinstance(given, str | list | tuple) else [given]
    if not all(isinstance(name, str) for name in names):
        raise InvalidArgumentError(f"{what} must be a name or a list of names, was {given!r}")
    return names
