"""Laws of daily equity, against the oracle's value of every book at the end of every day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.ledger import Ledger, combine_equity, daily_equity
from tests.ledger import oracle
from tests.strategies import rich_histories

LAW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
METHODS = ["average", "fifo", "lifo", "hifo"]
OWNER = ["account_id", "strategy_id"]
START = datetime(2024, 1, 1, tzinfo=UTC)
AT_MOST = {"XBT": 60_000.0}  # dollars or euros for one; two for any other
PARTS = ["price_pnl", "fx_pnl", "fees", "funding", "dividends"]
MONEY = ["pnl", *PARTS, "market_value", "turnover", "realized_pnl"]


def allowed_of(history, fills):
    """Dollars or euros that dust can be worth in each strategy; rounding where there is none."""
    found = dict.fromkeys([(a, s) for a in "ab" for s in "xy"], 1e-9)
    tolerances = oracle.tolerances(fills, history.splits, history.marks)
    for (account, strategy, money, *rest), own in tolerances.items():
        if rest:
            found[account, strategy] += own * AT_MOST.get(money, 2.0)
    return found


def paid_until(cash, rates, target, until):
    """What cash records made of P&L for each strategy."""
    found = {}
    for row in cash.to_pylist():
        if row["execution_time"] <= until and row["kind"] != "deposit":
            rate = rates.at(row["currency"], target, row["execution_time"])
            owner = row["account_id"], row["strategy_id"]
            found[owner] = found.get(owner, 0.0) + row["amount"] * float(rate)
    return found


@LAW
@given(history=rich_histories(min_size=1), target=st.sampled_from(["USD", "EUR"]))
def test_equity_is_what_the_oracle_says_on_every_day(history, target):
    fills, splits, marks, cash = history[1:]
    equity = daily_equity(fills, marks, cash, splits=splits, convert_to=target)
    rates, allowed = oracle.Rates(marks.to_pylist()), allowed_of(history, fills)
    days = equity.set_index([*OWNER, "day"])
    sums, before = days.groupby(OWNER)[["pnl", "realized_pnl", "fees"]].cumsum(), {}
    for day in sorted(equity["day"].unique()):
        until = day.tz_localize("UTC").to_pydatetime() + timedelta(days=1, microseconds=-1)
        worth, money = oracle.worth_of_books((fills, splits, marks), target, until)
        paid = paid_until(cash, rates, target, until)
        for owner in equity.loc[equity["day"] == day, OWNER].itertuples(index=False, name=None):
            own = {key: worth[key] for key in worth if key[:2] == owner}
            near = {"rel": 1e-9, "abs": allowed[owner]}
            pnl = float(sum(book.pnl for book in own.values())) + paid.get(owner, 0.0)
            assert sums.loc[(*owner, day), "pnl"] == pytest.approx(pnl, **near)
            realized = float(sum(book.realized for book in own.values()))
            assert sums.loc[(*owner, day), "realized_pnl"] == pytest.approx(realized, **near)
            gained = [(b.local - before.get(k, 0), money[k]) for k, b in own.items()]
            price_pnl = sum(gain * rates.at(name, target, until) for gain, name in gained)
            row = days.loc[(*owner, day)]
            assert row["price_pnl"] == pytest.approx(float(price_pnl), **near)
            parts = row["price_pnl"] + row["fx_pnl"] - row["fees"] + row["funding"]
            assert row["pnl"] == pytest.approx(parts + row["dividends"], **near)
        before = {key: book.local for key, book in worth.items()}


@LAW
@given(history=rich_histories(min_size=1, one_currency=True))
def test_in_one_currency_equity_converts_as_a_whole(history):
    marks = history.marks
    is_euro = pc.equal(marks["symbol"], "EUR/USD")
    is_later = pc.greater_equal(marks["time"], pa.scalar(START))
    marks = marks.filter(pc.invert(pc.and_(is_euro, is_later)))  # 1.1 throughout
    fills = without_third_fees(history.intended)
    plain, same, euro = (
        daily_equity(fills, marks, history.cash, splits=history.splits, convert_to=target)
        for target in (None, "USD", "EUR")
    )
    assert (plain["fx_pnl"] == 0.0).all()
    near = {"rel": 1e-9, "abs": sum(allowed_of(history, fills).values())}
    for name in [*MONEY, "flow", "nav", "exposure"]:
        assert same[name].tolist() == pytest.approx(plain[name].tolist(), **near)
        assert euro[name].tolist() == pytest.approx((plain[name] / 1.1).tolist(), **near)


def without_third_fees(fills):
    place = fills.column_names.index("commission")
    free = pc.if_else(pc.is_valid(fills["fee_currency"]), 0.0, fills["commission"])
    return fills.set_column(place, fills.schema.field("commission"), free)


@LAW
@given(history=rich_histories(min_size=1))
def test_strategies_add_up_to_their_account(history):
    fills, splits, marks, cash = history[1:]
    equity = daily_equity(fills, marks, cash, splits=splits, convert_to="USD")
    whole = combine_equity(equity).set_index("day")
    accounts = combine_equity(equity, ["account_id"]).groupby("day")
    near = {"rel": 1e-9, "abs": sum(allowed_of(history, fills).values())}
    for name in [*MONEY, "flow", "exposure", "trades"]:
        assert accounts[name].sum().tolist() == pytest.approx(whole[name].tolist(), **near)


@LAW
@given(
    history=rich_histories(min_size=1),
    ratio=st.sampled_from([2.0, 7.0, 0.1, 1.5]),
    method=st.sampled_from(METHODS),
)
def test_a_split_changes_no_money(history, ratio, method):
    """A history quoted in new units from a moment on makes what it makes in old units."""
    fills = history.intended.filter(pc.is_in(history.intended["symbol"], pa.array(["SAP", "PWR"])))
    moment = START + timedelta(days=2)
    row = {"execution_time": moment, "ratio": ratio}
    names = [(account, symbol) for account in "ab" for symbol in ("SAP", "PWR")]
    rows = [
        row | {"split_id": str(number), "account_id": account, "symbol": symbol}
        for number, (account, symbol) in enumerate(names)
    ]
    splits = pa.Table.from_pylist(rows, schema=history.splits.schema)
    later, later_marks = (
        rescaled(table, time, moment, ratio)
        for table, time in ((fills, "execution_time"), (history.marks, "time"))
    )
    one = Ledger(method, rates=history.marks).apply(fills)
    other = Ledger(method, rates=history.marks, splits=splits).apply(later)
    near = {"rel": 1e-9, "abs": sum(allowed_of(history, fills).values()), "nan_ok": True}
    for name in ("realized_pnl", "fees", "pnl", "cumulative_pnl", "round_trip_pnl"):
        expected = one[name].to_pandas().tolist()
        assert other[name].to_pandas().tolist() == pytest.approx(expected, **near)
    one = daily_equity(fills, history.marks, convert_to="EUR")
    other = daily_equity(later, later_marks, convert_to="EUR", splits=splits)
    for name in MONEY:
        assert other[name].tolist() == pytest.approx(one[name].tolist(), **near)


def rescaled(table, time, moment, ratio):
    """Give prices and volumes of shares from a moment on in units of after a split."""
    is_share = pc.is_in(table["symbol"], pa.array(["SAP", "PWR"]))
    is_after = pc.and_(is_share, pc.greater_equal(table[time], pa.scalar(moment)))
    for name, factor in (("price", 1 / ratio), ("volume", ratio)):
        if name in table.column_names:
            values = pc.if_else(is_after, pc.multiply(table[name], factor), table[name])
            place = table.column_names.index(name)
            table = table.set_column(place, table.schema.field(name), values)
    return table
