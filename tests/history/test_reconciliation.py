"""Reconciliation: each planted error is found and named, and a faithful statement is equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.history import History
from perfkit.records import CashKind, CashRecord, Fill, RecordType, SplitRecord, to_table
from perfkit.tracker import TradeTracker
from tests.history.conftest import FILLS, START, fill

COUNTS = ("matched", "different", "only in the statement", "only in the history")
OURS = [
    *(f for f in FILLS if f.account_id == "main"),
    fill(7, 8, "sell", 55.0, symbol="BBB", volume=4.0),
]


def money(number, kind, amount, day=1, currency=None):
    return CashRecord(
        cash_id=f"c{number}", account_id="main", strategy_id="trend", kind=kind, amount=amount,
        execution_time=START + timedelta(days=day), currency=currency,
    )  # fmt: skip


def recorded(folder, fills=OURS, cash=(), splits=()):
    with TradeTracker(folder, market=None, labeler=None) as tracker:
        tracker.record_all(fills=fills, cash=cash, splits=splits)
    return History(str(folder))


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("ours"))


def counts(found):
    assert tuple(found.counts) == COUNTS
    return list(found.counts.values())


def fields(found):
    return found.different[["trade_id", "field", "ours", "statement"]].values.tolist()


def told(fills=OURS, **changes):
    """Give the broker's telling: one strategy, and changes by trade_id (None drops it)."""
    rows = [replace(f, strategy_id="statement", **changes.get(f.trade_id) or {}) for f in fills]
    return to_table([r for r in rows if changes.get(r.trade_id, {}) is not None], Fill)


def renamed(table):
    ids = [f"venue-{n}" for n in range(table.num_rows)]
    return table.set_column(table.column_names.index("trade_id"), "trade_id", [ids])


@pytest.mark.parametrize("statement", [told(), renamed(told())], ids=["same ids", "other ids"])
def test_a_faithful_statement_is_equal_whatever_its_ids(ours, statement):
    found = ours.reconcile(statement)
    assert counts(found) == [6, 0, 0, 0]
    assert found.is_equal
    assert found.cash.empty
    held = found.positions[["symbol", "ours", "statement"]].values.tolist()
    assert held == [["AAA", 0.0, 0.0], ["BBB", 6.0, 6.0]]
    # AAA of both strategies together: 10 * (110 - 100) + 10 * (104 - 110); BBB: 4 * (55 - 50)
    figures = found.realized[["symbol", "figure", "ours", "statement"]].values.tolist()
    assert figures == [
        ["AAA", "average", 40.0, 40.0], ["AAA", "fifo", 40.0, 40.0], ["AAA", "fees", 4.0, 4.0],
        ["BBB", "average", 20.0, 20.0], ["BBB", "fifo", 20.0, 20.0], ["BBB", "fees", 2.0, 2.0],
    ]  # fmt: skip


def test_a_dropped_fill_is_named_with_what_follows_from_it(ours):
    found = ours.reconcile(told(t2=None))
    assert counts(found) == [5, 0, 0, 1]
    assert found.only_in_history["trade_id"].tolist() == ["t2"]
    row = found.positions.set_index("symbol").loc["AAA"]
    assert (row["ours"], row["statement"], row["is_equal"]) == (0.0, 10.0, False)
    assert not found.is_equal


def test_a_fill_that_we_never_recorded_is_named(ours):
    found = ours.reconcile(told([*OURS, fill(8, 4, "buy", 99.0)]))
    assert counts(found) == [6, 0, 1, 0]
    assert found.only_in_statement["trade_id"].tolist() == ["t8"]


@pytest.mark.parametrize("same_id", [True, False])
def test_a_doubled_fill_is_named_once(ours, same_id):
    double = OURS[1] if same_id else replace(OURS[1], trade_id="again")
    found = ours.reconcile(told([*OURS, double]))
    assert counts(found) == [6, 0, 1, 0]
    assert found.only_in_statement["trade_id"].tolist() == [double.trade_id]
    assert found.positions.set_index("symbol").loc["AAA", "difference"] == 10.0


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize(
    ("field", "value", "was"), [("price", 110.5, 110.0), ("volume", 9.0, 10.0)]
)
def test_a_changed_value_is_named_with_both_sides(ours, by_id, field, value, was):
    statement = told(t2={field: value})
    found = ours.reconcile(statement if by_id else renamed(statement))
    assert counts(found) == [6, 1, 0, 0]
    assert fields(found) == [["t2", field, was, value]]
    assert found.different["matched_by"].tolist() == ["id" if by_id else "moment"]
    wrong = found.realized[~found.realized["is_equal"]]
    assert wrong["symbol"].unique().tolist() == ["AAA"]
    assert "average" in wrong["figure"].tolist()


def test_a_wrong_fee_is_named_and_its_total(ours):
    found = ours.reconcile(told(t2={"commission": 1.25}))
    assert fields(found) == [["t2", "commission", 1.0, 1.25]]
    (row,) = found.realized[~found.realized["is_equal"]].to_dict("records")
    assert (row["figure"], row["ours"], row["statement"]) == ("fees", 4.0, 4.25)


