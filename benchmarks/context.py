"""Contexts and labels of trades: one at a time, in batches as a desk records, and in bulk.

The peer computes the same figures with TA-Lib and pandas and joins them with
`pandas.merge_asof`; it knows no sessions, no levels, no news and no reasons. What the two
have in common is compared before anything is timed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.timing import machine, median_seconds
from perfkit.labels import LabelGenerator
from perfkit.ledger import Ledger
from perfkit.market import INTRADAY, MarketState, context_asof
from perfkit.records import Bar, Fill, NewsEvent, conform

if TYPE_CHECKING:
    from collections.abc import Callable

SYMBOLS, DAYS, MINUTES = 50, 5, 390
TRADES, BATCH, EVENTS = 500_000, 80, 500
OPEN = np.datetime64("2024-03-04T14:30", "us")  # a Monday, 9:30 in New York
CALENDAR = "XNYS"
# volume against the bars before, for five days hold no twenty bars of one minute
DEFINITION = INTRADAY._replace(name="bench", volume_bucket=1440)
ROW = "  {:<52} {:<16} {:>14} {:>12}"
SHARED = ("close", "moving_average", "atr", "channel_high", "channel_low", "volatility", "adx",
          "momentum", "zscore", "relative_volume")  # fmt: skip


def minutes() -> pa.Table:
    """Make a week of minute bars of 50 symbols."""
    rng = np.random.default_rng(7)
    times = OPEN + _minutes(np.arange(1, MINUTES + 1))
    times = np.concatenate([times + np.timedelta64(day, "D") for day in range(DAYS)])
    n = len(times) * SYMBOLS
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 5e-4, (len(times), SYMBOLS)), axis=0)).ravel()
    columns = {
        "symbol": _symbols(np.tile(np.arange(SYMBOLS), len(times))),
        "close_time": _times(np.repeat(times, SYMBOLS)),
        "high": close + rng.random(n) / 10,
        "low": close - rng.random(n) / 10,
        "close": close,
        "volume": rng.integers(1, 100, n) * 100.0,
    }
    return conform(pa.table(columns), Bar)


def fills(count: int) -> pa.Table:
    """Make trades over the week, in the order of their times, with their books."""
    rng = np.random.default_rng(11)
    seconds = np.sort(rng.integers(0, MINUTES * 60 * DAYS, count))
    day, second = np.divmod(seconds, MINUTES * 60)
    columns = {
        "trade_id": pa.array(np.arange(count)).cast(pa.string()),
        "account_id": pa.array(["account"] * count),
        "strategy_id": pa.array(["strategy"] * count),
        "execution_time": _times(OPEN + day * np.timedelta64(1, "D") + second * 1_000_000),
        "symbol": _symbols(rng.integers(0, SYMBOLS, count)),
        "side": np.where(rng.random(count) < 0.5, "buy", "sell"),
        "price": 100.0 + rng.normal(0, 1, count),
        "volume": rng.integers(1, 100, count) * 1.0,
        "commission": rng.random(count),
    }
    table = conform(pa.table(columns), Fill)
    books = Ledger().apply(table)
    new = [name for name in books.column_names if name not in table.column_names]
    return pa.table({**dict(_columns(table)), **dict(_columns(books.select(new)))})


def events() -> pa.Table:
    """Make news of the week, told a day before."""
    rng = np.random.default_rng(13)
    times = OPEN + _minutes(rng.integers(0, 24 * 60 * DAYS, EVENTS))
    of_all = rng.random(EVENTS) < 0.1
    columns = {
        "event_id": pa.array([f"event-{n}" for n in range(EVENTS)]),
        "event_time": _times(times),
        "known_at": _times(times - np.timedelta64(1, "D")),
        "symbol": pa.array(
            [None if a else f"SYM{n % SYMBOLS}" for n, a in enumerate(of_all)], pa.string()
        ),
    }
    return conform(pa.table(columns), NewsEvent)


def peer_figures(bars: pd.DataFrame) -> pd.DataFrame:
    """Compute the figures of each symbol with TA-Lib and pandas."""
    import talib

    d, parts = DEFINITION, []
    for _, frame in bars.groupby("symbol", sort=False):
        close, high, low = (frame[name].to_numpy() for name in ("close", "high", "low"))
        square = pd.Series(np.diff(np.log(close)) ** 2)
        seeded = pd.concat([pd.Series([square[: d.decay_seed].mean()]), square[d.decay_seed :]])
        ewma = np.sqrt(seeded.ewm(alpha=1 - d.decay, adjust=False).mean().to_numpy())
        volatility = np.concatenate([np.full(d.decay_seed, np.nan), ewma])
        mean = talib.SMA(close, d.average)
        part = frame.assign(
            moving_average=mean,
            zscore=(close - mean) / talib.STDDEV(close, d.average),
            atr=talib.ATR(high, low, close, d.atr),
            adx=talib.ADX(high, low, close, d.adx),
            fast_average=talib.EMA(close, d.average),
            slow_average=talib.EMA(close, d.slow_average),
            momentum=talib.ROCP(close, d.momentum),
            channel_high=pd.Series(talib.MAX(high, d.channel), frame.index).shift(),
            channel_low=pd.Series(talib.MIN(low, d.channel), frame.index).shift(),
            volatility=volatility,
            volatility_rank=pd.Series(volatility, frame.index).rolling(d.rank + 1).rank(pct=True),
            relative_volume=frame["volume"] / frame["volume"].rolling(d.volume).median().shift(),
        )
        parts.append(part)
    return pd.concat(parts).sort_values("close_time", kind="stable")


def peer_contexts(trades: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Join the last figures before each trade."""
    return pd.merge_asof(
        trades, figures, left_on="execution_time", right_on="close_time", by="symbol"
    )


