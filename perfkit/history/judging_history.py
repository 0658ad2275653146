"""New judgements of recorded trades: by newer rules, and by a person.

Facts are never changed: what is said here stands beside the trades.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, UnknownNameError, legible
from perfkit.history.facts import EVERYTHING
from perfkit.history.judgements import judgement_rows, known_since
from perfkit.history.label_history import LabelHistory
from perfkit.history.relabelling import hindsight as hindsight_of
from perfkit.history.relabelling import judge_again, judgements_of, rule_set
from perfkit.labels.audits import audit_version, person_version
from perfkit.labels.verdicts import Judge
from perfkit.records import LabelSource
from perfkit.records.rules import Identifier
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker
from perfkit.tracker.roles import OWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.history.selection import Selection
    from perfkit.labels import LabelGenerator
    from perfkit.store import Receipt
    from perfkit.tracker.roles import Market, Own

__all__ = ["JudgingHistory", "Writing"]


def _now() -> datetime:
    return datetime.now(UTC)


class Writing(TypedDict, total=False):
    """Keywords of what writes a single judgement.

    Attributes
    ----------
    account : str
        Whose trade it is, where several accounts have one of that id.
    tracker : TradeTracker
        The one that writes this history, where one is open in this process; else one is
        opened, and closed again.
    clock : callable
        Gives the time since when the judgement is known.
    """

    account: str
    tracker: TradeTracker
    clock: Callable[[], datetime]


class JudgingHistory(LabelHistory):
    """A recorded history whose trades can be judged again; see `BookHistory`."""

    def relabel(
        self,
        rules: str | Path | LabelGenerator | None = None,
        *,
        market: Market | Own | None = OWN,
        version: str | None = None,
        hindsight: bool = False,
        tracker: TradeTracker | None = None,
        clock: Callable[[], datetime] = _now,
        **select: Unpack[Selection],
    ) -> Receipt:
        """Judge recorded trades again, and record the judgements beside the old ones.

        Each trade is judged by the books of now, and by bars, splits and news that were
        known at its own time, of all that are known now: what arrived late counts. A label
        that holds gets a confidence of 1; one that the record or rules of any version gave,
        and that does not hold, a confidence of 0, if all that its rule reads is known: of
        what rests on a calendar, bars, news or a rate that are missing nothing is said.
        The trades are not touched.

        Parameters
        ----------
        rules : str, pathlib.Path or LabelGenerator, optional
            A rule set; the path of a rule file; or a version, that of the package or one
            whose file is ``rules/<version>.toml`` in the working directory.
        market : Market or None, default `MarketState`
            Gives each trade its context, as for a `TradeTracker`, e.g.
            ``MarketState(calendar="XNYS")``; it is fed with the history's bars, splits and
            news.
        version : str, optional
            Under which the judgements are recorded; by default that of the rules.
        hindsight : bool
            Also record of each entry, when its round trip is closed, what is known at
            the exit: source ``hindsight``, known since the exit.
        tracker : TradeTracker, optional
            The one that writes this history, where one is open in this process; else one
            is opened, and closed again.
        clock : callable
            Gives the time since when the judgements are known.
        **select
            Keywords of `Selection`: which trades; the span is about the execution.

        Returns
        -------
        Receipt
            Judged again with the same answer, a judgement is a duplicate.

        Raises
        ------
        ConflictError
            When the same version judged otherwise before, because bars or news have come
            since: give a new ``version``. Nothing is recorded.
        InvalidArgumentError
            When the rules have no version, or this history is seen from another moment.
        StoreLockedError
            When another process writes to this history.
        """
        self._require_now()
        judged = judge_again(self._facts, select, rule_set(rules), market, version)
        rows = self._rows(judged.fills, select)
        recorded = self._facts.judgements()
        found = [judgements_of(judged, rows, recorded, clock())]
        if hindsight:
            found.append(hindsight_of(judged, rows, self._facts, select))
        return self._write(pa.concat_tables(found), recorded, tracker, clock)

    def tag(
        self,
        trade_id: str,
        label: str,
        person: str,
        *,
        holds: bool = True,
        audit: str | None = None,
        **writing: Unpack[Writing],
    ) -> Receipt:
        """Record what a person says of a trade.

        Parameters
        ----------
        trade_id : str
            The trade.
        label : str
            Of the catalogue, or one of the desk's own.
        person : str
            Who says so; the version of the judgement.
        holds : bool
            Whether the label holds; ``holds=False`` says that it does not.
        audit : str, optional
            Name of the audit that this is a part of, see `audit_sample`.
        **writing
            Keywords of `Writing`.

        Returns
        -------
        Receipt
            Said again it is a duplicate.

        Raises
        ------
        UnknownNameError
            When there is no such trade.
        InvalidArgumentError
            When several accounts have one, it was busted, an argument is not what it must
            be, or this history is seen from another moment.
        ConflictError
            When the person said otherwise before; a second opinion is a person of its own,
            such as ``ann.2``.
        """
        self._require_now()
        clock = writing.get("clock", _now)
        _require_tag(trade_id, label, holds, writing.get("account"))
        version = person_version(person) if audit is None else audit_version(audit, person)
        trade = self._one_trade(trade_id, writing.get("account"))
        judge = Judge(LabelSource.PERSON.value, version)
        rows = judgement_rows(trade, pa.array([label]), judge, np.array([holds]), clock())
        return self._write(rows, self._facts.judgements(), writing.get("tracker"), clock)

    def _one_trade(self, trade_id: str, account: str | None) -> pa.Table:
        found = self._facts.named(trade_id)
        if account is not None:
            found = found.filter(pc.equal(found.column("account_id"), account))
        if found.num_rows == 1:
            whose = found.column("account_id")[0].as_py()
            in_force = self._facts.fills({"account": whose}, "labels").column("trade_id")
            if not pc.is_in(pa.array([trade_id]), in_force.combine_chunks())[0].as_py():
                raise InvalidArgumentError(
                    f"trade_id must name a trade that is in force, was {trade_id!r}, which was "
                    "busted: nothing can be said of it"
                )
            return found
        accounts = ", ".join(sorted(found.column("account_id").to_pylist()))
        if accounts:
            raise InvalidArgumentError(
                f"trade_id {trade_id!r} must name one trade, is one of each of the accounts "
                f"{accounts}; say account="
            )
        whose = "" if account is None else f" of account {account!r}"
        raise UnknownNameError(f"the history has no trade {trade_id!r}{whose}; record it first")

    def _require_now(self) -> None:
        if self.knowledge != EVERYTHING:
            raise InvalidArgumentError(
                f"{self!r} must be seen as of now to be judged; open History({self.uri!r})"
            )

    def _write(
        self,
        rows: pa.Table,
        recorded: pa.Table,
        tracker: TradeTracker | None,
        clock: Callable[[], datetime],
    ) -> Receipt:
        rows = known_since(rows, recorded)
        if tracker is not None:
            return tracker.record_labels(rows)
        store = self._source
        if not isinstance(store, TradeStore):
            store = TradeStore(store, storage_options=self._storage_options)
        with TradeTracker(store, market=None, labeler=None, clock=clock) as own:
            return own.record_labels(rows)


def _require_tag(trade_id: object, label: object, holds: object, account: object) -> None:
    rule = Identifier()
    for name, value in {"trade_id": trade_id, "label": label, "account": account}.items():
        if not rule.accepts(value) and not (name == "account" and value is None):
            raise InvalidArgumentError(
                f"{name} must {rule.requirement}, was {legible(repr(value), 200)}; {rule.remedy}"
            )
    if not isinstance(holds, bool | np.bool_):
        raise InvalidArgumentError(f"holds must be True or False, was {holds!r}")
