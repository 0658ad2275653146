"""The command `perfkit`: its words, and the edge where errors become exit codes.

Exit codes: 0 done, 1 refused or found to differ (the message says why and what to
do), 2 wrong usage or a damaged history, 70 an error of perfkit's own.
"""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from perfkit.cli import (
    archiving,
    checking,
    demo,
    doubting,
    flushing,
    labeling,
    maintenance,
    questions,
    reconciling,
    recording,
    tear_sheet,
)
from perfkit.cli.opening import command_defaults
from perfkit.errors import DamagedStoreError, PerfkitError

__all__ = ["app", "main"]

app = typer.Typer(
    name="perfkit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("import")(recording.import_file)
app.command("import-news")(recording.import_news)
app.command("formats")(recording.formats)
app.command("record")(recording.record)
app.command("flush")(flushing.flush)
app.command("summary")(questions.summary)
app.command("evidence")(doubting.evidence)
app.command("attribution")(questions.attribution)
app.command("report")(questions.report)
app.command("tear-sheet")(tear_sheet.tear_sheet)
app.command("verify")(checking.verify)
app.command("changes")(checking.changes)
app.command("reconcile")(reconciling.reconcile)
app.command("label")(labeling.label)
app.command("labels")(labeling.labels)
app.command("relabel")(labeling.relabel)
app.command("archive")(archiving.archive)
app.command("compact")(maintenance.compact)
app.command("vacuum")(maintenance.vacuum)
app.command("export")(maintenance.export)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"perfkit {metadata.version('perfkit')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Find out which trades make or lose money, and whether that is real or luck.

    Where the history is, who owns what is recorded and where it is traded may be set once, in
    perfkit.toml or in variables: PERFKIT_HISTORY, PERFKIT_ACCOUNT, PERFKIT_STRATEGY,
    PERFKIT_CALENDAR, PERFKIT_JOURNAL, PERFKIT_S3_ENDPOINT, PERFKIT_S3_REGION, PERFKIT_S3_PROFILE.
    """
    context.default_map = command_defaults()


def main() -> None:
    """Run the command line; errors become one message and an exit code."""
    try:
        app()
    except DamagedStoreError as error:
        _stop(str(error), code=2)
    except (PerfkitError, OSError) as error:
        _stop(str(error), code=1)
    except KeyboardInterrupt:
        _stop("stopped; everything acknowledged is on disk", code=130)
    except Exception as error:
        if os.environ.get("PERFKIT_TRACEBACK"):
            raise
        _stop(
            f"{type(error).__name__}: {error}\n"
            "This is an error of perfkit's own: PERFKIT_TRACEBACK=1 shows where; please report it.",
            code=70,
        )


def _stop(message: str, *, code: int) -> None:
    err = Console(file=sys.stderr, highlight=False, soft_wrap=True)
    err.print(Text.assemble(("error: ", "bold red"), message))
    raise SystemExit(code)
