"""Verification: wrong P&L is found, restated P&L has its reason, and every cut adds up."""

from __future__ import annotations

import tempfile
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.history import History
from perfkit.history.parts import PartSums
from perfkit.records import Bar, CashKind, CashRecord, RecordType, SplitRecord
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker
from tests.history.conftest import FILLS, START, Labeler, fill

PARTITIONS = ["account", "strategy", "symbol", "day", "label", "round_trip"]


def reasons(history):
    found = history.verify().restated
    return found[["trade_id", "reason", "caused_by"]].values.tolist()


def sums(verification):
    return verification.sums.set_index("partition")


def test_a_recorded_history_is_clean_and_every_cut_sums_to_the_whole(history):
    answer = history.verify()
    assert answer.is_clean
    assert (answer.records, answer.fills, answer.unknown) == (6, 6, 0)
    assert answer.restated.empty
    assert answer.sums["partition"].tolist() == PARTITIONS
    # by hand: -1 + 99 (AAA trend), -1 - 61 (AAA revert), two opening fees of BBB
    assert answer.sums["whole"].tolist() == [34.0] * 6
    assert answer.sums["parts"].tolist() == [2, 2, 2, 5, 2, 2]
    assert answer.sums["difference"].tolist() == pytest.approx([0.0] * 6, abs=1e-9)
    assert sums(answer).loc["round_trip", ["pnl", "open"]].tolist() == [36.0, -2.0]


def test_an_empty_history_is_clean(tmp_path):
    TradeTracker(tmp_path).close()
    answer = History(str(tmp_path)).verify()
    assert (answer.is_clean, answer.records, answer.sums.empty) == (True, 0, True)


def with_pnl(uri, folder, changed):
    """Write the same records through the store, with another P&L in some."""
    rows = TradeStore(uri).read()
    recorded = rows.select(["trade_id", "pnl"]).to_pylist()
    pnl = [changed.get(row["trade_id"], row["pnl"]) for row in recorded]
    rows = rows.set_column(rows.column_names.index("pnl"), "pnl", pa.array(pnl, pa.float64()))
    with TradeStore(folder) as store:
        store.append("trades", rows)
    return History(str(folder))


@pytest.mark.parametrize("wrong", [99.01, None, -99.0])
def test_a_wrong_pnl_in_a_record_is_found_and_has_no_explanation(uri, tmp_path, wrong):
    answer = with_pnl(uri, tmp_path, {"t2": wrong}).verify()
    assert not answer.is_clean
    (row,) = answer.unexplained.to_dict("records")
    assert (row["trade_id"], row["pnl"], row["reason"]) == ("t2", 99.0, "unexplained")
    assert row["caused_by"] is None
    assert answer.sums["is_equal"].all()


def test_a_wrong_pnl_is_not_excused_by_what_was_learned_of_another_book_or_of_later(tmp_path):
    with TradeTracker(tmp_path / "a") as tracker:
        tracker.record_many([fill(1, 0, "buy", 100.0), fill(2, 2, "sell", 110.0)])
        tracker.record_many([fill(3, 9, "buy", 100.0), fill(4, 9, "buy", 50.0, symbol="BBB")])
        late = [fill(5, 8, "buy", 100.0), fill(6, 1, "buy", 50.0, symbol="BBB")]
        tracker.record_many(late)
    answer = with_pnl(str(tmp_path / "a"), tmp_path / "b", {"t2": 100.0}).verify()
    assert answer.unexplained["trade_id"].tolist() == ["t2"]


