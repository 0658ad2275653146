"""Excursions: what a trip's own units stood at in its own life, and no other's."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError, SchemaError
from perfkit.ledger import round_trips
from perfkit.records import Bar, Mark, to_table
from tests.ledger.conftest import day

MONEY = ["mae", "mfe", "end_trade_drawdown"]
EFFICIENCY = ["entry_efficiency", "exit_efficiency", "total_efficiency"]
INVERSE = {"contract": "inverse", "base_currency": "BTC"}


@pytest.fixture
def bars():
    """Build a table of bars from (day of the close, high, low, close)."""

    def build(*rows, symbol="SPY"):
        return to_table(
            [
                Bar(symbol=symbol, close_time=day(d), high=h, low=low, close=c)
                for d, h, low, c in rows
            ],
            Bar,
        )

    return build


def only(trips):
    (trip,) = trips.to_dict("records")
    return trip


def shown(trip, names=MONEY):
    return pytest.approx([trip[name] for name in names])


# LEAN, Tests/Common/Statistics/TradeBuilderTests.cs, ScaleInScaleOut1Long: its fills and market
# prices, in minutes, and one price (1.085) after its last entry, which it does not have
LEAN_FILLS = [
    (0, "buy", 1000, 1.07),
    (10, "buy", 1000, 1.08),
    (20, "sell", 1000, 1.09),
    (30, "buy", 1000, 1.08),
    (40, "sell", 2000, 1.09),
]
LEAN_PRICES = [(5, 1.075), (12, 1.065), (15, 1.10), (35, 1.085)]


@pytest.fixture
def lean(fills, marks):
    def trips(method, grouping):
        minute = 1 / 1440
        table = fills(*((n * minute, *rest) for n, *rest in LEAN_FILLS))
        prices = marks(*((n * minute, price) for n, price in LEAN_PRICES))
        return round_trips(table, method=method, grouping=grouping, prices=prices)

    return trips


def test_a_trip_has_no_excursion_from_before_its_entry(lean):
    # LEAN asserts -15 and 20 for the last one, which was entered at 1.08 after 1.065 and 1.10
    trips = lean("fifo", "fill_to_fill")
    assert trips["mae"].tolist() == pytest.approx([-5.0, -15.0, 0.0])
    assert trips["mfe"].tolist() == pytest.approx([30.0, 20.0, 10.0])


def test_an_exit_of_several_lots_holds_each_from_its_own_entry_on(lean):
    # LEAN asserts -30 and 40 for the second, as if 2000 had been held at 1.065 and at 1.10
    trips = lean("fifo", "flat_to_reduced")
    assert trips["mae"].tolist() == pytest.approx([-5.0, -15.0])
    assert trips["mfe"].tolist() == pytest.approx([30.0, 20.0])


def test_an_exit_at_the_average_holds_its_part_of_each_entry(lean):
    # the first: 500 at 1.07, 500 at 1.08; the second 500, 500, and 1000 at 1.08 after the peak
    trips = lean("average", "flat_to_reduced")
    assert trips["mae"].tolist() == pytest.approx([-2.5 - 7.5, -2.5 - 7.5])
    assert trips["mfe"].tolist() == pytest.approx([15.0 + 10.0, 15.0 + 10.0])
    assert trips["end_trade_drawdown"].tolist() == pytest.approx([25.0 - 15.0, 0.0])


@pytest.mark.parametrize("method", ["average", "fifo", "lifo", "hifo"])
def test_a_position_stands_at_what_it_realised_and_what_it_still_holds(lean, method):
    # 2000 at 1.075: -20 at 1.065, 50 at 1.10; LEAN asserts -35 and 70, as if 3000 were held
    trip = only(lean(method, "flat_to_flat"))
    assert shown(trip) == [-20.0, 50.0, 10.0]


def test_what_was_sold_is_no_longer_at_risk(fills, marks):
    # LEAN, AllInScaleOutLong, asserts -10 and 60 as if 2000 were held to the end. At 1.065 the
    # trip stood at 10 realised and -5 open, at 1.10 at 10 and 30
    table = fills((0, "buy", 2000, 1.07), (2, "sell", 1000, 1.08), (5, "sell", 1000, 1.09))
    trips = round_trips(table, prices=marks((1, 1.075), (3, 1.065), (4, 1.10)))
    assert shown(only(trips)) == [0.0, 40.0, 10.0]


def test_fees_are_no_excursion(fills, marks):
    # blotter takes them off: its trip begins with an adverse excursion of its commission
    table = fills((0, "buy", 10, 100.0), (2, "sell", 10, 102.0), commission=5.0)
    trip = only(round_trips(table, prices=marks((1, 101.0))))
    assert shown(trip) == [0.0, 20.0, 0.0]
    assert trip["pnl"] == 10.0


def test_a_long_trip_is_as_efficient_as_its_prices_lay_in_the_range(fills, bars):
    # entry 100, exit 104 in a range of 98 to 108: TradeStation's (108 - 100) / 10, (104 - 98) / 10
    prices = bars((-1, 300, 1, 100), (0, 300, 1, 100), (1, 108, 98, 101), (2, 104, 102, 103))
    trip = only(round_trips(fills((0, "buy", 10, 100.0), (2, "sell", 10, 104.0)), prices=prices))
    assert shown(trip) == [-20.0, 80.0, 40.0]
    assert shown(trip, EFFICIENCY) == [0.8, 0.6, 0.4]
    assert trip["excursion_reason"] is None or math.isnan(trip["excursion_reason"])


def test_a_short_trip_is_the_mirror_of_a_long_one(fills, bars):
    prices = bars((0, 300, 1, 100), (1, 108, 98, 101), (2, 104, 102, 103))
    trip = only(round_trips(fills((0, "sell", 10, 100.0), (2, "buy", 10, 104.0)), prices=prices))
    assert shown(trip) == [-80.0, 20.0, 60.0]
    assert shown(trip, EFFICIENCY) == [0.2, 0.4, -0.4]


def test_of_a_bar_that_a_trip_only_touched_no_more_than_its_close_is_known(fills, bars):
    # entered within the second bar and left within the fourth
    prices = bars((0, 101, 99, 100), (1, 150, 50, 101), (2, 110, 95, 102), (3, 200, 10, 103))
    trip = only(round_trips(fills((0.5, "buy", 1, 100), (2.5, "sell", 1, 104)), prices=prices))
    assert shown(trip) == [-5.0, 10.0, 6.0]


def test_of_the_first_bar_only_the_close_is_known(fills, bars):
    table = fills((0, "buy", 1, 100), (2, "sell", 1, 101))
    trip = only(round_trips(table, prices=bars((1, 150, 50, 102))))
    assert shown(trip) == [0.0, 2.0, 1.0]


def test_a_bar_in_which_units_were_bought_is_in_the_range_but_at_no_known_size(fills, bars):
    # 10 at 100, 10 more at 104: of the second bar the close alone, with 20 units held at 102
    table = fills((0, "buy", 10, 100.0), (1.5, "buy", 10, 104.0), (3, "sell", 20, 106.0))
    prices = bars((0, 1, 1, 100), (1, 103, 97, 102), (2, 120, 90, 105), (3, 107, 103, 106))
    trip = only(round_trips(table, prices=prices))
    assert shown(trip) == [-30.0, 100.0, 20.0]
    assert shown(trip, EFFICIENCY) == [(120 - 102) / 30, (106 - 90) / 30, 4 / 30]


def test_a_price_at_the_moment_of_the_exit_counts_and_at_that_of_the_entry_not(fills, marks):
    table = fills((0, "buy", 1, 100), (2, "sell", 1, 101))
    trip = only(round_trips(table, prices=marks((0, 50), (1, 100.5), (2, 110))))
    assert shown(trip) == [0.0, 10.0, 9.0]


def test_closes_stand_for_highs_and_lows_that_are_not_known(fills, bars):
    table = fills((0, "buy", 1, 100), (3, "sell", 1, 101))
    unknown = bars((0, None, None, 100), (1, None, None, 98), (2, 105, None, 103))
    trip = only(round_trips(table, prices=unknown))
    assert shown(trip) == [-2.0, 5.0, 4.0]
    closes = unknown.select(["symbol", "close_time", "close"])
    assert shown(only(round_trips(table, prices=closes))) == [-2.0, 3.0, 2.0]


def test_a_split_within_the_life_is_no_excursion(fills, bars, splits):
    # 10 at 400 become 40 at 100; the low of 95 is 380 before it, the high of 105 is 420
    table = fills((0, "buy", 10, 400.0), (4, "sell", 40, 102.0))
    prices = bars((0, 9, 9, 400), (1, 410, 390, 400), (2, 105, 95, 101), (3, 103, 100, 102))
    trip = only(round_trips(table, splits=splits((1.5, 4.0)), prices=prices))
    assert shown(trip) == [10 * (380 - 400), 10 * (420 - 400), 10 * (420 - 408)]
    assert shown(trip, EFFICIENCY) == [20 / 40, 28 / 40, 8 / 40]


def test_a_split_is_of_the_account_that_recorded_it(fills, bars, splits):
    def trade(account, sold, price):
        rows = (0, "buy", 10, 400.0), (4, "sell", sold, price)
        named = ((*row, {"trade_id": f"{account}-{n}"}) for n, row in enumerate(rows))
        return fills(*named, account_id=account)

    both = pa.concat_tables([trade("main", 40, 100.0), trade("other", 10, 400.0)])
    prices = bars((0, 9, 9, 400), (3, 100, 100, 100))
    trips = round_trips(both, splits=splits((2, 4.0)), prices=prices).set_index("account_id")
    assert trips["mae"].to_dict() == {"main": 0.0, "other": -3000.0}


def test_an_inverse_contract_stands_at_what_it_is_worth_in_its_coin(fills, bars):
    # 100 contracts of 1 USD from 50,000: 100 * (1 / 50,000 - 1 / price)
    table = fills((0, "buy", 100, 50_000.0), (2, "sell", 100, 55_000.0), **INVERSE)
    prices = bars((0, 5e4, 5e4, 5e4), (1, 60_000, 40_000, 50_000))
    trip = only(round_trips(table, prices=prices))
    worst, best = 100 * (1 / 50_000 - 1 / 40_000), 100 * (1 / 50_000 - 1 / 60_000)
    gained = 100 * (1 / 50_000 - 1 / 55_000)
    assert shown(trip) == [worst, best, best - gained]
    assert trip["total_efficiency"] == pytest.approx(gained / (best - worst))


def test_the_contract_size_is_in_the_money(fills, marks):
    table = fills((0, "sell", 2, 4500.0), (2, "buy", 2, 4490.0), multiplier=50.0)
    trip = only(round_trips(table, prices=marks((1, 4510.0))))
    assert shown(trip) == [-1000.0, 1000.0, 0.0]


def test_both_trips_of_a_flip_have_their_own_prices(fills, marks):
    # LEAN, ReversalLongToShort: 0 and 10, then -20 and 15
    table = fills((0, "buy", 1000, 1.07), (2, "sell", 2000, 1.08), (5, "buy", 1000, 1.09))
    trips = round_trips(table, prices=marks((1, 1.075), (3, 1.065), (4, 1.10)))
    assert trips["mae"].tolist() == pytest.approx([0.0, -20.0])
    assert trips["mfe"].tolist() == pytest.approx([10.0, 15.0])


def test_without_a_price_in_its_life_nothing_is_known_of_a_trip(fills, marks):
    table = fills((0, "buy", 1, 100.0), (1, "sell", 1, 101.0), (5, "buy", 1, 1), (9, "sell", 1, 1))
    for prices in (None, marks(), marks((0, 99.0), (2, 98.0), (7, 1.0, "QQQ"))):
        trips = round_trips(table, prices=prices)
        assert trips[[*MONEY, *EFFICIENCY]].isna().all(axis=None)
        assert trips["excursion_reason"].tolist() == ["no_prices", "no_prices"]


def test_where_the_price_never_moved_nothing_could_be_efficient(fills, marks):
    table = fills((0, "buy", 1, 100.0), (2, "sell", 1, 100.0))
    trip = only(round_trips(table, prices=marks((1, 100.0))))
    assert (trip["mae"], trip["mfe"], trip["excursion_reason"]) == (0.0, 0.0, "no_range")
    assert np.isnan([trip[name] for name in EFFICIENCY]).all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda t: t.drop_columns("price"), SchemaError, r"missing \['price'\]"),
        (lambda t: t.rename_columns(["symbol", "close_time", "price"]), SchemaError, "'close'"),
        (
            lambda t: t.set_column(1, "time", t["time"].cast(pa.timestamp("us"))),
            SchemaError,
            "must be a timestamp with a zone",
        ),
        (
            lambda t: t.set_column(2, "price", pa.array([math.nan])),
            InvalidArgumentError,
            r"'SPY'.*price must be a finite number, was nan; leave out",
        ),
        (
            lambda t: t.set_column(1, "time", pa.array([None], pa.timestamp("us", "UTC"))),
            InvalidArgumentError,
            "time of a price must be known, was null in 1 rows",
        ),
    ],
)
def test_prices_that_cannot_be_read_are_refused(fills, marks, change, error, message):
    table = fills((0, "buy", 1, 100.0), (2, "sell", 1, 100.0))
    with pytest.raises(error, match=message):
        round_trips(table, prices=change(marks((1, 100.0))))


def test_a_high_without_end_is_refused(fills, bars):
    prices = bars((1, 2.0, 1.0, 1.0))
    prices = prices.set_column(prices.column_names.index("high"), "high", pa.array([math.inf]))
    with pytest.raises(InvalidArgumentError, match=r"bar of 'SPY'.*high must be a finite"):
        round_trips(fills((0, "buy", 1, 1.0), (2, "sell", 1, 1.0)), prices=prices)


def test_an_inverse_contract_has_no_price_of_nothing(fills, marks):
    table = fills((0, "buy", 100, 5e4), (2, "sell", 100, 5e4), **INVERSE)
    with pytest.raises(InvalidArgumentError, match=r"'SPY' must be > 0.*one was 0.0"):
        round_trips(table, prices=marks((1, 0.0)))


def test_marks_of_other_symbols_and_any_order_change_nothing(fills):
    table = fills((0, "buy", 1, 100.0), (4, "sell", 1, 100.0))
    rows = [(3, 90.0, "SPY"), (1, 110.0, "SPY"), (2, 1.0, "QQQ"), (1, 105.0, "SPY")]
    prices = to_table([Mark(symbol=s, time=day(d), price=p) for d, p, s in rows], Mark)
    trip = only(round_trips(table, prices=prices))
    assert shown(trip) == [-10.0, 10.0, 10.0]
