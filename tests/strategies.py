"""Hypothesis strategies: random histories of fills."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import strategies as st

from perfkit.records import Fill, Side, to_table

__all__ = ["fill_tables", "prices"]

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
