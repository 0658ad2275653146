"""News rows: events before they are recorded.

Nothing is remembered for them: the store is asked for what was told of the same events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.market.news_rows import (
    checked_news,
    news_conflict,
    news_contents,
    require_known_at,
)
from perfkit.records import NewsEvent, arrow_schema
from perfkit.tracker.intake import record_rows

if TYPE_CHECKING:
    from perfkit.market.news_rows import NewsContent, NewsKey
    from perfkit.store import TradeStore
    from perfkit.tracker.batch import Batch
    from perfkit.tracker.intake import Rows

__all__ = ["news_rows", "screen_news"]


def news_rows(news: Rows) -> pa.Table:
    """Bring news to a checked table.

    Parameters
    ----------
    news : pyarrow.Table, DataFrame or iterable of NewsEvent
        Optional columns may be absent.

    Raises
    ------
    SchemaError, InvalidArgumentError
        When the rows have other columns than news, or are none.
    InvalidTableError
        When a field breaks its rule; lists every such row.
    """
    if isinstance(news, pa.Table):
        require_known_at(news.column_names)
    elif isinstance(news, pd.DataFrame):
        require_known_at([str(name) for name in news.columns])
    return checked_news(record_rows(news, NewsEvent, {}))


def screen_news(batch: Batch, store: TradeStore) -> None:
    """Leave the rows that are new, in order of event time; note duplicates.

    Parameters
    ----------
    batch : Batch
        Checked rows of `NewsEvent`.
    store : TradeStore
        Holds the news so far.

    Raises
    ------
    ConflictError
        When an event was known at the same time with other content.
    """
    is_asked = pl.col("event_id").is_in(pc.unique(batch.rows["event_id"]).to_pylist())
    columns = (*arrow_schema(NewsEvent).names, "sequence")
    recorded = store.read("news", where=is_asked, columns=columns)
    numbers = recorded["sequence"].to_pylist()
    before: dict[NewsKey, tuple[NewsContent, int]] = {
        key: (content, number)
        for (key, content), number in zip(news_contents(recorded), numbers, strict=True)
    }
    fresh = []
    for row, (key, content) in enumerate(news_contents(batch.rows)):
        # a row of this batch has no sequence yet: Batch knows it by its place
        said, number = before.setdefault(key, (content, -1 - row))
        if said != content:
            raise news_conflict(key, said, content)
        if number == -1 - row:
            fresh.append(row)
        else:
            batch.duplicates[row] = number
    times = batch.rows["event_time"].cast(pa.int64()).to_numpy()[fresh]
    batch.keep(np.array(fresh, np.intp)[times.argsort(kind="stable")])
