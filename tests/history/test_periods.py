"""Period rows: however a history is cut, stored or sent about, they are the same rows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from perfkit.cluster import map_reduce
from perfkit.errors import InvalidArgumentError, UnknownNameError
from perfkit.history import History
from perfkit.history.period_days import day_cuts
from perfkit.history.period_fills import part_fills
from perfkit.history.period_plan import Question, plan
from perfkit.history.period_reading import period_rows
from perfkit.history.periods import period_table
from perfkit.ledger import TradingClock, combine_equity, daily_equity
from perfkit.ledger.nav import OWNER, SUMMED
from perfkit.metrics import compute
from perfkit.store import Snapshot, TradeStore
from perfkit.tracker import TradeTracker
from tests.history.random_desks import START, bars_of, fills_of, recorded

BY = ["account", "strategy"]
USD = {"convert_to": "USD"}


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("desk"))


def joined(earlier, later):
    return pa.concat_tables([earlier, later])


def computed(uri, size, scheduler=None, **question):
    desk = History(uri, zone="America/New_York", cutoff="17:00").desk
    asked = Question(desk, **({"convert_to": "USD"} | question))
    source, parts, _ = plan(Snapshot.of(TradeStore(uri)), asked, size)
    return map_reduce(period_table, source, parts, joined, scheduler=scheduler), len(parts)


@pytest.mark.parametrize("question", [{}, {"convert_to": None, "currency": "EUR"}])
def test_any_cut_gives_the_same_rows_to_the_last_bit(uri, question):
    whole, one = computed(uri, 10_000, **question)
    smallest, most = computed(uri, 1, **question)
    some, several = computed(uri, 100, **question)
    assert (one, most) == (1, 6)
    assert one < several <= most
    assert whole.equals(smallest)
    assert whole.equals(some)


@pytest.mark.parametrize("question", [{}, {"convert_to": None, "currency": "EUR"}])
@pytest.mark.parametrize("size", [1, 6])
def test_a_strategy_that_is_read_in_pieces_has_the_same_rows_to_the_last_bit(uri, question, size):
    desk = History(uri, zone="America/New_York", cutoff="17:05").desk
    asked = Question(desk, **({"convert_to": "USD"} | question))
    source, parts, _ = plan(Snapshot.of(TradeStore(uri)), asked, 1)
    assert min(part.fills for part in parts) > size
    whole = [period_table(source, part) for part in parts]
    pieces = [period_table(source, part, size) for part in parts]
    assert pieces == whole
    cuts = list(day_cuts(source.snapshot, desk, parts[0].where, size))
    assert len(cuts) > 1
    counts = [part_fills(source, parts[0].where & cut).height for cut in cuts]
    assert sum(counts) == parts[0].fills
    assert max(counts) <= max(size, 6)  # a day is not cut


def test_a_strategy_of_two_currencies_that_is_read_in_pieces_says_so(uri):
    asked = Question(History(uri).desk)
    source, parts, _ = plan(Snapshot.of(TradeStore(uri)), asked, 1)
    for part in parts:
        assert period_table(source, part, 5) == period_table(source, part)
    assert period_table(source, parts[0], 5)["currency"].to_pylist() == ["EUR, USD"]


def test_money_that_a_later_fill_names_is_that_of_the_earlier_ones_in_pieces_too(tmp_path):
    fills = [
        replace(
            fills_of(0)[0], trade_id=f"n{n}", symbol="SAP", side="buy",
            currency=None if n < 2 else "EUR", execution_time=START + timedelta(days=n + 1),
        )
        for n in range(4)
    ]  # fmt: skip
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.record_bars(bars_of(0))
        tracker.record_many(fills)
    asked = Question(History(tmp_path).desk, convert_to="USD")
    source, parts, _ = plan(Snapshot.of(TradeStore(tmp_path)), asked)
    whole = period_table(source, parts[0])
    assert period_table(source, parts[0], 1) == whole
    rates = [row["turnover"] / (fills[0].price * fills[0].volume) for row in whole.to_pylist()]
    assert min(rate for rate in rates if rate) > 1.05  # a euro is 1.1 dollars


def test_a_history_tells_how_far_a_computation_is(uri, tmp_path):
    shutil.copytree(uri, tmp_path / "desk", ignore=shutil.ignore_patterns("periods"))
    told = []
    history = History(tmp_path / "desk")
    history.progress = lambda done, of: told.append((done, of))
    history.metrics(convert_to="USD")
    assert told == [(1, 1)]
    history.metrics(**USD)  # stored by now
    history.as_of(START + timedelta(days=9), START + timedelta(days=99_999)).metrics(**USD)
    assert told == [(1, 1), (1, 1)]


def test_workers_of_dask_give_the_same_rows_to_the_last_bit(uri):
    assert computed(uri, 1, "dask")[0].equals(computed(uri, 1)[0])


@pytest.mark.parametrize("convert_to", ["USD", None])
def test_the_days_are_those_of_the_whole_history_valued_at_once(uri, convert_to):
    history = History(uri)
    select = {} if convert_to else {"currency": "USD"}
    facts, desk = history._facts, history.desk
    closes, fills = facts.closes(), facts.fills(select)
    days = daily_equity(
        fills, closes, facts.cash(select), splits=facts.splits({}), convert_to=convert_to,
        clock=TradingClock(*desk),
    )  # fmt: skip
    for by, columns in ((BY, OWNER), ("account", OWNER[:1]), ((), [])):
        found = history.equity(by, convert_to=convert_to, **select).drop(columns="drawdown")
        pd.testing.assert_frame_equal(found, combine_equity(days, columns), check_exact=True)


def test_every_round_trip_is_counted_once_on_the_day_of_its_exit(uri):
    history = History(uri)
    trips = history.round_trips(convert_to="USD")
    days = pd.DatetimeIndex(history.desk.of(trips["exit_time"]))
    rows = period_rows(TradeStore(uri), Question(history.desk, convert_to="USD"))
    counts = rows.table.to_pandas().set_index([*OWNER, "day"])["tally_0"]
    expected = trips.groupby([trips["account_id"], trips["strategy_id"], days]).size()
    assert counts[counts > 0].to_dict() == expected.to_dict()
    asked = ["trade_count", "win_rate", "profit_factor", "expectancy", "payoff_ratio"]
    table = history.metrics(BY, metrics=asked, convert_to="USD")
    for owner, own in trips.groupby(OWNER):
        by_hand = compute(trades=own["pnl"].to_numpy(), metrics=asked)["value"]
        assert table.loc[owner, asked].tolist() == pytest.approx(by_hand.tolist(), nan_ok=True)
    assert table["trade_count"].sum() == len(trips)


def test_a_span_bounds_trading_days_for_days_and_trips_alike(uri):
    history = History(uri, zone="America/New_York", cutoff="17:00")
    days = pd.DatetimeIndex(history.desk.of(history.round_trips()["exit_time"]))
    table = history.metrics((), start="2024-01-10", end="2024-01-20", convert_to="USD")
    inside = (days >= "2024-01-10") & (days < "2024-01-20")
    assert table.loc["total", "trade_count"] == inside.sum()
    equity = history.equity((), start="2024-01-10", end="2024-01-20", convert_to="USD")
    assert table.loc["total", "net_pnl"] == pytest.approx(equity["pnl"].sum())


def test_other_names_of_the_accounts_change_nothing(uri, tmp_path):
    names = {"a": "z", "b": "m", "c": "d"}
    fills = [replace(fill, account_id=names[fill.account_id]) for fill in fills_of(0)]
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.record_many(fills)
    plain = tmp_path.parent / f"{tmp_path.name}-plain"
    with TradeTracker(plain, market=None, labeler=None) as tracker:
        tracker.record_many(fills_of(0))
    renamed = History(str(tmp_path)).equity(currency="USD")
    first = History(str(plain)).equity(currency="USD")
    first = first.assign(account_id=first["account_id"].map(names))
    first = first.sort_values([*OWNER, "day"], ignore_index=True)
    pd.testing.assert_frame_equal(first, renamed, check_exact=True, check_dtype=False)


def test_who_is_asked_for_alone_is_who_stands_in_the_whole_table(uri):
    history = History(uri)
    whole = history.metrics(BY, convert_to="USD")
    alone = history.metrics(BY, account="c", strategy="trend", convert_to="USD")
    pd.testing.assert_series_equal(alone.iloc[0], whole.loc["c", "trend"], check_exact=True)
    assert len(history.metrics(BY, account=["a", "c"], convert_to="USD")) == 4
    with pytest.raises(UnknownNameError, match="no account 'nobody'; there are a, b, c"):
        history.metrics(BY, account="nobody", convert_to="USD")


def test_a_strategy_of_two_currencies_is_refused_only_when_it_is_asked_for(uri, tmp_path):
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.record_many(fills_of(0)[:60])
        alone = replace(
            fills_of(0)[0], trade_id="one", account_id="usd", symbol="BBB", currency="USD"
        )
        closing = replace(alone, trade_id="two", side="sell" if alone.side == "buy" else "buy",
                          execution_time=START + timedelta(days=1))  # fmt: skip
        tracker.record_many([alone, closing])
    history = History(str(tmp_path))
    assert history.metrics(account="usd")["trade_count"].tolist() == [1.0]
    with pytest.raises(InvalidArgumentError, match="say convert_to='USD'"):
        history.metrics()
    with pytest.raises(InvalidArgumentError, match="was of EUR, USD"):
        history.metrics(start="2030-01-01")


def test_an_account_of_which_all_was_busted_is_nobody_s_neighbour(tmp_path):
    a, b, c = (replace(fills_of(0)[0], account_id=name) for name in "abc")
    bust = replace(b, trade_id="x", record_type="bust", original_trade_id=b.trade_id)
    with TradeTracker(tmp_path, market=None, labeler=None) as tracker:
        tracker.record_many([a, b, c, bust])
    equity = History(str(tmp_path)).equity("account")
    assert equity["account_id"].unique().tolist() == ["a", "c"]
    assert equity["trades"].sum() == 2


def test_days_without_an_own_fill_are_days_still(uri):
    equity = History(uri).equity(BY, convert_to="USD")
    last = equity.groupby(OWNER)["day"].max()
    assert last.nunique() == 1
    assert not equity[SUMMED].isna().any().any()


@pytest.mark.parametrize("desk", [{"zone": "Nowhere"}, {"cutoff": "noon"}, {"cutoff": "25:00"}])
def test_a_desk_that_can_t_be_is_refused(uri, desk):
    with pytest.raises(InvalidArgumentError, match=r"zone must be|cutoff must be"):
        History(uri, **desk).metrics(convert_to="USD")


def test_unknown_keywords_of_metrics_are_refused(uri):
    with pytest.raises(InvalidArgumentError, match=r"was given \['schedular'\]"):
        History(uri).metrics(schedular="dask")
    with pytest.raises(InvalidArgumentError, match="symbols and labels share"):
        History(uri).metrics(symbol="AAA")
    assert np.isfinite(History(uri).metrics((), convert_to="USD", rf=0.03).loc["total", "cagr"])
