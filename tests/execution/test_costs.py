"""Commissions and slippage: what trading costs."""

from __future__ import annotations

import numpy as np
import pytest

from perfkit.errors import InvalidArgumentError
from perfkit.execution import (
    IBKR_FIXED_US,
    BasisPointCommission,
    BasisPointSlippage,
    PerShareCommission,
)


@pytest.mark.parametrize(
    ("shares", "price", "fee"),
    # examples printed on https://www.interactivebrokers.com/en/pricing/commissions-stocks.php
    [(100, 25.0, 1.00), (1000, 25.0, 5.00), (1000, 0.25, 2.50)],
)
def test_the_fixed_us_commission_gives_the_brokers_own_examples(shares, price, fee):
    assert IBKR_FIXED_US(np.array([float(shares)]), np.array([price])) == pytest.approx([fee])


def test_a_commission_in_basis_points_is_of_the_value_whatever_its_sign():
    fees = BasisPointCommission(rate=2.0)(np.array([10.0, 10.0]), np.array([50.0, -50.0]))
    assert fees == pytest.approx([0.1, 0.1])


def test_slippage_is_against_the_trader_on_both_sides():
    prices = BasisPointSlippage(rate=10.0)(np.array([1.0, -1.0]), np.array([100.0, -100.0]))
    assert prices == pytest.approx([100.1, -100.1])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PerShareCommission(rate=-0.01),
        lambda: PerShareCommission(rate=0.01, cap=float("nan")),
        lambda: BasisPointCommission(rate=float("inf")),
        lambda: BasisPointSlippage(rate=-1.0),
    ],
)
def test_a_cost_that_is_no_cost_is_an_error(wrong):
    with pytest.raises(InvalidArgumentError, match="must be a finite number >= 0"):
        wrong()
