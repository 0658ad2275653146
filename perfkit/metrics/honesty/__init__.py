"""Honesty: telling luck from skill, and saying when it can't be told."""

from __future__ import annotations

from perfkit.metrics.honesty.bootstrap import Interval, confidence_interval, intervals
from perfkit.metrics.honesty.decay import Decay, decay_test
from perfkit.metrics.honesty.drawdown_cone import DrawdownOdds, drawdown_cone, drawdown_odds
from perfkit.metrics.honesty.enough import ENOUGH
from perfkit.metrics.honesty.haircut import Haircut, adjusted_p_values, sharpe_haircut
from perfkit.metrics.honesty.sharpe_inference import (
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_standard_error,
)
from perfkit.metrics.honesty.sharpe_record import SharpeRecord, sharpe_record
from perfkit.metrics.honesty.superiority import (
    Superiority,
    SuperiorStrategies,
    stepwise_superior,
    superior_predictive_ability,
)
from perfkit.metrics.honesty.trials import (
    Trials,
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    finished_trials,
    trials_of,
)

__all__ = [
    "ENOUGH",
    "Decay",
    "DrawdownOdds",
    "Haircut",
    "Interval",
    "SharpeRecord",
    "SuperiorStrategies",
    "Superiority",
    "Trials",
    "adjusted_p_values",
    "confidence_interval",
    "decay_test",
    "deflated_sharpe_ratio",
    "drawdown_cone",
    "drawdown_odds",
    "expected_maximum_sharpe",
    "finished_trials",
    "intervals",
    "minimum_track_record_length",
    "probabilistic_sharpe_ratio",
    "sharpe_haircut",
    "sharpe_record",
    "sharpe_standard_error",
    "stepwise_superior",
    "superior_predictive_ability",
    "trials_of",
]
