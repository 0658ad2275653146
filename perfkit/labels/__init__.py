"""Labels: what a trade was, judged by rules on what was known at its execution."""

from __future__ import annotations

from perfkit.labels import behavioral, environment, pattern
from perfkit.labels.label_generator import LabelGenerator, label_catalog
from perfkit.labels.rule import LabelRule, label_rule

__all__ = [
    "LabelGenerator",
    "LabelRule",
    "behavioral",
    "environment",
    "label_catalog",
    "label_rule",
    "pattern",
]
