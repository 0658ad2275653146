"""Hypothesis strategies: random histories of fills."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
from hypothesis import strategies as st

from perfkit.records import CashRecord, Fill, Mark, Side, SplitRecord, to_table

__all__ = ["RichHistory", "fill_tables", "prices", "rich_histories"]

_START = datetime(2024, 1, 1, tzinfo=UTC)

prices = st.one_of(
    st.sampled_from([-37.63, 0.0, 0.01, 1.0, 99.5, 100.0]),
    st.floats(-100.0, 1000.0, allow_nan=False).map(lambda x: round(x, 4)),
)
_commissions = st.sampled_from([0.0, 0.0, 1.0, 0.35, -0.2])
# Lots of a unit meet again, so positions become flat and flip often.
_units = st.sampled_from([1.0, 0.1, 1 / 3, 1e-8, 250.0])
_multipliers = st.sampled_from([1.0, 100.0, 0.01])


@st.composite
def fill_tables(draw: st.DrawFn, *, min_size: int = 0, max_size: int = 40) -> pa.Table:
    """Draw a table of new fills in canonical order.

    Several accounts, strategies and symbols; longs, shorts and flips; partial closes;
    fractional and tiny quantities; negative prices; fees and rebates; equal times. A
    symbol has one multiplier, a book one unit.
    """
    multiplier = {symbol: draw(_multipliers) for symbol in ("ES", "BTC-USD", "PWR")}
    unit = draw(st.fixed_dictionaries(dict.fromkeys(multiplier, _units)))
    book = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(list(unit)))
    minutes = st.lists(st.integers(0, 10_000), min_size=min_size, max_size=max_size).map(sorted)
    rows = []
    for number, minute in enumerate(draw(minutes)):
        account, strategy, symbol = draw(book)
        fill = Fill(
            trade_id=f"T{number}",
            account_id=account,
            strategy_id=strategy,
            execution_time=_START + timedelta(minutes=minute),
            symbol=symbol,
            side=draw(st.sampled_from(Side)),
            price=draw(prices),
            volume=unit[symbol] * draw(st.integers(1, 5)),
            commission=draw(_commissions),
            multiplier=multiplier[symbol],
        )
        rows.append(fill)
    return to_table(rows, Fill)


class RichHistory(NamedTuple):
    """A history as it was recorded, and the fills as they should have been.

    ``recorded`` has corrections, busts and late fills, in no order, numbered by
    ``sequence``; ``intended`` has new fills alone, in canonical order. The same splits,
    marks (exchange rates too, from before the first fill on) and cash belong to both.
    """

    recorded: pa.Table
    intended: pa.Table
    splits: pa.Table
    marks: pa.Table
    cash: pa.Table


_INSTRUMENTS: dict[str, dict[str, Any]] = {
    "ES": {"currency": "USD", "multiplier": 50.0},
    "SAP": {"currency": "EUR"},
    "PWR": {"currency": "EUR", "multiplier": 0.01},
    "ETH/USDT": {"currency": "USDT", "base_currency": "ETH"},
    "XBTUSD": {"currency": "USD", "base_currency": "XBT", "contract": "inverse"},
}
_ONE_CURRENCY = {"ES": {"currency": "USD", "multiplier": 50.0}, "SPY": {"currency": "USD"}}
_RATES = {"EUR/USD": 1.1, "USD/USDT": 0.99, "BNB/USD": 300.0, "XBT/USD": 40_000.0}
# Four days of few moments, so that fills, splits and marks meet.
_hours = st.integers(0, 16).map(lambda number: 6 * number)
_lots = st.sampled_from([1.0, 0.1, 1 / 3, 1e-15, 250.0, 1e10])
_sizes = st.one_of(st.integers(1, 5), st.sampled_from([10**6, 3 * 10**6]))
_above_zero = st.one_of(
    st.sampled_from([0.01, 1.0, 100.0]), st.integers(1, 9999).map(lambda x: x / 8)
)
_any_price = st.one_of(_above_zero, st.sampled_from([0.0, -37.63, -1.0]))
_ratios = st.sampled_from([2.0, 7.0, 0.1, 1.5])
_fees = st.sampled_from(["none", "quote", "rebate", "base", "all", "third"])
_fates = st.sampled_from(["kept"] * 5 + ["corrected", "corrected twice", "busted"])


@st.composite
def rich_histories(
    draw: st.DrawFn, *, min_size: int = 0, max_size: int = 25, one_currency: bool = False
) -> RichHistory:
    """Draw a history of all that can happen to a book.

    Linear and inverse contracts in three currencies; fees in quote, asset (all that was
    bought at times) and third currency, rebates; splits, of which some come at the time of a fill,
    before the first or after the last; self-trades; quantities from 1e-15 to 1e17; flips,
    corrections, busts, late fills, equal times, and rows in no order.
    """
    instruments = _ONE_CURRENCY if one_currency else _INSTRUMENTS
    lots = draw(st.fixed_dictionaries(dict.fromkeys(instruments, _lots)))
    names = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from([*instruments]))
    books = draw(st.lists(names, min_size=1, max_size=4))
    fills: list[Fill] = []
    for number in range(draw(st.integers(min_size, max_size))):
        book = draw(st.sampled_from(books))
        fills.append(draw(_fills(number, book, instruments[book[2]], lots[book[2]])))
        if draw(st.integers(0, 9)) == 0:
            fills.append(_other_side(fills[-1], strategy=draw(st.sampled_from("xy"))))
    records, intended = _with_fates(draw, fills)
    order = draw(st.permutations(range(len(records))))
    return RichHistory(
        recorded=_numbered(records, range(len(records))).take(pa.array(order, pa.int64())),
        intended=_canonical(intended),
        splits=to_table(draw(_splits(list(instruments))), SplitRecord),
        marks=to_table(draw(_marks(list(instruments))), Mark),
        cash=to_table(draw(_cash(one_currency)), CashRecord),
    )


@st.composite
def _fills(
    draw: st.DrawFn, number: int, book: tuple[str, str, str], terms: dict[str, Any], lot: float
) -> Fill:
    (account, strategy, symbol), volume = book, lot * draw(_sizes)
    is_positive = terms.get("contract") == "inverse" or "/" in symbol
    fee = draw(_fees)
    paid: dict[str, Any] = {}
    if fee in {"quote", "rebate"}:
        paid = {"commission": 1.25 if fee == "quote" else -0.2}
        if terms.get("contract") == "inverse":
            paid["fee_currency"] = terms["base_currency"]
    elif fee == "third":
        paid = {"commission": 0.001, "fee_currency": "BNB"}
    elif fee in {"base", "all"} and terms.get("base_currency") == "ETH":
        paid = {"commission": volume * (0.001 if fee == "base" else 1.0), "fee_currency": "ETH"}
    return Fill(
        trade_id=f"T{number}",
        account_id=account,
        strategy_id=strategy,
        execution_time=_START + timedelta(hours=draw(_hours)),
        symbol=symbol,
        side=draw(st.sampled_from(Side)),
        price=draw(_above_zero if is_positive else _any_price),
        volume=volume,
        **terms,
        **paid,
    )


def _changed(fill: Fill, **changes: Any) -> Fill:
    names = [field.name for field in dataclasses.fields(Fill)]
    return Fill(**({name: getattr(fill, name) for name in names} | changes))


def _other_side(fill: Fill, strategy: str) -> Fill:
    side = Side.SELL if fill.side == Side.BUY else Side.BUY
    return _changed(fill, trade_id=f"{fill.trade_id}.self", side=side, strategy_id=strategy)


def _with_fates(draw: st.DrawFn, fills: list[Fill]) -> tuple[list[Fill], list[tuple[int, Fill]]]:
    """Give all records in the order in which they became known, and what counts in the end."""
    records, later, intended = list(fills), [], []
    for number, fill in enumerate(fills):
        fate = draw(_fates)
        point = {"record_type": "correct", "original_trade_id": fill.trade_id}
        if fate == "busted":
            later.append(
                _changed(fill, **point | {"trade_id": f"B{number}", "record_type": "bust"})
            )
            continue
        right = fill
        if fate == "corrected twice":
            later.append(_changed(fill, **point, trade_id=f"C{number}", price=7.0, volume=3.0))
            point["original_trade_id"] = f"C{number}"
        if fate != "kept":
            moved = _START + timedelta(hours=draw(_hours))
            right = _changed(fill, volume=2 * fill.volume, execution_time=moved)
            later.append(_changed(right, **point, trade_id=f"D{number}"))
        intended.append((number, right))
    return records + later, intended


def _numbered(records: list[Fill], numbers: Any) -> pa.Table:
    return to_table(records, Fill).append_column("sequence", pa.array(numbers, pa.int64()))


def _canonical(fills: list[tuple[int, Fill]]) -> pa.Table:
    fills = sorted(fills, key=lambda row: (row[1].execution_time, row[0]))
    return _numbered([fill for _, fill in fills], [number for number, _ in fills])


@st.composite
def _splits(draw: st.DrawFn, symbols: list[str]) -> list[SplitRecord]:
    rows = st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(symbols),
        st.one_of(_hours, st.sampled_from([-1, 97])),
        _ratios,
    )
    return [
        SplitRecord(
            split_id=f"S{number}",
            account_id=account,
            symbol=symbol,
            execution_time=_START + timedelta(hours=hour),
            ratio=ratio,
        )
        for number, (account, symbol, hour, ratio) in enumerate(draw(st.lists(rows, max_size=4)))
    ]


@st.composite
def _marks(draw: st.DrawFn, symbols: list[str]) -> list[Mark]:
    moves = st.tuples(st.sampled_from(list(_RATES)), _hours, st.sampled_from([0.9, 1.05, 1.3]))
    prices = st.tuples(st.sampled_from(symbols), _hours, _above_zero)
    known = [(name, -1, rate) for name, rate in _RATES.items()]
    known += [
        (name, hour, _RATES[name] * move) for name, hour, move in draw(st.lists(moves, max_size=6))
    ]
    known += draw(st.lists(prices, max_size=6, unique_by=lambda row: row[:2]))
    unique = {row[:2]: row for row in known}
    return [
        Mark(symbol=symbol, time=_START + timedelta(hours=hour), price=price)
        for symbol, hour, price in unique.values()
    ]


@st.composite
def _cash(draw: st.DrawFn, one_currency: bool) -> list[CashRecord]:
    kinds = ["deposit", "funding", "borrow", "interest", "dividend", "fee", "tax"]
    rows = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), _hours, st.sampled_from(kinds))
    money = ["USD"] if one_currency else ["USD", "EUR", "XBT"]
    return [
        CashRecord(
            cash_id=f"C{number}",
            account_id=account,
            strategy_id=strategy,
            execution_time=_START + timedelta(hours=hour),
            kind=kind,
            amount=50.0 if kind == "deposit" else draw(st.sampled_from([-3.5, 0.25])),
            currency=draw(st.sampled_from(money)),
        )
        for number, (account, strategy, hour, kind) in enumerate(draw(st.lists(rows, max_size=4)))
    ]
