from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import nbformat
import pytest

from perfkit.errors import InvalidArgumentError, ReportError, UnknownNameError
from perfkit.reports import report_notebook, run_notebook

# whatever a browser would fetch while it opens a page
LOADS = re.compile(
    r"""(?:src|href|data|poster|action)\s*=\s*["']?\s*(?!data:|\#)[^"'\s>]+"""
    r"""|url\(\s*["']?(?!data:)|@import|<script|<link|<iframe""",
    re.IGNORECASE,
)


def test_a_run_gives_a_page_that_loads_nothing_the_notebook_and_its_status(
    write_notebook, tmp_path
):
    notebook = write_notebook(
        'name: str = "nobody"\ncount: int = 1',
        "import sys\nprint('noise', file=sys.stderr)\nname * count",
        "import pandas as pd\n"
        "from perfkit.reports import figures\n"
        "figures.pnl_distribution(pd.Series([1.0, -2.0, 3.0]))",
    )
    steps: list[tuple[int, int]] = []

    run = run_notebook(
        notebook, tmp_path / "out" / "page.html", {"name": "$<b>", "count": 2}, timeout=120,
        progress=lambda done, cells: steps.append((done, cells)),
    )  # fmt: skip

    page = (tmp_path / "out" / "page.html").read_text("utf-8")
    assert run.status == "completed"
    assert run.html == tmp_path / "out" / "page.html"
    assert "<title>A heading &amp; more</title>" in page
    assert "$&lt;b&gt;$&lt;b&gt;" in page
    assert "noise" not in page
    assert "import pandas" not in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert LOADS.findall(page) == []
    assert steps[-1][1] == 5
    status = json.loads((tmp_path / "out" / "page.json").read_text("utf-8"))
    assert status["status"] == "completed"
    assert status["error"] is None
    assert nbformat.read(run.notebook, as_version=4).cells[-1].outputs
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "page.html", "page.ipynb", "page.json",
    ]  # fmt: skip


def test_a_failing_cell_is_named_marked_and_leaves_the_older_page(write_notebook, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("older")
    notebook = write_notebook("x: int = 0", "1 / x", "print('never')")

    with pytest.raises(ReportError, match=r"cell \[3\] failed with ZeroDivisionError"):
        run_notebook(notebook, page, {"x": 0}, timeout=120)

    status = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert status["status"] == "failed"
    assert status["html"] is None
    assert "ZeroDivisionError" in status["error"]
    assert "An Exception was encountered" in page.with_suffix(".ipynb").read_text("utf-8")
    assert page.read_text() == "older"


def test_an_error_of_perfkit_is_one_sentence_without_trace_or_colour(write_notebook, tmp_path):
    notebook = write_notebook(
        'uri: str = ""', "import perfkit as pk\npk.History(uri).benchmark('NOPE')"
    )
    with pytest.raises(ReportError) as caught:
        run_notebook(notebook, tmp_path / "page.html", {"uri": str(tmp_path / "no")}, timeout=120)
    said = str(caught.value)
    assert said.startswith("own.ipynb: cell [3]: there is no history at ")
    assert said.endswith(f"the notebook as run is {tmp_path / 'page.ipynb'}")
    assert "\x1b" not in said
    assert "Traceback" not in said
    assert "\n" not in said


def test_a_long_error_in_colours_becomes_one_short_line(write_notebook, tmp_path):
    notebook = write_notebook(
        "x: int = 0", "raise ValueError('\\x1b[31m' + 'red ' * 500 + '\\nsecond line')"
    )
    with pytest.raises(ReportError, match=r"failed with ValueError: red red") as caught:
        run_notebook(notebook, tmp_path / "page.html", {}, timeout=120)
    assert len(str(caught.value)) < 700
    assert "second line" not in str(caught.value)


def test_a_run_that_takes_too_long_is_ended_with_its_kernel(write_notebook, tmp_path):
    mark = tmp_path / "pid"
    notebook = write_notebook(
        'mark: str = ""',
        "import os, pathlib, time\n"
        "pathlib.Path(mark).write_text(str(os.getpid()))\n"
        "time.sleep(600)",
    )

    with pytest.raises(ReportError, match="did not end within 25 s, it stood at cell 4"):
        run_notebook(notebook, tmp_path / "page.html", {"mark": mark}, timeout=25)

    assert json.loads((tmp_path / "page.json").read_text("utf-8"))["status"] == "timed out"
    kernel = int(mark.read_text())
    for _ in range(50):
        if not Path(f"/proc/{kernel}").exists():
            break
        time.sleep(0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)


def test_a_kernel_that_dies_is_a_failed_run(write_notebook, tmp_path):
    notebook = write_notebook("x: int = 0", "import os\nos._exit(1)")
    with pytest.raises(ReportError, match="died"):
        run_notebook(notebook, tmp_path / "page.html", {}, timeout=60)
    assert json.loads((tmp_path / "page.json").read_text("utf-8"))["status"] == "failed"


@pytest.mark.parametrize(
    ("notebook", "output", "timeout", "error"),
    [
        ("nothing", "page.html", 1.0, UnknownNameError),
        ("nothing.ipynb", "page.html", 1.0, InvalidArgumentError),
        ("own", "page.pdf", 1.0, InvalidArgumentError),
        ("own", "page.html", 0.0, InvalidArgumentError),
        ("own", "page.html", float("nan"), InvalidArgumentError),
    ],
)
def test_a_wrong_request_is_refused_before_anything_runs(
    write_notebook, tmp_path, notebook, output, timeout, error
):
    own = write_notebook("x: int = 0")
    with pytest.raises(error):
        run_notebook(own if notebook == "own" else notebook, tmp_path / output, {}, timeout=timeout)
    assert [p.name for p in tmp_path.iterdir()] == ["own.ipynb"]


def test_the_reports_that_come_along_are_found():
    assert report_notebook("strategy").is_file()
