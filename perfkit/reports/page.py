"""A notebook that was run, as one HTML page that needs nothing else.

No script, no style and no picture is loaded from anywhere: the page can be
mailed, archived and opened on a train. Code and warnings are left out.
"""

from __future__ import annotations

import html
import re
from copy import deepcopy
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment
from nbconvert import HTMLExporter

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["html_page", "render_page"]

HEADING = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)


def render_page(notebook: NotebookNode, *, origin: str) -> str:
    """Render a notebook's text and outputs.

    Parameters
    ----------
    notebook : NotebookNode
        As it was run. Its own HTML is trusted: whoever writes outputs escapes
        the names in them.
    origin : str
        One line below the page: what made it, from what, when.

    Returns
    -------
    str
        The page. Its title is the notebook's first heading.
    """
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
        mathjax_url="",
        require_js_url="",
    )
    body, _ = exporter.from_notebook_node(_without_warnings(notebook))
    return html_page(_heading(notebook), body, origin=origin)


def html_page(title: str, body: str, *, origin: str) -> str:
    """Put a body into a page of the house style.

    Parameters
    ----------
    title : str
        What a browser shows as the page's name.
    body : str
        HTML, in which every name from outside is escaped.
    origin : str
        One line below the page.
    """
    page = Environment(autoescape=True).from_string(_template("page.html.j2"))
    return page.render(title=title, css=_template("page.css"), body=body, origin=origin)


def _without_warnings(notebook: NotebookNode) -> NotebookNode:
    quiet = deepcopy(notebook)
    for cell in quiet.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    return quiet


def _heading(notebook: NotebookNode) -> str:
    """Find the first heading, written as Markdown or shown by a cell as ``<h1>``."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            lines = (line for line in cell.source.splitlines() if line.startswith("# "))
            if (line := next(lines, None)) is not None:
                return str(line[2:].strip())
        for output in cell.get("outputs", []):
            if shown := HEADING.search(output.get("data", {}).get("text/html", "")):
                return html.unescape(shown.group(1))
    return "Report"


def _template(name: str) -> str:
    return resources.files("perfkit.reports").joinpath("templates", name).read_text("utf-8")
