"""Run a notebook with parameters to one HTML page, and keep how it went.

The run is a process of its own with a limit on its whole time. Nothing is
seen half written: notebook, page and status replace their predecessors at
once. The status stands in a file of its own, because a notebook whose kernel
died claims that all its cells were completed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import nbformat
import papermill

from perfkit import errors
from perfkit.errors import InvalidArgumentError, ReportError, UnknownNameError
from perfkit.reports.page import render_page
from perfkit.reports.parameters import typed_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ReportRun", "report_notebook", "run_notebook"]

POLL = 0.2  # seconds between two looks at a running notebook
GRACE = 5.0  # seconds for a stopped run to put its kernel away
LONGEST = 400  # characters of an error; the notebook as run holds all of it
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRun:
    """How one run of a report went; kept beside the page as ``<page>.json``.

    Attributes
    ----------
    notebook : Path
        The notebook as run, with its outputs and, where it failed, its error.
    html : Path, optional
        The page; None when the run did not complete.
    status : {"completed", "failed", "timed out"}
        How it ended.
    started : datetime
        When, in UTC.
    seconds : float
        From the start to the end.
    error : str, optional
        What went wrong, and in which cell.
    """

    notebook: Path
    html: Path | None
    status: Literal["completed", "failed", "timed out"]
    started: datetime
    seconds: float
    error: str | None


def report_notebook(name: str) -> Path:
    """Return the path of a report that comes with perfkit, such as "strategy".

    Raises
    ------
    UnknownNameError
        When there is none of this name.
    """
    folder = Path(str(resources.files("perfkit.reports").joinpath("notebooks")))
    known = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if name not in known:
        raise UnknownNameError(
            f"no report is called {name!r}; there are {', '.join(known) or 'none'}; "
            "a notebook of your own is given as a path that ends in .ipynb"
        )
    return known[name]


def run_notebook(
    notebook: str | Path,
    output: str | Path,
    parameters: Mapping[str, object],
    *,
    timeout: float,
    progress: Callable[[int, int], None] | None = None,
) -> ReportRun:
    """Run a notebook and write its page.

    Parameters
    ----------
    notebook : str or Path
        Name of a report that comes with perfkit ("strategy"), or the path of
        any notebook, ending in ``.ipynb``.
    output : str or Path
        The page to write, ending in ``.html``. Beside it, of the same name:
        the notebook as run (``.ipynb``) and how the run went (``.json``).
    parameters : mapping of str to object
        Values for what the notebook declares, see `typed_parameters`.
    timeout : float
        Seconds for the whole run, above 0.
    progress : callable, optional
        Called with (cells done, cells in all) while it runs.

    Returns
    -------
    ReportRun
        Of a run that completed.

    Raises
    ------
    UnknownNameError, InvalidArgumentError
        Before anything runs: no such notebook, a parameter that it does not
        declare, a value that does not fit.
    ReportError
        When a cell failed or time ran out. The notebook is kept with its
        error marked; an older page stays as it was.
    """
    source, page = _source(notebook), _page(output, timeout)
    values = typed_parameters(source, parameters)
    page.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".report-", dir=page.parent) as folder:
        desk = Path(folder)
        papermill.execute_notebook(
            source, desk / "prepared.ipynb", values, prepare_only=True, progress_bar=False
        )
        started, clock = datetime.now(UTC), time.monotonic()
        status = _execute(desk, timeout, progress)
        run = ReportRun(
            notebook=page.with_suffix(".ipynb"),
            html=page if status == "completed" else None,
            status=status,
            started=started,
            seconds=round(time.monotonic() - clock, 3),
            error=None if status == "completed" else _error(desk, status, timeout),
        )
        _publish(desk, run, page, source)
    if run.error is not None:
        raise ReportError(f"{source.name}: {run.error}; the notebook as run is {run.notebook}")
    return run


def _source(notebook: str | Path) -> Path:
    if not str(notebook).endswith(".ipynb"):
        return report_notebook(str(notebook))
    path = Path(notebook)
    if not path.is_file():
        raise InvalidArgumentError(f"notebook must be a file, {path} is none; check the path")
    return path


def _page(output: str | Path, timeout: float) -> Path:
    if Path(output).suffix != ".html":
        raise InvalidArgumentError(f"output must end in .html, was {str(output)!r}")
    if not timeout > 0:
        raise InvalidArgumentError(f"timeout must be above 0 seconds, was {timeout!r}")
    return Path(output)


def _execute(
    desk: Path, timeout: float, progress: Callable[[int, int], None] | None
) -> Literal["completed", "failed", "timed out"]:
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-output"]
    command += [str(desk / "prepared.ipynb"), str(desk / "run.ipynb")]
    cells = len(nbformat.read(desk / "prepared.ipynb", as_version=4).cells)
    deadline = time.monotonic() + timeout
    with (desk / "log").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603  our own interpreter, no shell
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        while child.poll() is None and time.monotonic() < deadline:
            if progress is not None:
                progress(_log(desk).count("Ending Cell"), cells)
            time.sleep(POLL)
        if child.poll() is None:
            return "timed out"
        return "completed" if child.returncode == 0 else "failed"
    finally:
        _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Let a run that still goes put its kernel away, then end it."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _log(desk: Path) -> str:
    return (desk / "log").read_text("utf-8", errors="replace")


def _error(desk: Path, status: str, timeout: float) -> str:
    if status == "timed out":
        cell = _log(desk).count("Executing Cell")
        return f"did not end within {timeout:g} s, it stood at cell {cell}; give it more time"
    outputs = [
        (cell.execution_count, output)
        for cell in nbformat.read(_latest(desk), as_version=4).cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    if outputs:
        count, output = outputs[0]
        said = _first_line(output.evalue)
        # an error of perfkit is a sentence of its own, any other needs its name
        kind = "" if output.ename in errors.__all__ else f" failed with {output.ename}"
        return f"cell [{count}]{kind}: {said}"
    lines = [_first_line(line) for line in _log(desk).splitlines() if line.strip()]
    return f"the run broke off: {lines[-1] if lines else 'it left no word'}"


def _first_line(text: str) -> str:
    """Keep one line, without the colours of a terminal."""
    line = next(iter(ANSI.sub("", text).strip().splitlines()), "")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _latest(desk: Path) -> Path:
    run = desk / "run.ipynb"
    return run if run.exists() else desk / "prepared.ipynb"


def _publish(desk: Path, run: ReportRun, page: Path, source: Path) -> None:
    """Put notebook, page and status in their places, each at once, the status last."""
    if run.html is not None:
        origin = (
            f"perfkit {metadata.version('perfkit')}, {source.name}, "
            f"{run.started:%Y-%m-%d %H:%M} UTC, {run.seconds:.0f} s"
        )
        notebook = nbformat.read(_latest(desk), as_version=4)
        (desk / "page").write_text(render_page(notebook, origin=origin), "utf-8")
        os.replace(desk / "page", page)
    os.replace(_latest(desk), run.notebook)
    (desk / "status").write_text(json.dumps(asdict(run), default=str, indent=2), "utf-8")
    os.replace(desk / "status", page.with_suffix(".json"))