def main() -> None:
    bars, news, trades = minutes(), events(), fills(TRADES)
    frame = bars.select(["symbol", "close_time", "high", "low", "close", "volume"]).to_pandas()
    asked = trades.select(["symbol", "execution_time"]).to_pandas()
    figures = peer_figures(frame)
    state = _state(bars, news)
    _compare(state, trades, peer_contexts(asked, figures))
    print(f"machine: {machine()}")
    print(f"{SYMBOLS} symbols, {bars.num_rows:,} minute bars, {news.num_rows} events, {CALENDAR}")
    _print_live(trades, bars, news, figures)
    own = _print_bulk(state, trades, bars, news)
    ready = median_seconds(lambda: peer_contexts(asked, figures), runs=3)
    both = median_seconds(lambda: peer_contexts(asked, peer_figures(frame)), runs=3)
    peer = "pandas, TA-Lib"
    print(ROW.format("the shared figures, ready, joined", peer, *_speed(ready)))
    print(ROW.format("the shared figures from bars, joined", peer, *_speed(both)))
    print(f"  from bars: the peer takes {both / own:.1f} x as long, for what the two share")


def _state(bars: pa.Table, news: pa.Table) -> MarketState:
    state = MarketState(CALENDAR, definition=DEFINITION)
    state.on_bars(bars)
    state.on_news(news)
    return state


def _print_live(trades: pa.Table, bars: pa.Table, news: pa.Table, figures: pd.DataFrame) -> None:
    label = LabelGenerator()

    def contexts(state: MarketState, batch: pa.Table) -> object:
        return state.contexts(batch["symbol"], batch["execution_time"])

    def everything(state: MarketState, batch: pa.Table) -> object:
        return label.generate(batch, contexts(state, batch))

    def peer(_: MarketState, batch: pa.Table) -> object:
        return peer_contexts(batch.select(["symbol", "execution_time"]).to_pandas(), figures)

    print("\n" + ROW.format("as trades and bars come", "who", "p50 ms", "p99 ms"))
    medians = {}
    for what, who, act, count in (
        ("context of one trade", "perfkit", contexts, 1),
        ("context and all labels of one trade", "perfkit", everything, 1),
        (f"context of {BATCH} trades", "perfkit", contexts, BATCH),
        (f"context and all labels of {BATCH} trades", "perfkit", everything, BATCH),
        ("merge_asof of one trade, figures ready", "pandas", peer, 1),
    ):
        p50, p99 = _percentiles(act, trades, count, bars, news)
        print(ROW.format(what, who, f"{p50:.3f}", f"{p99:.3f}"))
        medians[act] = medians.get(act, p50)
    print(f"  one trade: the peer takes {medians[peer] / medians[contexts]:.1f} x as long")


