"""Label rows: judgements of recorded trades before they are recorded.

Nothing is remembered for them: the store is asked for the trades that are
judged, and for what was said of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.errors import UnknownNameError
from perfkit.labels.versions import require_version
from perfkit.records import LabelRecord, LabelSource, arrow_schema
from perfkit.tracker.known_records import KnownRecords

if TYPE_CHECKING:
    from perfkit.store import TradeStore
    from perfkit.tracker.batch import Batch

__all__ = ["screen_labels"]

_TRADE = ["account_id", "strategy_id", "trade_id"]
_REMEDY = "a judgement is never changed, give a new one its own version"


def screen_labels(batch: Batch, store: TradeStore) -> None:
    """Check that labels judge recorded trades, and leave those that are new.

    Parameters
    ----------
    batch : Batch
        Checked rows of `LabelRecord`.
    store : TradeStore
        Holds the trades, and the labels so far.

    Raises
    ------
    InvalidArgumentError
        When a rule's version has the name of something else.
    UnknownNameError
        When a trade was never recorded for its account and strategy.
    ConflictError
        When a trade has a label of the same source and version with other
        content.
    """
    labels = batch.rows
    by_rule = labels.filter(pc.equal(labels.column("source"), LabelSource.RULE.value))
    for version in pc.unique(by_rule.column("version")).to_pylist():
        require_version(version)
    judged = pl.lit(True)
    for name in _TRADE:
        judged &= pl.col(name).is_in(pc.unique(labels.column(name)).to_pylist())
    _check_trades(labels, store.read("trades", where=judged, columns=_TRADE))
    known = KnownRecords(LabelRecord, besides=("label", "source", "version"), remedy=_REMEDY)
    columns = (*arrow_schema(LabelRecord).names, "sequence")
    known.learn(store.read("labels", where=judged, columns=columns))
    known.screen(batch, lambda where: store.read("labels", where=where, columns=columns))
    times = batch.rows.column("labelled_at").cast(pa.int64()).to_numpy()
    batch.keep(times.argsort(kind="stable"))


def _check_trades(labels: pa.Table, trades: pa.Table) -> None:
    judged, recorded = (pl.DataFrame(table.select(_TRADE)) for table in (labels, trades))
    unknown = judged.join(recorded, on=_TRADE, how="anti", maintain_order="left")
    if unknown.height:
        account, strategy, trade = unknown.row(0)
        raise UnknownNameError(
            f"{unknown.height} of {labels.num_rows} labels judge a trade that is not recorded: "
            f"trade_id must name a trade of account {account!r} and strategy {strategy!r}, was "
            f"{trade!r}; record the trade first"
        )
