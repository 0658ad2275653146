"""How long `import` takes, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.timing import median_seconds

__all__ = ["rows"]


def rows() -> list[tuple[str, str, float]]:
    """Give (what, who, milliseconds)."""
    return [
        (f"import {name}", name, median_seconds(lambda n=name: _start(n), runs=3) * 1e3)
        for name in ("perfkit", "pandas", "quantstats", "vectorbt")
    ]


def _start(name: str) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", f"import {name}"], check=True)
