"""The history that a notebook opens."""

from __future__ import annotations

from perfkit.history.history import History
from perfkit.history.selection import Selection

__all__ = ["History", "Selection"]
