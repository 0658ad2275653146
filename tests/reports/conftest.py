"""Notebooks made on the spot, so that a test shows what it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    def write(parameters: str, *cells: str) -> Path:
        notebook = new_notebook(metadata=KERNEL)
        notebook.cells = [
            new_markdown_cell("# A heading & more"),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *(new_code_cell(cell) for cell in cells),
        ]
        path = tmp_path / "own.ipynb"
        nbformat.write(notebook, path)
        return path

    return write
