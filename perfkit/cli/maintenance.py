"""Commands that look after a history: `perfkit compact`, `vacuum` and `export`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from perfkit.cli.opening import place
from perfkit.cli.terminal import say

__all__ = ["compact", "export", "vacuum"]

SHOWN = 20  # files listed

Uri = Annotated[str, typer.Argument(help="The history: a folder or s3://bucket/prefix.")]
Journal = Annotated[
    Path | None, typer.Option(help="File of the journal, when it is not at its usual place.")
]


def compact(uri: Uri, journal: Journal = None) -> None:
    """Merge small files into sorted ones; reads get faster, no row changes."""
    from perfkit.store.compaction import compact as compact_store

    report = compact_store(uri, **place(uri, journal))
    for name, (before, after) in report.files.items():
        if before:
            say(f"{name:<9} {before:>7,} files before, {after:,} now")
    say(f"merged    {report.rows:>9,} rows; `perfkit vacuum` removes the old files in a week")


def vacuum(
    uri: Uri,
    hours: Annotated[
        int, typer.Option(help="How long a file stays after it was merged, 1 to 168.")
    ] = 168,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list them.")] = False,
    journal: Journal = None,
) -> None:
    """Remove files that have not belonged to the history for a week; no row is removed."""
    from perfkit.store.stale_files import vacuum as vacuum_store

    report = vacuum_store(
        uri, retention=timedelta(hours=hours), dry_run=dry_run, **place(uri, journal)
    )
    for path in report.removed[:SHOWN]:
        say(f"{'would go' if dry_run else 'removed':<9} {path}", "dim")
    if len(report.removed) > SHOWN:
        say(f"... and {len(report.removed) - SHOWN:,} more", "dim")
    word = "would go" if dry_run else "removed"
    say(f"{word:<9} {len(report.removed):>7,} files, {report.size / 1e6:,.1f} MB")
    say(f"kept      {report.kept:>7,} files that are not old enough yet")


def export(
    uri: Uri,
    folder: Annotated[Path, typer.Argument(help="Made here; new or empty.")],
    form: Annotated[str, typer.Option("--format", help="parquet, csv or arrow.")] = "parquet",
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    journal: Journal = None,
) -> None:
    """Write every row into plain files, with a manifest of their checksums."""
    from perfkit.store.full_export import export as export_store

    report = export_store(uri, folder, form=form, force=force, **place(uri, journal))
    for name, file in report.tables.items():
        say(f"{name:<9} {file.rows:>9,} rows in {report.folder / file.file}")
    say(f"complete up to number {report.sequence:,}; checksums are in manifest.json")