def _percentiles(
    act: Callable[[MarketState, pa.Table], object],
    trades: pa.Table,
    count: int,
    bars: pa.Table,
    news: pa.Table,
) -> tuple[float, float]:
    trades = _in_a_flood(trades.slice(0, max(8_000, 250 * count)))
    closes, times = (c.to_numpy() for c in (bars["close_time"], trades["execution_time"]))
    fed = int(closes.searchsorted(times[0], side="right"))
    state, taken = _state(bars.slice(0, fed), news), []
    symbols = trades["symbol"].unique()
    state.contexts(symbols, trades["execution_time"].slice(0, len(symbols)))  # the desk is open
    for start in range(0, trades.num_rows - count, count):
        # what has closed by the last of these trades is delivered before they are asked about
        closed = int(closes.searchsorted(times[start + count - 1], side="right"))
        if closed > fed:
            state.on_bars(bars.slice(fed, closed - fed))
        fed, batch = closed, trades.slice(start, count)
        begin = time.perf_counter()
        act(state, batch)
        taken.append(time.perf_counter() - begin)
    p50, p99 = np.percentile(taken, [50, 99])
    return float(p50) * 1e3, float(p99) * 1e3


def _print_bulk(state: MarketState, trades: pa.Table, bars: pa.Table, news: pa.Table) -> float:
    label, terms = LabelGenerator(), {"calendar": CALENDAR, "definition": DEFINITION}
    context = state.contexts(trades["symbol"], trades["execution_time"])
    print("\n" + ROW.format(f"{TRADES:,} trades at once", "who", "trades/s", "seconds"))
    for what, act in (
        ("contexts", lambda: state.contexts(trades["symbol"], trades["execution_time"])),
        ("all labels", lambda: label.generate(trades, context)),
        ("contexts and all labels", lambda: _everything(state, label, trades)),
        ("context_asof, figures from bars", lambda: context_asof(trades, bars, news=news, **terms)),
    ):
        seconds = median_seconds(act, runs=3)
        print(ROW.format(what, "perfkit", *_speed(seconds)))
    return seconds


def _everything(state: MarketState, label: LabelGenerator, trades: pa.Table) -> object:
    return label.generate(trades, state.contexts(trades["symbol"], trades["execution_time"]))


def _compare(state: MarketState, trades: pa.Table, peer: pd.DataFrame) -> None:
    own = state.contexts(trades["symbol"], trades["execution_time"]).to_pandas()
    for name in SHARED:
        known = own[name].notna()
        np.testing.assert_allclose(own[name][known], peer[name][known], rtol=1e-6, err_msg=name)


def _in_a_flood(trades: pa.Table) -> pa.Table:
    """Let trades follow each other as 10,000 a second do, over the close of the last bar."""
    first = OPEN + np.timedelta64(DAYS - 1, "D") + _minutes(np.array(MINUTES))
    number = np.arange(trades.num_rows) - trades.num_rows // 2
    place = trades.column_names.index("execution_time")
    times = _times(first + number * np.timedelta64(100, "us"))
    return trades.set_column(place, "execution_time", times)


def _speed(seconds: float) -> tuple[str, str]:
    return f"{TRADES / seconds:,.0f}", f"{seconds:.2f}"


def _columns(table: pa.Table) -> zip[tuple[str, pa.ChunkedArray]]:
    return zip(table.column_names, table.columns, strict=True)


def _symbols(number: np.ndarray) -> pa.Array:
    return pa.array([f"SYM{n}" for n in range(SYMBOLS)]).take(pa.array(number))


def _minutes(number: np.ndarray) -> np.ndarray:
    return number * np.timedelta64(60_000_000, "us")


def _times(times: np.ndarray) -> pa.Array:
    return pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))


if __name__ == "__main__":
    main()
