"""What the ledger costs beside time: memory at its peak, and the first call of a process."""

from __future__ import annotations

import subprocess
import sys

__all__ = ["rows"]

_MEMORY = """
from pathlib import Path
from benchmarks.ledger import random_fills
from perfkit.ledger import Ledger
fills = random_fills(5_000_000, 1_000)
Ledger({method!r}).apply(fills.slice(0, 10))
Path("/proc/self/clear_refs").write_text("5")  # the peak of making the fills is not ours
def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
before = kilobytes("VmRSS")
answer = Ledger({method!r}).apply(fills)
print((kilobytes("VmHWM") - before) * 1024 / fills.nbytes)
"""
_FIRST = """
import time
from benchmarks.ledger import random_fills
from perfkit.ledger import Ledger
fills = random_fills(1_000, 10)
start = time.perf_counter()
Ledger({method!r}).apply(fills)
print(time.perf_counter() - start)
"""


def rows() -> list[tuple[str, float, str]]:
    """Give (what, number, unit); each in a process of its own, the kernels compiled before."""
    answer = []
    for method in ("average", "fifo"):
        _run(_FIRST, method)
        memory = f"memory above the input, 5,000,000 fills, {method}"
        answer.append((memory, _run(_MEMORY, method), "x the input"))
        answer.append((f"first call of a later process, {method}", _run(_FIRST, method), "s"))
    return answer


def _run(code: str, method: str) -> float:
    command = [sys.executable, "-W", "ignore", "-c", code.format(method=method)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
