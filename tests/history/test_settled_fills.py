"""Settled fills: read by the few that were corrected, they are those of the whole history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from perfkit.history import History, facts
from perfkit.history.settled_fills import settled_fills
from perfkit.ledger import effective_fills
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker
from tests.history.random_desks import ACCOUNTS, STRATEGIES, fills_of

SELECTIONS = [
    {},
    *({"account": name} for name in ACCOUNTS),
    *({"strategy": name} for name in STRATEGIES),
    {"account": ["a", "c"], "strategy": "trend"},
    {"currency": "EUR"},
]


def corrected(seed):
    """Fills with corrections, corrections of those, and busts, in a random order."""
    rng = np.random.default_rng(seed)
    fills, known = fills_of(seed, 60), []
    for number, fill in enumerate(fills):
        known.append(fill)
        for step in range(rng.integers(3)):
            about = known[rng.integers(len(known))]
            if rng.integers(3) == 0:
                how = {"record_type": "bust"}
            else:
                how = {
                    "record_type": "correct",
                    "strategy_id": STRATEGIES[rng.integers(2)],
                    "symbol": about.symbol,
                    "price": float(rng.integers(50, 60)),
                    "execution_time": fills[rng.integers(len(fills))].execution_time,
                }
            name = f"c{number}-{step}"
            known.append(replace(about, trade_id=name, original_trade_id=about.trade_id, **how))
    return known


@pytest.fixture(scope="module", params=range(3))
def history(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corrected")
    with TradeTracker(folder, market=None, labeler=None) as tracker:
        records = corrected(request.param)
        for start in range(0, len(records), 25):
            tracker.record_many(records[start : start + 25])
    return History(str(folder))


def whole(history, select):
    """All records of all, corrected at once, then selected by pandas."""
    frame = effective_fills(history._facts.stored()).to_pandas()
    for name, wanted in select.items():
        column = name if name == "currency" else f"{name}_id"
        frame = frame[frame[column].isin([wanted] if isinstance(wanted, str) else wanted)]
    return frame.sort_values(["execution_time", "sequence"], ignore_index=True)


@pytest.mark.parametrize("select", SELECTIONS, ids=str)
def test_a_selection_is_that_of_all_records_corrected_at_once(history, select):
    found = history._facts.fills(select).to_pandas()
    expected = whole(history, select)[found.columns]
    assert len(found) > 0
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)


def test_only_what_was_corrected_is_settled(history):
    def read(where):
        return store.read("trades", where=where)

    store = TradeStore(history._facts.store._tables.location.uri)
    settled = settled_fills(read)
    records = store.read("trades").to_pandas().set_index("sequence")
    roots = records[records["record_type"] == "new"]
    about = {*records["original_trade_id"].dropna()}
    later = {*records.index[records["record_type"] != "new"]}
    assert {*settled.left_out} == later | {*roots.index[roots["trade_id"].isin(about)]}
    kept = records.loc[settled.fills["sequence"].to_pylist()]
    assert (kept["record_type"] == "new").all()
    assert len(kept) < len(roots)
    everything = pl.lit(value=True)
    assert settled.of(everything).num_rows + read(settled.others(everything)).num_rows == len(
        effective_fills(store.read("trades"))
    )


def test_a_desk_without_corrections_is_left_as_it_is(tmp_path):
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.record_many(fills_of(0, 5))
    store = TradeStore(str(tmp_path))
    settled = settled_fills(lambda where: store.read("trades", where=where))
    assert (settled.fills.num_rows, settled.left_out) == (0, ())
    everything = pl.lit(value=True)
    assert settled.others(everything) is everything


def test_a_bust_is_of_its_own_account_s_trade_of_that_name(tmp_path):
    one = replace(fills_of(0, 1)[0], trade_id="same", account_id="a")
    other, bystander = replace(one, account_id="b"), replace(one, trade_id="t", account_id="b")
    bust = replace(other, trade_id="x", record_type="bust", original_trade_id="same")
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.record_many([one, other, bystander])
        tracker.record_many([bust])
    history = History(str(tmp_path))
    found = history._facts.fills({}).select(["account_id", "trade_id"]).to_pylist()
    assert [tuple(row.values()) for row in found] == [("a", "same"), ("b", "t")]
    assert history.equity("account").groupby("account_id")["trades"].sum().to_dict() == {
        "a": 1,
        "b": 1,
    }


def test_a_batch_that_is_recorded_while_fills_are_read_is_not_half_seen(tmp_path, monkeypatch):
    one = replace(fills_of(0, 1)[0], trade_id="wrong")
    bust = replace(one, trade_id="x", record_type="bust", original_trade_id="wrong")

    def record(*records):
        with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
            tracker.record_many(records)

    def read_slowly(read):
        found = settled_fills(read)
        record(bust, replace(one, trade_id="right"))
        return found

    def seen():
        return history._facts.fills({})["trade_id"].to_pylist()

    record(one)
    history = History(str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(facts, "settled_fills", read_slowly)
        assert seen() == ["wrong"]
    assert seen() == ["right"]
