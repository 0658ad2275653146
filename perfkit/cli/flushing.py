"""The command `perfkit flush`: from the journal into the tables, once or for as long as it runs."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from perfkit.cli.opening import place
from perfkit.cli.terminal import say
from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.store.backlog import Backlog
    from perfkit.store.flush_process import Round

__all__ = ["flush"]


def flush(
    uri: Annotated[str, typer.Argument(help="The history: a folder or s3://bucket/prefix.")],
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until SIGTERM or Ctrl-C, beside a tracker.")
    ] = False,
    every: Annotated[float, typer.Option(help="Seconds between two rounds of --follow.")] = 2.0,
) -> None:
    """Move what is recorded from the journal into the tables, also while a tracker records.

    Exit code 0 when all that was there has been moved, or --follow was told to end; 1 when the
    tables refuse, which --follow bears and tries again; 2 when something on disk is damaged.
    """
    from perfkit.store import flush_process
    from perfkit.store.delta_tables import DeltaTables
    from perfkit.store.location import open_location

    if not every > 0:
        raise InvalidArgumentError(
            f"--every must be more than 0 seconds, was {every}; 2 is a good choice"
        )
    at = place(uri)
    tables = DeltaTables(open_location(uri, at["storage_options"], at["journal"]))
    if not follow:
        _tell(flush_process.flush_once(tables), "")
        return
    with _ending() as is_ending:
        say(f"following {tables.location.journal} into {tables.location.uri}")
        _tell(flush_process.follow(tables, every=every, is_ending=is_ending), "ended: ")


def _tell(rounds: Iterator[Round], ending: str) -> None:
    moved, backlog = 0, None
    for done in rounds:
        moved, backlog = moved + done.moved, done.backlog
        for sentence in done.repaired:
            say(f"repaired  {sentence}", "yellow")
        if done.refusal:
            say(f"refused   {done.refusal}", "bold red")
            say(f"          {_waiting(backlog)}; trying again in {done.pause:.3g} s")
        elif done.moved:
            say(f"moved     {done.moved:>9,} rows in {done.seconds:.2f} s; {_waiting(backlog)}")
    left = f"; {_waiting(backlog)}" if backlog else ""
    say(f"{ending}{moved:,} rows moved{left}", "green")


def _waiting(backlog: Backlog) -> str:
    if not backlog.rows:
        return "nothing waits"
    since = "" if backlog.oldest is None else f", the oldest for {_age(backlog):.1f} s"
    return f"{backlog.rows:,} rows wait{since}"


def _age(backlog: Backlog) -> float:
    return backlog.age(datetime.now(UTC))


@contextmanager
def _ending() -> Iterator[Callable[[], bool]]:
    """Take SIGTERM and SIGINT for a wish to end, not for the end."""
    asked: list[int] = []
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda number, _: asked.append(number)) for number in signals]
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
