"""Relabelling: recorded trades judged again by a rule set, as the market is known now.

Facts stay as they are. What a rule says of a trade is read from bars, splits and news
that were known at the trade's own time, and of these from all that are known by now,
those that arrived late too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import InvalidArgumentError, UnknownNameError, legible
from perfkit.history.judgements import judgement_rows
from perfkit.labels import LabelGenerator
from perfkit.labels.verdicts import Judge
from perfkit.labels.versions import DEFAULT_VERSION, UNVERSIONED, require_version
from perfkit.ledger import Ledger, round_trips
from perfkit.market import MarketState
from perfkit.records import LabelSource, MarketContext, RecordType, arrow_schema
from perfkit.records.rules import Text
from perfkit.tracker.roles import OWN

if TYPE_CHECKING:
    from datetime import datetime

    from perfkit.history.facts import Facts
    from perfkit.history.selection import Selection
    from perfkit.tracker.roles import Market, Own

__all__ = ["Judged", "hindsight", "judge_again", "judgements_of", "rule_set"]

_FOLDER = Path("rules")
_OF_MARKET = ("on_bars", "on_splits", "on_news", "contexts")
_KEYS = ("account_id", "trade_id")


class Judged(NamedTuple):
    """Fills in force and what a rule set says of them.

    Attributes
    ----------
    fills : pyarrow.Table
        Columns of `Fill`, ``sequence`` and ``labels``.
    names : pyarrow.Table
        ``trade_id``, ``account_id`` and ``strategy_id`` under which each was recorded; a
        correction may have moved it to another strategy.
    fires : ndarray of bool of shape (n_fills, n_rules)
        Whether each label holds.
    known : ndarray of bool of shape (n_fills, n_rules)
        Whether all that its rule reads is known; where it is not, a label is not denied.
    rules : LabelGenerator
        The rule set.
    version : str
        The name under which it judges.
    """

    fills: pa.Table
    names: pa.Table
    fires: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    rules: LabelGenerator
    version: str

    @property
    def labels(self) -> pa.Array:
        """The labels of the rule set, in the order of the columns of ``fires``."""
        return pa.array([rule.name for rule in self.rules.rules], pa.string())


def rule_set(rules: str | Path | LabelGenerator | None) -> LabelGenerator:
    """Find a rule set.

    Parameters
    ----------
    rules : str, pathlib.Path, LabelGenerator or None
        A rule set; the path of a rule file; the version of the package's own set, as
        None; or any other version, whose file is ``rules/<version>.toml`` in the working
        directory.

    Raises
    ------
    UnknownNameError
        When there is no such file, or it is of another version.
    InvalidArgumentError
        When the set has no rules, or is none.
    """
    if rules is not None and not isinstance(rules, str | Path | LabelGenerator):
        raise InvalidArgumentError(
            f"rules must be a rule set, a version or the path of a rule file, was {rules!r}"
        )
    if isinstance(rules, LabelGenerator):
        found = rules
    elif rules is None or rules == DEFAULT_VERSION:
        found = LabelGenerator.of_package()
    elif isinstance(rules, Path) or rules.endswith(".toml"):
        found = LabelGenerator.from_toml(rules)
    else:
        path = _FOLDER / f"{rules}.toml"
        if not Text(64).accepts(rules) or not path.is_file():
            rules, path = legible(rules, 80), Path(legible(str(path), 80))
            raise UnknownNameError(
                f"rules must be {DEFAULT_VERSION!r}, a rule set, the path of a rule file, or a "
                f"version whose file is {path}, was {rules!r}; there is no such file in "
                f"{Path.cwd()}"
            )
        found = LabelGenerator.from_toml(path)
        if found.version != rules:
            raise UnknownNameError(
                f"{path} must hold the version {rules!r}, holds {found.version!r}; name it so"
            )
    if not found.rules:
        raise InvalidArgumentError("rules must be at least one; LabelGenerator() has all")
    return found


def judge_again(
    facts: Facts,
    select: Selection,
    rules: LabelGenerator,
    market: Market | Own | None,
    version: str | None,
) -> Judged:
    """Judge the fills in force, by the books and the market as they are known now.

    Parameters
    ----------
    facts : Facts
        Of the history.
    select : Selection
        Accounts, strategies and currency narrow what is judged.
    rules : LabelGenerator
        The rule set.
    market : Market or None, default `MarketState`
        Gives the contexts; it is fed with the bars, splits and news of the history.
        With None every context is null.
    version : str, optional
        Under which the set judges; its own when None.

    Raises
    ------
    InvalidArgumentError
        When neither has a version, or it is none.
    """
    version = rules.version if version is None else version
    if version == UNVERSIONED:
        raise InvalidArgumentError(
            "rules must have a version under which their judgements are kept, have none; name "
            "it: LabelGenerator(..., version='2026-11')"
        )
    require_version(version)
    if version == DEFAULT_VERSION != rules.version:
        raise InvalidArgumentError(
            f"version must be another for rules that are not the package's, was {version!r}"
        )
    fills = facts.fills(select, "labels")
    books = Ledger(splits=facts.splits(select), rates=facts.rates()).apply(fills)
    schema = pa.schema([*fills.schema, *books.schema])
    trades = pa.table([*fills.columns, *books.columns], schema=schema)
    contexts = _contexts(fills, market, facts)
    fires, known = rules.judge(trades, contexts), rules.known(trades, contexts)
    return Judged(fills, _names(fills, facts), fires, known, rules, version)


def judgements_of(
    judged: Judged, rows: npt.NDArray[np.intp], recorded: pa.Table, now: datetime
) -> pa.Table:
    """Say of some trades which labels hold, and which of those said before do not.

    Parameters
    ----------
    judged : Judged
        From `judge_again`.
    rows : ndarray of shape (n_chosen,), int
        Which of the fills.
    recorded : pyarrow.Table
        The judgements so far.
    now : datetime
        When these are known.

    Returns
    -------
    pyarrow.Table
        Columns of `LabelRecord`. Of a trade without a label, now and before, the first
        label of the set of which all is known is denied, so that the trade is known to
        have been judged; where nothing is known nothing is said.
    """
    holds, known = judged.fires[rows], judged.known[rows]
    said = holds | (known & _said_before(judged, recorded)[rows])
    silent = np.flatnonzero(~said.any(axis=1) & known.any(axis=1))
    said[silent, known[silent].argmax(axis=1)] = True
    row, column = said.nonzero()
    judge = Judge(LabelSource.RULE.value, judged.version)
    labels = judged.labels.take(pa.array(column))
    return judgement_rows(judged.names.take(rows[row]), labels, judge, holds[row, column], now)


def hindsight(
    judged: Judged, rows: npt.NDArray[np.intp], facts: Facts, select: Selection
) -> pa.Table:
    """Say of entries what only their exit could tell.

    Parameters
    ----------
    judged : Judged
        From `judge_again`.
    rows : ndarray of shape (n_chosen,), int
        Which of the fills.
    facts, select : Facts, Selection
        As of `judge_again`.

    Returns
    -------
    pyarrow.Table
        Columns of `LabelRecord`, of source ``hindsight``: of the first fill of each
        round trip that is closed, from flat to flat, whether each label that is known at
        the exit holds of its last fill, known at the time of that. Of a label whose rule
        reads what is not known nothing is said.
    """
    late = [n for n, rule in enumerate(judged.rules.rules) if rule.known_at == "exit"]
    trips = round_trips(judged.fills, splits=facts.splits(select), rates=facts.rates())
    keys = pd.MultiIndex.from_arrays([judged.fills.column(n).to_pandas() for n in _KEYS])
    entries, exits = (
        keys.get_indexer(pd.MultiIndex.from_arrays([trips["account_id"], trips[end]]))
        for end in ("entry_trade_id", "exit_trade_id")
    )
    asked = np.flatnonzero(np.isin(entries, rows))
    entry, exit_ = (np.repeat(found[asked], len(late)) for found in (entries, exits))
    column = np.tile(np.array(late, np.intp), len(asked))
    said = judged.fires[exit_, column] | judged.known[exit_, column]
    entry, exit_, column = entry[said], exit_[said], column[said]
    return judgement_rows(
        judged.names.take(entry),
        judged.labels.take(pa.array(column)),
        Judge(LabelSource.HINDSIGHT.value, judged.version),
        judged.fires[exit_, column],
        judged.fills.column("execution_time").take(exit_),
    )


def _contexts(fills: pa.Table, market: Market | Own | None, facts: Facts) -> pa.Table:
    if market is None:
        schema = arrow_schema(MarketContext)
        return pa.table([pa.nulls(fills.num_rows, f.type) for f in schema], schema=schema)
    market = MarketState() if market is OWN else market
    if not all(hasattr(market, name) for name in _OF_MARKET):
        raise InvalidArgumentError(
            f"market must have {', '.join(_OF_MARKET)}, was {market!r}; e.g. MarketState('XNYS')"
        )
    known = facts.market()
    market.on_bars(known["bars"])
    market.on_splits(facts.splits({}))
    market.on_news(known["news"])
    symbols, times = (fills.column(name).combine_chunks() for name in ("symbol", "execution_time"))
    return market.contexts(symbols, times)


def _names(fills: pa.Table, facts: Facts) -> pa.Table:
    records = facts.stored("account_id", "trade_id", "strategy_id", "record_type")
    first = records.filter(pc.equal(records.column("record_type"), RecordType.NEW.value))
    rows = pa.array(_places(first, fills))
    return first.select(["trade_id", "account_id", "strategy_id"]).take(rows)


def _said_before(judged: Judged, recorded: pa.Table) -> npt.NDArray[np.bool_]:
    """Where the record itself, or rules of any version, said that a label holds."""
    said = np.zeros(judged.fires.shape, np.bool_)
    stamped = judged.fills.column("labels").combine_chunks()
    columns = pc.index_in(stamped.flatten(), judged.labels).to_numpy(zero_copy_only=False)
    is_known = ~np.isnan(columns.astype(np.float64))
    rows = pc.list_parent_indices(stamped).to_numpy()
    said[rows[is_known], columns[is_known].astype(np.intp)] = True

    holds = pc.greater_equal(pc.fill_null(recorded.column("confidence"), 1.0), 0.5)
    is_rule = pc.equal(recorded.column("source"), LabelSource.RULE.value)
    earlier = recorded.filter(pc.and_(holds, is_rule))
    places = _places(judged.fills, earlier)
    column = pd.Index(judged.labels.to_pylist()).get_indexer(earlier.column("label").to_pandas())
    asked = (places >= 0) & (column >= 0)
    said[places[asked], column[asked]] = True
    return said


def _places(fills: pa.Table, others: pa.Table) -> npt.NDArray[np.intp]:
    keys, asked = (
        pd.MultiIndex.from_arrays([table.column(name).to_pandas() for name in _KEYS])
        for table in (fills, others)
    )
    found: npt.NDArray[np.intp] = keys.get_indexer(asked)
    return found