def test_a_late_fill_explains_what_came_after_it(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many(FILLS[:2])
        tracker.record(fill(9, 1, "buy", 106.0))
    # by hand: 10 of 20 that cost 103 on average, sold at 110, less 1
    assert reasons(History(str(tmp_path))) == [["t2", "late", "t9"]]
    (row,) = History(str(tmp_path)).restated().to_dict("records")
    assert (row["recorded"], row["pnl"]) == (99.0, 69.0)
    assert History(str(tmp_path)).verify().is_clean


def test_a_correction_explains_its_trade_and_those_after_it(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many(FILLS[:2])
        more = {"record_type": RecordType.CORRECT, "original_trade_id": "t1", "commission": 3.0}
        tracker.record(fill(9, 0, "buy", 101.0, **more))
    assert reasons(History(str(tmp_path))) == [["t1", "corrected", "t9"], ["t2", "corrected", "t9"]]


def test_a_correction_to_another_symbol_explains_both_books(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([*FILLS[:2], fill(3, 5, "sell", 50.0, symbol="BBB")])
        more = {"record_type": RecordType.CORRECT, "original_trade_id": "t1", "symbol": "BBB"}
        tracker.record(fill(9, 0, "buy", 40.0, **more))
    # t2 opened a short, t3 closed what t1 bought: 10 * (50 - 40) - 1
    found = History(str(tmp_path)).restated()
    assert found[["trade_id", "pnl", "reason"]].values.tolist() == [
        ["t2", -1.0, "corrected"],
        ["t3", 99.0, "corrected"],
    ]


def test_a_fill_before_one_that_was_corrected_into_its_book_explains_it(tmp_path):
    more = {"record_type": RecordType.CORRECT, "original_trade_id": "t1", "symbol": "BBB"}
    with TradeTracker(tmp_path) as tracker:
        tracker.record(FILLS[0])
        tracker.record(fill(9, 5, "sell", 40.0, **more))
        tracker.record(fill(3, 4, "buy", 30.0, symbol="BBB"))
    # now a sale of what was bought at 30
    assert reasons(History(str(tmp_path))) == [["t1", "corrected", "t9"], ["t9", "late", "t3"]]


def test_a_later_fill_of_the_same_moment_explains_nothing(tmp_path):
    with TradeTracker(tmp_path / "a") as tracker:
        tracker.record_many([*FILLS[:2], fill(3, 2, "buy", 100.0)])
    answer = with_pnl(str(tmp_path / "a"), tmp_path / "b", {"t2": 100.0}).verify()
    assert answer.unexplained["trade_id"].tolist() == ["t2"]


def test_a_bust_explains_its_trade_and_those_after_it(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many(FILLS[:2])
        more = {"record_type": RecordType.BUST, "original_trade_id": "t1"}
        tracker.record(fill(9, 0, "buy", 100.0, **more))
    found = History(str(tmp_path)).verify()
    assert found.restated[["trade_id", "reason"]].values.tolist() == [
        ["t1", "busted"], ["t2", "busted"],
    ]  # fmt: skip
    assert found.restated["pnl"].isna().tolist() == [True, False]
    assert (found.is_clean, found.records, found.fills) == (True, 3, 1)


def split(day, ratio=2.0):
    return SplitRecord(
        split_id="s1", account_id="main", execution_time=START + timedelta(days=day),
        symbol="AAA", ratio=ratio,
    )  # fmt: skip


def test_a_split_that_was_learned_later_explains_what_came_after_it(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill(1, 0, "buy", 100.0), fill(2, 2, "sell", 60.0)])
        tracker.record_splits([split(1)])
    # 10 at 100 became 20 at 50; 10 sold at 60: 100 - 1
    (row,) = History(str(tmp_path)).restated().to_dict("records")
    assert [row[n] for n in ("trade_id", "recorded", "pnl")] == ["t2", -401.0, 99.0]
    assert (row["reason"], row["caused_by"]) == ("split", "s1")
    assert History(str(tmp_path)).verify().is_clean


def test_a_split_that_was_known_explains_nothing(tmp_path):
    with TradeTracker(tmp_path / "a") as tracker:
        tracker.record_splits([split(1)])
        tracker.record_many([fill(1, 0, "buy", 100.0), fill(2, 2, "sell", 60.0)])
    history = History(str(tmp_path / "a"))
    assert history.restated().empty
    rows = TradeStore(str(tmp_path / "a")).read("splits")
    tampered = with_pnl(history.uri, tmp_path / "b", {"t2": -401.0})
    with TradeStore(tmp_path / "b") as store:
        store.append("splits", rows)
    assert tampered.restated()["reason"].tolist() == ["unexplained"]


def test_a_fee_without_a_rate_is_unknown_until_the_rate_is_recorded(tmp_path):
    more = {"currency": "USDT", "fee_currency": "BNB", "commission": 0.01}
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill(1, 0, "buy", 100.0, **more), fill(2, 2, "sell", 110.0, **more)])
        tracker.record_many([fill(3, 3, "buy", 50.0, symbol="BBB", currency="USDT")])
        history = History(str(tmp_path))
        answer = history.verify()
        assert (answer.is_clean, answer.unknown, len(answer.restated)) == (True, 2, 0)
        assert answer.sums["whole"].tolist() == [-1.0] * 6
        assert answer.sums["currency"].tolist() == ["USDT"] * 6
        tracker.record_bars([Bar(symbol="BNB/USDT", close_time=START, close=500.0)])
    answer = history.verify()
    assert (answer.is_clean, answer.unknown) == (True, 0)
    assert reasons(history) == [["t1", "rate", "BNB/USDT"], ["t2", "rate", "BNB/USDT"]]
    # 10 * 10 - 2 * 0.01 * 500 - 1
    assert answer.sums["whole"].tolist() == pytest.approx([89.0] * 6)


def test_money_of_each_currency_is_added_up_on_its_own(tmp_path):
    inverse = {
        "currency": "USD", "base_currency": "BTC", "contract": "inverse", "multiplier": 100.0,
        "symbol": "BTCUSD", "commission": 0.0,
    }  # fmt: skip
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([
            fill(1, 0, "buy", 100.0, currency="USD"), fill(2, 1, "sell", 110.0, currency="USD"),
            fill(3, 0, "buy", 20_000.0, **inverse), fill(4, 1, "sell", 25_000.0, **inverse),
            fill(5, 1, "sell", 25_000.0, **inverse),
            fill(6, 3, "buy", 20_000.0, volume=5.0, **inverse),
        ])  # fmt: skip
    answer = History(str(tmp_path)).verify()
    assert answer.is_clean
    assert answer.sums["currency"].tolist() == ["BTC", "USD"] * 6
    # 10 * 100 * (1/20000 - 1/25000), and 5 * 100 of the same for the half of the short
    assert answer.sums["whole"].tolist() == pytest.approx([0.015, 98.0] * 6)


def test_the_view_of_a_moment_is_verified_as_the_whole(history):
    assert history.as_of("2024-01-02").verify().fills == 6


def test_a_part_that_is_lost_fails(history, monkeypatch):
    import perfkit.history.verification as room

    def lossy(name, lines):
        return PartSums(name, 1, room.by_currency(lines[lines["part"] != "AAA"]))

    monkeypatch.setattr(room.PartSums, "of", lossy)
    answer = history.verify()
    assert not answer.is_clean
    assert answer.sums.loc[~answer.sums["is_equal"], "partition"].tolist() == ["symbol"]


def test_records_that_were_labelled_are_partitioned_by_their_labels(tmp_path):
    with TradeTracker(tmp_path, labeler=Labeler()) as tracker:
        tracker.record_cash([
            CashRecord(
                cash_id="c1", account_id="main", strategy_id="trend", execution_time=START,
                kind=CashKind.FUNDING, amount=-5.0,
            )
        ])  # fmt: skip
        tracker.record_many(FILLS)
    row = sums(History(str(tmp_path)).verify()).loc["label"]
    assert (row["parts"], row["pnl"]) == (2, 34.0)  # two labels on each, or none


one_fill = st.tuples(
    st.sampled_from(["AAA", "BBB"]),
    st.sampled_from(["main", "other"]),
    st.sampled_from(["buy", "sell"]),
    st.integers(1, 40),  # price
    st.integers(1, 4),  # volume
    st.integers(0, 9),  # day
)


@settings(deadline=None, max_examples=15)
@given(st.lists(one_fill, max_size=14), st.sampled_from([0.5, 3.0]))
def test_books_of_any_history_add_up_in_every_way(rows, ratio):
    fills = [
        fill(
            n, day, side, price / 8, symbol=symbol, account_id=account, volume=volume / 10,
            commission=0.01, currency="EUR", fee_currency="AAA" if symbol == "AAA" else None,
            base_currency=symbol,
        )
        for n, (symbol, account, side, price, volume, day) in enumerate(rows)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        with TradeTracker(folder, market=None, labeler=None) as tracker:
            tracker.record_splits([split(4, ratio)])
            for batch in (fills[::2], fills[1::2]):
                tracker.record_many(batch)
        answer = History(folder).verify()
    assert answer.sums["is_equal"].all(), answer.sums.to_string()
    assert answer.unexplained.empty, answer.restated.to_string()
    assert pc.all(pa.array(answer.restated["reason"].isin(["late"])), min_count=0).as_py()
