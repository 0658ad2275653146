"""`perfkit demo`: the main job on real prices, from strategies to the report.

Everything goes the way it goes live: a broker fills orders, the tracker
labels and journals the fills, the history answers, the report is run.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from perfkit.cli.doubting import evidence_table
from perfkit.cli.questions import attribution_table, metrics_table
from perfkit.cli.terminal import progress, say
from perfkit.errors import StoreError

__all__ = ["demo"]

BENCHMARK = "SP500"
ZONE = "America/New_York"
SURVIVORS = (
    "The prices are those of 20 companies that were large in 2022, so they had survived and "
    "grown: the long-only figures say more about that choice than about the strategies. The "
    "stocks' prices include dividends, the index's do not."
)
_MARKER = "demo.json"


class Desk(NamedTuple):
    """One account of the demonstration: its capital a strategy, and which ones it runs."""

    account_id: str
    capital: float
    variants: tuple[str, ...]


# A large, a middling and a small account: the same rules, other shares of commission.
DESKS = (
    Desk("flagship", 2_000_000.0, ("long-short", "long-only")),
    Desk("family", 500_000.0, ("long-only",)),
    Desk("pilot", 100_000.0, ("long-short",)),
)


def demo(
    into: Annotated[Path, typer.Option(help="Folder for the history and the report.")] = Path(
        "data/demo"
    ),
) -> None:
    """Run textbook strategies over 33 years of real prices, and report on them."""
    started = time.perf_counter()
    _clear(into)
    fills = _record(into)
    _answer(into)
    pages = _report(into)
    seconds = time.perf_counter() - started
    say(f"\n{fills:,} fills recorded, labelled, measured and reported in {seconds:.0f} s\n", "bold")
    say(f"{SURVIVORS}\n")
    say(f"history   {into}          perfkit summary {into}")
    for page in pages:
        say(f"report    {page}")
    say("notebook  notebooks/01_tour.ipynb          make lab")


def _clear(into: Path) -> None:
    """Make room for a new demonstration; only an earlier one is removed."""
    if not into.exists() or not any(into.iterdir()):
        into.mkdir(parents=True, exist_ok=True)
    elif (into / _MARKER).is_file():
        shutil.rmtree(into)
        into.mkdir(parents=True)
    else:
        raise StoreError(
            f"the folder {into} must be empty or hold an earlier demonstration, and holds "
            "something else; name another one with --into"
        )
    (into / _MARKER).write_text(json.dumps({"made_by": "perfkit demo"}))


def _record(into: Path) -> int:
    from perfkit.execution import (
        BacktestEngine,
        BasisPointSlippage,
        Mandate,
        PaperBroker,
        load_skfolio_prices,
        textbook_strategies,
        to_bars,
    )
    from perfkit.tracker import TradeTracker

    prices = load_skfolio_prices()
    strategies = textbook_strategies()
    mandates = [
        Mandate(account_id=desk.account_id, strategy=strategy, capital=desk.capital, pays_out=True)
        for desk in DESKS
        for strategy in strategies
        if strategy.variant in desk.variants
    ]
    broker = PaperBroker(slippage=BasisPointSlippage(rate=2.0))
    engine = BacktestEngine(prices.stocks, mandates, broker=broker)
    tables = [to_bars(prices.stocks), to_bars(prices.benchmark), to_bars(prices.factors)]
    with TradeTracker(into) as tracker:
        with progress("1/4  prices of 20 stocks, 33 years") as step:
            for done, bars in enumerate(tables, 1):
                tracker.record_bars(bars)
                step(done, len(tables))
        with progress(f"2/4  {len(mandates)} mandates trade, day by day") as step:
            recorded = engine.run(tracker, progress=step)
    return recorded


def _answer(into: Path) -> None:
    from perfkit.history import History

    history = History(str(into), zone=ZONE)
    with progress("3/4  metrics and attribution") as step:
        metrics = history.metrics(by="strategy", benchmark=BENCHMARK)
        step(1, 4)
        evidence = history.evidence(by="strategy", benchmark=BENCHMARK)
        step(2, 4)
        by_strategy = history.attribution(by="strategy")
        step(3, 4)
        by_label = history.attribution(by="label")
    metrics_table(metrics, title=f"Strategies, 1990 to 2022, beside the {BENCHMARK}")
    evidence_table(evidence, title="Real or luck: how sure each Sharpe ratio is above 0")
    attribution_table(
        by_strategy, title="Closed round trips, net of fees; 95 % interval of the mean"
    )
    attribution_table(by_label, title="Who earns, who loses: round trips by label (labels overlap)")
    say("\nAn outcome is a label that is known at the exit: it describes, it does not predict.")


def _report(into: Path) -> list[Path]:
    from perfkit.reports import run_notebook

    page = into / "reports" / "strategies.html"
    parameters = {
        "uri": str(into),
        "benchmark": BENCHMARK,
        "currency": "dollars",
        "zone": ZONE,
        "note": SURVIVORS,
    }
    with progress("4/4  strategy report") as step:
        run = run_notebook("strategy", page, parameters, timeout=600.0, progress=step)
    return [run.html or run.notebook]
