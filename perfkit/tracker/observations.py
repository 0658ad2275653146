"""What a tracker records beside the books: bars, news, and judgements of trades.

None of it moves a position. Bars and news are shown to the market, which describes
with them the trades that come later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.records import Bar, LabelRecord, check_table
from perfkit.tracker.batch import Batch
from perfkit.tracker.intake import record_rows, stamped
from perfkit.tracker.label_rows import screen_labels
from perfkit.tracker.news_rows import news_rows, screen_news
from perfkit.tracker.recording import Recording

if TYPE_CHECKING:
    from perfkit.store import Receipt, TradeStore
    from perfkit.tracker.intake import Rows
    from perfkit.tracker.recording import Desk
    from perfkit.tracker.roles import Labeler, Market

__all__ = ["Observations"]


class Observations:
    """The part of a `TradeTracker` that records bars, news and judgements.

    Parameters
    ----------
    store : TradeStore
        The history, opened for writing.
    desk : Desk
        Whose rows these are.
    market : Market, optional
        Is shown the bars, splits and news of the history, and those that come.
    labeler : Labeler, optional
        Gives each trade its labels.

    Attributes
    ----------
    store : TradeStore
        The history.
    recording : Recording
        The way of facts into it, for whoever needs to know what became of each row.
    """

    def __init__(
        self, store: TradeStore, desk: Desk, market: Market | None, labeler: Labeler | None
    ) -> None:
        self.store, self._desk, self._market = store, desk, market
        if market is not None:
            market.on_bars(store.read("bars"))
            market.on_splits(store.read("splits"))
            market.on_news(store.read("news"))
        self.recording = Recording(store, desk, market, labeler)

    def record_bars(self, bars: Rows) -> Receipt:
        """Record bars, and show them to the market, all or none.

        Parameters
        ----------
        bars : pyarrow.Table, DataFrame or iterable of Bar
            A bar with the symbol and close time of an earlier one takes its
            place for readers, unless the market refuses it.

        Raises
        ------
        SchemaError, InvalidTableError, InvalidArgumentError, StoreError
            As `record_all`; and whatever the market says of a bar it can't
            take, before anything is recorded.
        """
        table = record_rows(bars, Bar, {}).sort_by("close_time").combine_chunks()
        check_table(table, Bar)
        with self.recording.turn():
            if self._market is not None:
                self._market.on_bars(table)
            receipt = self.store.append("bars", stamped(table, self._desk.clock()))
            self.recording.memory.books.on_bars(table)
        return receipt

    def record_news(self, news: Rows) -> Receipt:
        """Record news, and show it to the market, all or none.

        Trades that are recorded later are described with it; those before are not
        touched, whenever it was known.

        Parameters
        ----------
        news : pyarrow.Table, DataFrame or iterable of NewsEvent
            Identified by ``event_id`` and ``known_at``: an event that was moved is
            another row, known later.

        Raises
        ------
        SchemaError, InvalidTableError, InvalidArgumentError, StoreError
            As `record_all`.
        ConflictError
            When an event was known at the same time with other content; nothing is
            recorded.
        """
        batch = Batch(news_rows(news), atomic=True)
        with self.recording.turn():
            screen_news(batch, self.store)
            if self._market is not None:
                self._market.on_news(batch.rows)
            receipt = self.store.append("news", stamped(batch.rows, self._desk.clock()))
        batch.number(receipt.first_sequence)
        return batch.receipt()

    def record_labels(self, labels: Rows) -> Receipt:
        """Record judgements of recorded trades, all or none.

        Parameters
        ----------
        labels : pyarrow.Table, DataFrame or iterable of LabelRecord
            Identified by account, ``trade_id``, label, source and version.

        Raises
        ------
        SchemaError, InvalidTableError, InvalidArgumentError, ConflictError, StoreError
            As `record_all`.
        UnknownNameError
            When a trade was never recorded for its account and strategy.
        """
        batch = Batch(record_rows(labels, LabelRecord, self._desk.defaults), atomic=True)
        batch.check(LabelRecord)
        with self.recording.turn():
            screen_labels(batch, self.store)
            receipt = self.store.append("labels", stamped(batch.rows, self._desk.clock()))
        batch.number(receipt.first_sequence)
        return batch.receipt()
