"""The backtest: nothing seen early, every cent accounted for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.execution import (
    BacktestEngine,
    BasisPointCommission,
    BasisPointSlippage,
    Breakout,
    Mandate,
    MeanReversion,
    Momentum,
    PaperBroker,
    TradingRules,
    Variant,
    order_volumes,
)
from perfkit.records import CashKind, Fill, arrow_schema, check_table

FREE = PaperBroker(commission=BasisPointCommission(rate=0.0), slippage=BasisPointSlippage())


@dataclass(frozen=True)
class Constant:
    """Holds the same weights from the first close on."""

    weights: tuple[float, ...]
    strategy_id: str = "constant"
    seen: list = field(default_factory=list, compare=False)

    def target_weights(self, so_far):
        self.seen.append(so_far)
        return np.array(self.weights)


def _mandates(*strategies, accounts=("A1",), capital=1e6):
    return [
        Mandate(account_id=account, strategy=strategy, capital=capital)
        for account in accounts
        for strategy in strategies
    ]


def _small():
    return [
        kind
        for v in Variant
        for kind in (
            Momentum(variant=v, formation=60, skip=10),
            MeanReversion(variant=v),
            Breakout(variant=v, entry=20, exit=10),
        )
    ]


def _fills(closes, mandates, **settings):
    months = BacktestEngine(closes, mandates, **settings).batches()
    return pa.concat_tables([arrow_schema(Fill).empty_table(), *months])


@pytest.fixture(scope="module")
def fills(closes):
    return _fills(closes, _mandates(*_small(), accounts=("A1", "A2")))


def test_fills_obey_the_records_rules_and_have_ids_of_their_own(fills):
    check_table(fills, Fill)
    keys = list(zip(fills["account_id"].to_pylist(), fills["trade_id"].to_pylist(), strict=True))
    assert len(set(keys)) == fills.num_rows > 1000
    times = fills["execution_time"].to_numpy()
    assert (np.diff(times) >= np.timedelta64(0)).all()


def test_a_run_is_repeatable_to_the_last_bit(closes, fills):
    assert _fills(closes, _mandates(*_small(), accounts=("A1", "A2"))).equals(fills)


def test_a_strategy_is_shown_nothing_after_its_close(closes):
    spy = Constant((0.1,) * 5)
    _fills(closes, _mandates(spy))
    assert [len(so_far.closes) for so_far in spy.seen] == list(range(1, len(closes) + 1))
    assert np.array_equal(spy.seen[99].closes, closes.to_numpy()[:100])
    assert spy.seen[99].days[-1] == np.datetime64(closes.index[99].date())
    with pytest.raises(ValueError, match="read-only"):
        spy.seen[0].closes[0, 0] = 1.0


@pytest.mark.parametrize("cut", [100, 257, 400])
def test_poisoned_future_prices_change_no_fill_before_them(closes, fills, cut):
    poisoned = closes.copy()
    poisoned.iloc[cut:] = poisoned.iloc[cut:].to_numpy()[:, ::-1] * 37.0
    again = _fills(poisoned, _mandates(*_small(), accounts=("A1", "A2")))
    early = pa.scalar(closes.index[cut], fills["execution_time"].type)
    before = pa.compute.less(fills["execution_time"], early)
    assert pa.compute.sum(before).as_py() > 100
    assert again.filter(pa.compute.less(again["execution_time"], early)).equals(
        fills.filter(before)
    )
    # orders for the poisoned day were decided before it: same volumes, other prices
    at_cut = [t.filter(pa.compute.equal(t["execution_time"], early)) for t in (fills, again)]
    assert at_cut[0].select(["trade_id", "volume"]).equals(at_cut[1].select(["trade_id", "volume"]))


def test_a_decision_is_filled_at_the_next_close(closes):
    fills = _fills(closes, _mandates(Constant((0.2,) * 5)), broker=FREE)
    first = fills.slice(0, 5).to_pylist()
    assert {row["execution_time"] for row in first} == {closes.index[1].to_pydatetime()}
    assert [row["price"] for row in first] == closes.iloc[1].tolist()
    # sized with what was known when it was decided
    assert [row["volume"] for row in first] == [float(200_000 // p) for p in closes.iloc[0]]
    assert first[0]["order_id"] == "constant-20200101-0"


def test_with_opens_a_decision_is_filled_at_the_next_open(closes):
    opens = closes.shift(1).bfill().mul(1.01)
    opens.index = closes.index - pd.Timedelta(hours=6.5)
    fills = _fills(closes, _mandates(Constant((0.2,) * 5)), broker=FREE, opens=opens)
    first = fills.slice(0, 5).to_pylist()
    assert {row["execution_time"] for row in first} == {opens.index[1].to_pydatetime()}
    assert [row["price"] for row in first] == opens.iloc[1].tolist()


def test_every_order_follows_from_plain_bookkeeping(closes):
    """Cash and positions kept by a second, slower hand give the same orders."""
    strategy = MeanReversion()
    broker = PaperBroker(
        commission=BasisPointCommission(rate=3.0, minimum=1.0),
        slippage=BasisPointSlippage(rate=2.0),
    )
    fills = _fills(closes, _mandates(strategy), broker=broker).to_pylist()
    prices, cash, held = closes.to_numpy(), 1e6, dict.fromkeys(closes.columns, 0.0)
    engine = BacktestEngine(closes, _mandates(spy := _Recording(strategy)), broker=broker)
    list(engine.batches())
    done = 0
    for day, weights in enumerate(spy.decided[:-1]):
        if weights is None:
            continue
        worth = cash + sum(held[s] * p for s, p in zip(closes.columns, prices[day], strict=True))
        for place, symbol in enumerate(closes.columns):
            price, weight = prices[day, place], weights[place]
            if abs(weight * worth - held[symbol] * price) <= 0.01 * worth:
                continue
            trade = int(weight * worth / price) - held[symbol]
            fill, market = fills[done], prices[day + 1, place]
            side = 1 if trade > 0 else -1
            assert (fill["symbol"], fill["volume"]) == (symbol, abs(trade))
            assert fill["side"] == ("buy" if trade > 0 else "sell")
            assert fill["price"] == pytest.approx(market * (1 + side * 2e-4), rel=1e-12)
            fee = max(1.0, 3e-4 * abs(trade) * fill["price"])
            assert fill["commission"] == pytest.approx(fee, rel=1e-12)
            cash -= trade * fill["price"] + fill["commission"]
            held[symbol] += trade
            done += 1
    assert done == len(fills) > 300


class _Recording:
    def __init__(self, strategy):
        self._strategy = strategy
        self.strategy_id = strategy.strategy_id
        self.decided = []

    def target_weights(self, so_far):
        self.decided.append(self._strategy.target_weights(so_far))
        return self.decided[-1]


def test_accounts_do_not_touch_each_other(closes, fills):
    alone = _fills(closes, _mandates(*_small(), accounts=("A2",)))
    assert fills.filter(pa.compute.equal(fills["account_id"], "A2")).equals(alone)


def test_drift_is_not_traded_inside_the_band_and_is_outside_of_it(closes):
    mandates = _mandates(Constant((0.2,) * 5))
    quiet = _fills(closes, mandates, rules=TradingRules(no_trade_band=0.5))
    busy = _fills(closes, mandates, rules=TradingRules(no_trade_band=0.0))
    assert quiet.num_rows == 0
    assert _fills(closes, mandates).num_rows < 400 < busy.num_rows


def test_positions_are_whole_shares_or_whole_lots(closes):
    mandates = _mandates(MeanReversion(), capital=5000.0)
    whole = _fills(closes, mandates)["volume"].to_numpy()
    assert (whole == np.round(whole)).all()
    lots = _fills(closes, mandates, rules=TradingRules(lot_size=0.001))["volume"].to_numpy()
    assert (lots != np.round(lots)).any()
    assert lots / 0.001 == pytest.approx(np.round(lots / 0.001), abs=1e-6)


def test_rounding_goes_towards_zero_on_both_sides():
    volumes = order_volumes(
        np.array([0.5, -0.5]), np.zeros(2), np.array([30.0, 30.0]), 100.0, TradingRules()
    )
    assert volumes.tolist() == [1.0, -1.0]


def test_an_exact_number_of_lots_is_not_rounded_down():
    rules = TradingRules(lot_size=0.1)
    volumes = order_volumes(np.array([0.3]), np.zeros(1), np.array([1.0]), 1.0, rules)
    assert volumes == pytest.approx([0.3])


def test_a_position_to_be_closed_is_closed_to_nothing_even_inside_the_band():
    held = np.array([0.1 + 0.2])
    rules = TradingRules(lot_size=0.1, no_trade_band=0.5)
    volumes = order_volumes(np.zeros(1), held, np.array([1.0]), 100.0, rules)
    assert (held + volumes).tolist() == [0.0]


def test_when_nothing_is_left_everything_is_closed():
    volumes = order_volumes(
        np.array([0.5, 0.5]), np.array([10.0, -3.0]), np.array([1.0, 9.0]), -17.0, TradingRules()
    )
    assert volumes.tolist() == [-10.0, 3.0]


class _Notebook:
    def __init__(self):
        self.entries = []

    def record_many(self, fills):
        self.entries.append(fills)

    def record_cash(self, cash):
        self.entries.extend(cash)


def test_a_run_records_deposits_and_then_the_fills_month_by_month(closes):
    tracker, steps = _Notebook(), []
    engine = BacktestEngine(closes, _mandates(MeanReversion(), accounts=("A1", "A2")))
    recorded = engine.run(tracker, progress=lambda done, total: steps.append((done, total)))
    deposits, months = tracker.entries[:2], tracker.entries[2:]
    assert [(d.account_id, d.kind, d.amount) for d in deposits] == [
        ("A1", CashKind.DEPOSIT, 1e6),
        ("A2", CashKind.DEPOSIT, 1e6),
    ]
    assert deposits[0].execution_time < months[0]["execution_time"][0].as_py()
    assert recorded == sum(month.num_rows for month in months)
    spans = [{t.strftime("%Y-%m") for t in m["execution_time"].to_pylist()} for m in months]
    assert all(len(span) == 1 for span in spans)
    assert pa.concat_tables(months).equals(pa.concat_tables(engine.batches()))
    assert steps[-1] == (520, 520)
    assert len(steps) == 24


def test_one_day_has_no_next_close_and_so_no_fill(closes):
    mandates = _mandates(Constant((0.2,) * 5))
    assert list(BacktestEngine(closes.iloc[:1], mandates).batches()) == []


def test_a_broker_that_rejects_and_fills_in_parts_is_told_of_and_waited_for(closes):
    broker = PaperBroker(reject_rate=0.2, partial_rate=0.5, seed=3)
    engine = BacktestEngine(closes, _mandates(MeanReversion(), Breakout()), broker=broker)
    fills = pa.concat_tables(engine.batches())
    assert 0 < len(engine.rejected) < fills.num_rows
    assert {report.status.value for report in engine.rejected} == {"rejected"}
    assert not {r.order_id for r in engine.rejected} & set(fills["order_id"].to_pylist())
    parts = fills.group_by(["strategy_id", "order_id"]).aggregate([("volume", "count")])
    assert max(parts["volume_count"].to_pylist()) > 1
    # an order is ended before the next one of its symbol
    last = {}
    for row in fills.sort_by("execution_time").to_pylist():
        book = (row["strategy_id"], row["symbol"])
        order, seen = last.get(book, (row["order_id"], set()))
        if order != row["order_id"]:
            seen.add(order)
        assert row["order_id"] not in seen
        last[book] = (row["order_id"], seen)


def test_a_delay_of_days_fills_at_the_prices_of_those_days(closes):
    broker = PaperBroker(
        commission=BasisPointCommission(rate=0.0),
        slippage=BasisPointSlippage(),
        delay=pd.Timedelta(days=3).to_pytimedelta(),
    )
    fills = _fills(closes, _mandates(Constant((0.2,) * 5)), broker=broker)
    first = fills.slice(0, 5).to_pylist()
    # decided on Wednesday, given to the broker on Thursday, filled three days later: on Monday's
    # close, since Sunday has none, and Monday's is 21:00 as Thursday's was
    assert {row["execution_time"] for row in first} == {closes.index[3].to_pydatetime()}
    assert [row["price"] for row in first] == closes.iloc[3].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.tz_localize(None), "index must be times with a zone"),
        (lambda f: f.iloc[::-1], "times must rise"),
        (lambda f: f.iloc[:0], "at least one"),
        (lambda f: f.mask(f > f.iloc[9, 0], np.nan), "must be finite and > 0, was nan"),
        (lambda f: f * -1, "must be finite and > 0"),
        (lambda f: f[["A", "A"]], "each symbol must have one column"),
    ],
)
def test_prices_that_can_not_be_traded_are_an_error(closes, change, message):
    with pytest.raises(InvalidArgumentError, match=message):
        BacktestEngine(change(closes), _mandates(MeanReversion()))


@pytest.mark.parametrize(
    ("hours", "message"), [(0, "must lie after the close"), (25, "must lie after the close")]
)
def test_opens_at_the_wrong_time_are_an_error(closes, hours, message):
    opens = closes.set_axis(closes.index - pd.Timedelta(hours=hours))
    with pytest.raises(InvalidArgumentError, match=message):
        BacktestEngine(closes, _mandates(MeanReversion()), opens=opens)
    with pytest.raises(InvalidArgumentError, match="must have the rows and symbols of closes"):
        BacktestEngine(closes, _mandates(MeanReversion()), opens=opens.iloc[1:])


def test_mandates_that_clash_or_make_no_sense_are_an_error(closes):
    with pytest.raises(InvalidArgumentError, match="each account and strategy once"):
        BacktestEngine(closes, _mandates(MeanReversion(), MeanReversion(lookback=9)))
    with pytest.raises(InvalidArgumentError, match="at least one"):
        BacktestEngine(closes, [])
    with pytest.raises(InvalidArgumentError, match="capital must be a finite number > 0"):
        _mandates(MeanReversion(), capital=0.0)
    with pytest.raises(InvalidArgumentError, match="account_id must match"):
        _mandates(MeanReversion(), accounts=("my account",))
    with pytest.raises(InvalidArgumentError, match="at most 45 characters"):
        _mandates(Constant((), strategy_id="s" * 46))


@pytest.mark.parametrize("weights", [(0.2, 0.2), (np.nan,) * 5])
def test_a_strategy_that_answers_nonsense_is_named(closes, weights):
    with pytest.raises(InvalidArgumentError, match="strategy 'constant': weights of 2020-01-01"):
        _fills(closes, _mandates(Constant(weights)))


def test_rules_that_make_no_sense_are_an_error():
    with pytest.raises(InvalidArgumentError, match="lot_size > 0"):
        TradingRules(lot_size=0.0)


def test_a_mandate_that_pays_out_starts_each_year_with_its_first_capital_at_most():
    index = pd.bdate_range("2019-01-02 21:00", "2021-02-26 21:00", tz="UTC")
    rising = pd.DataFrame({"AAA": 100.0 * 1.001 ** np.arange(len(index))}, index=index)
    strategy = Constant((1.0,))
    keeps = Mandate(account_id="keeps", strategy=strategy, capital=1e6)
    pays = Mandate(account_id="pays", strategy=strategy, capital=1e6, pays_out=True)
    recorded = Recorded()
    BacktestEngine(rising, [keeps, pays], broker=FREE).run(recorded)
    paid = [c for c in recorded.cash if c.kind is CashKind.WITHDRAWAL]
    assert [(c.account_id, c.execution_time.year) for c in paid] == [("pays", 2019), ("pays", 2020)]
    year_ends = [rising.index[rising.index.year == year][-1] for year in (2019, 2020)]
    cash, units = 1e6, 0.0
    fills = pa.concat_tables(recorded.fills).to_pandas()
    own = fills[fills["account_id"] == "pays"]
    for withdrawal, end in zip(paid, year_ends, strict=True):
        before = own[(own["execution_time"] <= end)]
        signed = np.where(before["side"] == "buy", 1.0, -1.0) * before["volume"]
        units = signed.sum()
        drawn = sum(w.amount for w in paid if w.execution_time < withdrawal.execution_time)
        cash = 1e6 + drawn - (signed * before["price"]).sum() - before["commission"].sum()
        worth = cash + units * rising.loc[end, "AAA"]
        assert withdrawal.execution_time == end
        assert withdrawal.amount == pytest.approx(1e6 - worth, rel=1e-9)


def test_no_gains_are_paid_out_of_a_losing_year():
    index = pd.bdate_range("2019-01-02 21:00", "2020-02-28 21:00", tz="UTC")
    falling = pd.DataFrame({"AAA": 100.0 * 0.999 ** np.arange(len(index))}, index=index)
    pays = Mandate(account_id="pays", strategy=Constant((1.0,)), capital=1e6, pays_out=True)
    recorded = Recorded()
    BacktestEngine(falling, [pays], broker=FREE).run(recorded)
    assert [c.kind for c in recorded.cash] == [CashKind.DEPOSIT]


class Recorded:
    """Keeps what a run records."""

    def __init__(self):
        self.cash, self.fills = [], []

    def record_cash(self, cash):
        self.cash += cash

    def record_many(self, fills):
        self.fills.append(fills)