def test_side_time_symbol_and_multiplier_are_compared_too(ours):
    later = {"execution_time": OURS[0].execution_time + timedelta(seconds=1)}
    found = ours.reconcile(told(t1=later, t2={"side": "buy"}, t3={"symbol": "AAB"}))
    assert [row[:2] for row in fields(found)] == [
        ["t1", "execution_time"], ["t2", "side"], ["t3", "symbol"],
    ]  # fmt: skip
    found = ours.reconcile(told(t5={"multiplier": 2.0}, t7={"multiplier": 2.0}))
    assert [row[:2] for row in fields(found)] == [["t5", "multiplier"], ["t7", "multiplier"]]


def test_less_than_half_a_cent_and_a_second_is_no_difference_unless_asked(ours):
    noise = {
        "commission": 1.004, "price": 110.0 + 1e-12,
        "execution_time": OURS[1].execution_time + timedelta(milliseconds=700),
    }  # fmt: skip
    assert ours.reconcile(told(t2=noise)).is_equal
    assert ours.reconcile(renamed(told(t2=noise))).is_equal
    assert counts(ours.reconcile(told(t2=noise), tolerance=0.001)) == [6, 1, 0, 0]


def test_a_coin_has_no_cents(tmp_path):
    coin = {"currency": "USDT", "base_currency": "BTC", "fee_currency": "BTC"}
    mine = [fill(1, 0, "buy", 30_000.0, commission=0.001, **coin)]
    history = recorded(tmp_path, mine)
    assert history.reconcile(to_table(mine, Fill)).is_equal
    found = history.reconcile(told(mine, t1={"commission": 0.0012}))
    assert fields(found) == [["t1", "commission", 0.001, 0.0012]]
    # the fee was taken from the bitcoins that were bought
    assert found.positions["ours"].tolist() == [9.999]
    assert found.positions["statement"].tolist() == pytest.approx([9.9988], abs=1e-12)


def test_a_statement_in_the_middle_starts_from_what_we_held(ours):
    found = ours.reconcile(told(OURS[4:]))  # buys and sells BBB; AAA of the same moment is ours
    assert found.span["start"].tolist() == [OURS[4].execution_time]
    assert counts(found) == [2, 0, 0, 1]
    assert found.only_in_history["trade_id"].tolist() == ["t4"]
    found = ours.reconcile(told(OURS[5:]))
    assert (counts(found), found.is_equal) == ([1, 0, 0, 0], True)
    assert found.positions[["ours", "statement"]].values.tolist() == [[6.0, 6.0]]
    assert found.realized.set_index("figure").loc["average", "statement"] == 20.0


def test_a_statement_of_one_symbol_is_compared_with_that_symbol(ours):
    statement = told([f for f in OURS if f.symbol == "AAA"])
    assert counts(ours.reconcile(statement, symbol="AAA")) == [4, 0, 0, 0]
    assert counts(ours.reconcile(statement)) == [4, 0, 0, 1]  # BBB was bought within it


def test_other_accounts_and_what_happened_after_the_statement_do_not_matter(tmp_path):
    after = [fill(8, 20, "buy", 90.0), fill(9, 1, "buy", 90.0, account_id="other")]
    history = recorded(tmp_path, [*OURS, *after])
    assert history.reconcile(told()).is_equal


def test_corrections_in_force_are_compared(tmp_path):
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.record_many([*OURS, fill(8, 5, "buy", 1.0)])
        more = {"record_type": RecordType.CORRECT, "original_trade_id": "t2"}
        tracker.record(fill("2b", 2, "sell", 112.0, **more))
        more = {"record_type": RecordType.BUST, "original_trade_id": "t8"}
        tracker.record(fill("8b", 5, "buy", 1.0, **more))
    history = History(str(tmp_path))
    assert history.reconcile(told(t2={"price": 112.0})).is_equal
    assert fields(history.reconcile(told())) == [["t2", "price", 112.0, 110.0]]


def test_a_statement_may_correct_what_an_earlier_one_told(ours, tmp_path):
    bust = fill("b", 0, "buy", 100.0, record_type=RecordType.BUST, original_trade_id="t1")
    found = ours.reconcile(told([*OURS[5:], bust]))
    assert found.only_in_history["trade_id"].tolist() == ["t1"]
    assert counts(found) == [1, 0, 0, 1]
    unknown = replace(bust, original_trade_id="t77")
    with pytest.raises(UnknownNameError, match="t77"):
        ours.reconcile(told([*OURS, unknown]))


