"""Restatement: the P&L that was stamped into a record, against the books of now, and why.

A record carries what was known when it was written. What was learned later may change
it: a late fill, a correction, a bust, a split or an exchange rate that came after the
record and counts before it. A difference that none of them explains is damage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from perfkit.tracker.fees import fees_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["UNEXPLAINED", "WRITTEN", "restated"]

UNEXPLAINED = "unexplained"
WRITTEN = (
    *("account_id", "strategy_id", "symbol", "trade_id", "execution_time", "record_type"),
    *("original_trade_id", "recorded_at", "sequence", "pnl", "commission", "fee_currency"),
    *("currency", "base_currency", "contract"),
)
_BOOK = ["account_id", "strategy_id", "symbol"]
_TRADE = ["account_id", "root"]
_COLUMNS = [*_BOOK, "trade_id", "execution_time", "recorded", "pnl", "reason", "caused_by"]
_EARLIEST = pd.Timestamp("1678-01-01", tz="UTC")  # the first year that a record may hold
_MICROSECOND = pd.Timedelta(microseconds=1)
_TOLERANCE = 1e-9  # relative, of money: two orders of summation differ by less


def restated(written: pa.Table, books: pa.Table, splits: pa.Table, rates: pa.Table) -> pd.DataFrame:
    """List records whose P&L is not what the books say now.

    Parameters
    ----------
    written : pyarrow.Table
        Every trade record as stored, corrections and busts too: columns ``WRITTEN``.
    books : pyarrow.Table
        account_id, trade_id and pnl of the trades in force, by the books of now.
    splits, rates : pyarrow.Table
        Splits, and the closes of currency pairs, with the time they were recorded.

    Returns
    -------
    DataFrame
        See `History.restated`.
    """
    records = _records(written)
    chains = records[records["record_type"] != "new"].sort_values("sequence")
    records = _with_pnl_of_now(records, books, chains)
    allowed = _TOLERANCE * records["pnl"].abs().clip(lower=1.0)
    is_same = (records["recorded"] - records["pnl"]).abs() <= allowed
    is_same |= records["recorded"].isna() & records["pnl"].isna()
    found = records[~is_same].sort_values("execution_time", kind="stable", ignore_index=True)
    found = _explained(found, _chain_causes(chains), _TRADE, "sequence")
    found = _explained(found, _book_causes(records, chains), _BOOK, "sequence")
    of_split = _learned(splits, "execution_time", "split", "split_id")
    found = _explained(found, of_split, ["account_id", "symbol"], "recorded_at")
    of_rate = _learned(rates, "time", "rate", "symbol").assign(is_foreign=True)
    found = _explained(found, of_rate, ["is_foreign"], "recorded_at")
    found["reason"] = found["reason"].fillna(UNEXPLAINED)
    return found.sort_values(["execution_time", "sequence"], ignore_index=True)[_COLUMNS]


def _records(written: pa.Table) -> pd.DataFrame:
    """Every record with the trade that it is about; a correction is about another's."""
    records: pd.DataFrame = written.select(WRITTEN).to_pandas()
    records["is_foreign"] = fees_of(written).is_foreign
    later = records[records["record_type"] != "new"]
    pointed = dict(
        zip(
            zip(later["account_id"], later["trade_id"], strict=True),
            later["original_trade_id"],
            strict=True,
        )
    )
    roots = []
    for account, trade in zip(later["account_id"], later["trade_id"], strict=True):
        root = trade
        while (account, root) in pointed:  # effective_fills has refused a circle
            root = pointed[account, root]
        roots.append(root)
    records["root"] = records["trade_id"].astype(object)
    records.loc[later.index, "root"] = roots
    return records


def _with_pnl_of_now(records: pd.DataFrame, books: pa.Table, chains: pd.DataFrame) -> pd.DataFrame:
    """Put the P&L of now beside the recorded one; a busted trade has none."""
    now: pd.DataFrame = books.select(["account_id", "trade_id", "pnl"]).to_pandas()
    now = now.rename(columns={"trade_id": "root"}).assign(in_force=True)
    merged = records.rename(columns={"pnl": "recorded"}).merge(now, on=_TRADE, how="left")
    last = chains.drop_duplicates(_TRADE, keep="last").set_index(_TRADE)["record_type"]
    busted = last.index[last == "bust"]
    is_busted = pd.MultiIndex.from_frame(merged[_TRADE]).isin(busted)
    is_counted = merged["in_force"].notna().to_numpy() | is_busted
    merged = merged[is_counted & (merged["record_type"] != "bust").to_numpy()]
    empty = {"reason": None, "caused_by": None}
    return merged.assign(**empty).astype(dict.fromkeys(empty, object))


def _chain_causes(chains: pd.DataFrame) -> pd.DataFrame:
    """Corrections and busts, as causes of what their own trade says."""
    word = np.where(chains["record_type"] == "bust", "busted", "corrected")
    named = chains.assign(word=word, cause=chains["trade_id"])
    # whatever its own time, a correction is about the whole of its trade
    return named.assign(execution_time=_EARLIEST)


def _book_causes(records: pd.DataFrame, chains: pd.DataFrame) -> pd.DataFrame:
    """Late fills, corrections and busts, as causes of what their books say afterwards."""
    arrived = records[records["record_type"] == "new"]
    # of the same moment the fill that arrived later counts later: it changes nothing
    after = arrived["execution_time"] + _MICROSECOND
    late = arrived.assign(execution_time=after, word="late", cause=arrived["trade_id"])
    # a correction may have moved its trade: every book and time that it had is touched
    places = records[[*_TRADE, *_BOOK[1:], "execution_time"]]
    own = _chain_causes(chains)[[*_TRADE, "sequence", "word", "cause"]]
    later = own.merge(pd.concat([places, chains[places.columns]]).drop_duplicates(), on=_TRADE)
    columns = [*_BOOK, "execution_time", "sequence", "word", "cause"]
    return pd.concat([late[columns], later[columns]], ignore_index=True)


def _learned(table: pa.Table, time: str, word: str, cause: str) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    frame = frame.rename(columns={time: "execution_time"})
    frame = frame.assign(word=word, cause=frame[cause].astype(object))
    return frame[frame["recorded_at"].notna()]


def _explained(
    found: pd.DataFrame, causes: pd.DataFrame, by: list[str], known: str
) -> pd.DataFrame:
    """Give each row that has no reason the cause that was learned last.

    A cause counts for the rows of its group (``by``) that happened at its time or later,
    and were ``known`` before it.
    """
    if found.empty or causes.empty:
        return found
    causes = causes.sort_values(["execution_time", known], kind="stable")
    latest = causes.assign(latest=causes.groupby(by)[known].cummax())
    names = causes.drop_duplicates([*by, known]).rename(columns={known: "latest"})
    matched = pd.merge_asof(
        found[[*by, "execution_time", known]],
        latest[[*by, "execution_time", "latest"]],
        on="execution_time",
        by=by,
    ).merge(names[[*by, "latest", "word", "cause"]], on=[*by, "latest"], how="left")
    is_new = (found["reason"].isna() & (matched["latest"] > matched[known])).to_numpy()
    found.loc[is_new, "reason"] = matched.loc[is_new, "word"].astype(object)
    found.loc[is_new, "caused_by"] = matched.loc[is_new, "cause"].astype(object)
    return found
