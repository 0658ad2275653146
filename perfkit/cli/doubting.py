"""Command `perfkit evidence`: whether what strategies earned is real or luck."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, cast

import typer

from perfkit.cli.opening import open_store
from perfkit.cli.questions import (
    Account,
    AsOf,
    Benchmark,
    ConvertTo,
    Currency,
    Cutoff,
    End,
    Periods,
    Rf,
    Start,
    Strategy,
    Uri,
    Zone,
    names_in,
    selection,
)
from perfkit.cli.terminal import Format, count, number, percent, print_table, progress, say

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.history.view_history import Doubting

__all__ = ["evidence", "evidence_table"]


def evidence(
    uri: Uri,
    by: Annotated[str, typer.Option(help="account, strategy, or both with a comma.")] = "strategy",
    trials: Annotated[
        int | None,
        typer.Option(help="How many were tried until these were kept; by default these."),
    ] = None,
    account: Account = None,
    strategy: Strategy = None,
    start: Start = None,
    end: End = None,
    currency: Currency = None,
    convert_to: ConvertTo = None,
    as_of: AsOf = None,
    rf: Rf = 0.0,
    benchmark: Benchmark = None,
    zone: Zone = "UTC",
    cutoff: Cutoff = "00:00",
    periods: Periods = None,
) -> None:
    """Say of each strategy whether what it earned is real or luck."""
    from perfkit.history import History

    history = History(open_store(uri), zone=zone, cutoff=cutoff, periods=periods)
    history = history if as_of is None else history.as_of(as_of)
    select = selection(account=account, strategy=strategy, start=start, end=end, currency=currency)
    more: Doubting = {"rf": rf, "benchmark": benchmark, "convert_to": convert_to}
    if trials is not None:
        more["trials"] = trials
    with progress("valuing and resampling the days") as history.progress:
        frame = history.evidence(names_in(by), **cast("Doubting", {**more, **select}))
    evidence_table(frame, title=f"{uri}, annualised with {history.periods} days a year")


def evidence_table(frame: pd.DataFrame, *, title: str) -> None:
    """Print `History.evidence`."""
    level = f"{frame.attrs['level']:.0%}"
    limits = [
        f"[{number(low)}, {number(high)}]" if math.isfinite(low) else "–"
        for low, high in zip(frame["low"], frame["high"], strict=True)
    ]
    shown = frame.assign(limits=limits).rename_axis("strategy").reset_index()
    named = {
        "n": "days",
        "sharpe_ratio": "Sharpe",
        "limits": f"{level} limits",
        "probabilistic_sharpe_ratio": "sure alone",
        "deflated_sharpe_ratio": f"as best of {frame.attrs['trials']:,}",
        "minimum_track_record_length": "days needed",
    }
    formats: dict[str, Format] = {"strategy": str, "days": count, "Sharpe": number}
    formats |= {named["limits"]: str, "sure alone": percent}
    formats |= {named["deflated_sharpe_ratio"]: percent, "days needed": count, "verdict": str}
    print_table(shown.rename(columns=named), formats, title=title)
    if "superiority" in frame.attrs:
        say(f"  all together: {frame.attrs['superiority']}", "dim")