def test_positions_are_in_the_units_of_the_statement_s_end(tmp_path):
    split = SplitRecord(
        split_id="s", account_id="main", execution_time=START + timedelta(days=4),
        symbol="AAA", ratio=4.0,
    )  # fmt: skip
    fills = [fill(1, 0, "buy", 100.0), fill(2, 8, "sell", 30.0)]
    history = recorded(tmp_path, fills, splits=[split])
    found = history.reconcile(told(fills), splits=to_table([split], SplitRecord))
    assert found.splits["is_equal"].tolist() == [True]
    assert found.positions[["ours", "statement"]].values.tolist() == [[30.0, 30.0]]
    # 10 of 40 that cost 25 each
    assert found.realized.set_index("figure").loc["fifo", "statement"] == 50.0
    assert history.reconcile(told(fills[:1])).positions["ours"].tolist() == [10.0]


def test_a_split_that_one_side_does_not_know_is_named(ours):
    split = SplitRecord(
        split_id="s", account_id="main", execution_time=START + timedelta(days=4),
        symbol="AAA", ratio=4.0,
    )  # fmt: skip
    found = ours.reconcile(told(), splits=to_table([split], SplitRecord))
    (row,) = found.splits.to_dict("records")
    assert (row["symbol"], row["statement"], row["is_equal"]) == ("AAA", 4.0, False)
    assert not found.is_equal


def test_cash_is_compared_by_kind_and_currency_within_the_span(tmp_path):
    cash = [
        money(1, CashKind.DEPOSIT, 1000.0, day=-3), money(2, CashKind.FUNDING, -2.0),
        money(3, CashKind.FUNDING, -1.0), money(4, CashKind.INTEREST, 0.5),
    ]  # fmt: skip
    history = recorded(tmp_path, cash=cash)
    statement = [
        money(1, CashKind.FUNDING, -3.0, currency="USD"),
        money(2, CashKind.DIVIDEND, 4.0, currency="USD"),
    ]
    found = history.reconcile(told(), to_table(statement, CashRecord))
    rows = found.cash[["kind", "currency", "ours", "statement", "is_equal"]].values.tolist()
    assert rows == [
        ["dividend", "USD", 0.0, 4.0, False],
        ["funding", "USD", -3.0, -3.0, True],
        ["interest", "USD", 0.5, 0.0, False],
    ]
    assert history.reconcile(told()).cash.empty


def test_a_currency_that_one_side_does_not_name_is_no_difference(ours):
    named = {f.trade_id: {"currency": "USD", "fee_currency": "USD"} for f in OURS}
    found = ours.reconcile(told(**named))
    assert found.is_equal
    assert found.realized["currency"].unique().tolist() == ["USD"]
    other = ours.reconcile(told(**{**named, "t5": {"currency": "USD", "fee_currency": "EUR"}}))
    assert fields(other) == []  # ours is the account's own: it may be EUR


def test_another_fee_currency_is_named(tmp_path):
    mine = [fill(1, 0, "buy", 100.0, currency="USDT", fee_currency="BNB", commission=0.01)]
    history = recorded(tmp_path, mine)
    found = history.reconcile(told(mine, t1={"fee_currency": "USDT"}))
    assert fields(found) == [["t1", "fee_currency", "BNB", "USDT"]]
    assert found.realized.set_index("figure")["is_equal"].to_dict() == {
        "average": True, "fifo": True, "fees": False,
    }  # fmt: skip


def test_an_unknown_fee_on_both_sides_is_no_difference(tmp_path):
    mine = [fill(1, 0, "buy", 100.0, currency="USDT", fee_currency="BNB", commission=0.01)]
    found = recorded(tmp_path, mine).reconcile(to_table(mine, Fill))
    assert found.is_equal
    assert found.realized["ours"].isna().tolist() == [False, False, True]


def test_the_order_within_a_second_is_ours_where_the_statement_does_not_tell(tmp_path):
    half = timedelta(milliseconds=500)
    mine = [
        fill(1, 0, "buy", 100.0), fill(2, 0, "buy", 110.0, execution_time=START + half),
        fill(3, 0, "sell", 120.0, execution_time=START + half / 2), fill(4, 1, "sell", 120.0),
    ]  # fmt: skip
    seconds = [replace(f, execution_time=f.execution_time.replace(microsecond=0)) for f in mine]
    found = recorded(tmp_path, mine).reconcile(renamed(told(seconds[::-1])))
    assert (counts(found), found.is_equal) == ([4, 0, 0, 0], True)


def test_identical_fills_are_matched_one_by_one(tmp_path):
    same = [fill(n, 0, "buy", 100.0) for n in range(3)]
    history = recorded(tmp_path, same)
    assert counts(history.reconcile(renamed(told(same)))) == [3, 0, 0, 0]
    assert counts(history.reconcile(renamed(told(same[:2])))) == [2, 0, 0, 1]
    assert counts(history.reconcile(renamed(told([*same, fill(9, 0, "buy", 100.0)])))) == [
        3, 0, 1, 0,
    ]  # fmt: skip


def test_a_statement_of_nothing_is_refused(ours):
    with pytest.raises(InvalidArgumentError, match="had neither"):
        ours.reconcile(told([]))


def test_an_account_that_was_never_recorded_is_only_in_the_statement(ours):
    fills = [replace(f, account_id="nobody") for f in OURS]
    assert counts(ours.reconcile(to_table(fills, Fill))) == [0, 0, 6, 0]
