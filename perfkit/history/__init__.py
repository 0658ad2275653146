"""The history that a notebook opens."""

from __future__ import annotations

from perfkit.history.history import History
from perfkit.history.measured_history import Measuring
from perfkit.history.reconciliation import Reconciliation
from perfkit.history.selection import Selection
from perfkit.history.verification import Verification

__all__ = ["History", "Measuring", "Reconciliation", "Selection", "Verification"]
