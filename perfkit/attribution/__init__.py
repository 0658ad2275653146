"""Attribution: which round trips made the money, and whether that is clear."""

from __future__ import annotations

from perfkit.attribution.attribution_analyzer import AttributionAnalyzer
from perfkit.attribution.contribution import contribution_table, mean_interval
from perfkit.attribution.dimensions import DIMENSIONS, UNLABELLED

__all__ = [
    "DIMENSIONS",
    "UNLABELLED",
    "AttributionAnalyzer",
    "contribution_table",
    "mean_interval",
]
