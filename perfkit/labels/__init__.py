"""Labels: what a trade was, judged by rules on what was known at its execution."""

from __future__ import annotations

from perfkit.labels import behavioral, environment, pattern
from perfkit.labels.catalog import label_catalog
from perfkit.labels.label_generator import LabelGenerator
from perfkit.labels.quality import LabelQuality, label_quality
from perfkit.labels.rule import LabelRule, label_rule
from perfkit.labels.rule_file import RuleSet, read_rules

__all__ = [
    "LabelGenerator",
    "LabelQuality",
    "LabelRule",
    "RuleSet",
    "behavioral",
    "environment",
    "label_catalog",
    "label_quality",
    "label_rule",
    "pattern",
    "read_rules",
]
