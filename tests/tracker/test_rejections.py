"""Bad rows of a batch: refused one by one, each with its field; the rest is recorded."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from perfkit.errors import ConflictError, InvalidRecordError, InvalidTableError, UnfitFillError
from perfkit.records import Fill, to_table
from perfkit.store import TradeStore
from perfkit.tracker import TradeTracker

GOOD = {
    "trade_id": "1", "account_id": "acc_1", "strategy_id": "s", "symbol": "SPY", "side": "buy",
    "price": 1.0, "volume": 1.0, "execution_time": pd.Timestamp("2024-01-02", tz="UTC"),
}  # fmt: skip
BAD = [
    ("trade_id", "../etc"), ("trade_id", "a\x00b"), ("trade_id", ""), ("trade_id", "x" * 65),
    ("trade_id", "1\n"), ("account_id", "a/b"), ("account_id", "\u202eacc"), ("strategy_id", " "),
    ("symbol", "x" * 10_000_000), ("symbol", ""), ("symbol", "A\x1b[31m"), ("side", "BUY"),
    ("side", "long"), ("price", math.nan), ("price", math.inf), ("price", 1e300),
    ("volume", 0.0), ("volume", -1.0), ("volume", math.nan), ("volume", 1e19),
    ("commission", math.inf), ("multiplier", 0.0), ("multiplier", -1.0), ("contract", "option"),
    ("liquidity", "both"), ("record_type", "cancel"), ("original_trade_id", "0"),
    ("currency", ""), ("fee_currency", "\x07"), ("order_id", "o" * 1_000),
    ("execution_time", pd.Timestamp("1650-01-01", tz="UTC")), ("stop_price", math.inf),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), BAD)
def test_a_bad_row_is_named_and_the_others_are_recorded(tmp_path, field, value):
    if field == "execution_time":
        value = value.as_unit("us")
    rows = [GOOD, GOOD | {"trade_id": "2", field: value}, GOOD | {"trade_id": "3"}]
    with TradeTracker(tmp_path) as tracker:
        receipt = tracker.record_many(pd.DataFrame(rows))
        (rejection,) = receipt.rejected
        assert (receipt.accepted, rejection.row, rejection.code) == (2, 1, "invalid")
        assert rejection.field == field
        assert field in rejection.message
        assert len(rejection.message) < 4_000
        assert tracker.store.read()["trade_id"].to_pylist() == ["1", "3"]
        with pytest.raises(InvalidTableError, match=field):
            tracker.record_many(pd.DataFrame(rows), atomic=True)


def test_conflicts_unknown_originals_and_unfit_fills_are_named_by_their_row(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record(fill("1"))
        batch = [
            fill("2", 2),
            fill("1", 0, price=51.0),
            fill("9c", 3, record_type="correct", original_trade_id="9"),
            fill("3", 1, multiplier=5.0),
            fill("2", 2),
            fill("1"),
            fill("4", 4),
        ]
        receipt = tracker.record_many(to_table(batch, Fill))
        assert receipt.accepted == 2
        assert receipt.duplicates == ("2", "1")
        assert [(r.row, r.id, r.field, r.code) for r in receipt.rejected] == [
            (1, "1", "price", "conflict"),
            (2, "9c", "original_trade_id", "unknown_trade"),
            (3, "3", "multiplier", "unfit"),
        ]
        assert "price was 50.0 and is now 51.0" in receipt.rejected[0].message
        assert tracker.store.read()["trade_id"].to_pylist() == ["1", "2", "4"]
        for bad, error in ((1, ConflictError), (3, UnfitFillError)):
            with pytest.raises(error):
                tracker.record(batch[bad])
    assert TradeStore(tmp_path).read()["position"].to_pylist() == [100.0, 200.0, 300.0]


def test_a_late_fill_that_does_not_fit_leaves_the_others(tmp_path, fill):
    with TradeTracker(tmp_path) as tracker:
        tracker.record_many([fill("1", 5), fill("2", 6)])
        receipt = tracker.record_many([fill("3", 1, multiplier=2.0), fill("4", 2)])
        assert [(r.id, r.code) for r in receipt.rejected] == [("3", "unfit")]
        assert receipt.accepted == 1
        tracker.record(fill("5", 7))
        assert tracker.store.read().to_pylist()[-1]["position"] == 400.0


def test_rows_of_an_account_that_is_not_the_desks_are_refused(tmp_path, fill):
    with TradeTracker(tmp_path, account=["acc_1", "acc_2"]) as tracker:
        receipt = tracker.record_many([fill("1"), fill("2", account_id="acc_3")])
        (rejection,) = receipt.rejected
        assert (rejection.row, rejection.field, rejection.code) == (
            *(1, "account_id", "unknown_account"),
        )
        assert "must be one of acc_1, acc_2, was 'acc_3'" in rejection.message
        with pytest.raises(InvalidRecordError, match="account_id"):
            tracker.record(fill("3", account_id="acc_3"))


def test_all_rows_bad_is_a_receipt_of_nothing(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        receipt = tracker.record_many(pd.DataFrame([GOOD | {"volume": -1.0}] * 3))
        assert (receipt.accepted, receipt.first_sequence, len(receipt.rejected)) == (0, None, 3)
        assert not receipt.duplicate
        assert tracker.store.read().num_rows == 0


def test_a_refused_id_of_any_length_is_shown_in_short(tmp_path):
    with TradeTracker(tmp_path) as tracker:
        receipt = tracker.record_many(pd.DataFrame([GOOD | {"trade_id": "x" * 10_000_000}]))
    (rejection,) = receipt.rejected
    assert len(rejection.id) < 300
    assert rejection.field == "trade_id"
