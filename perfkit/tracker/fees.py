"""Fees: in which money a commission was paid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from perfkit.records.trade_record import ContractType

__all__ = ["Fees", "fees_of"]

Flags = npt.NDArray[np.bool_]


class Fees(NamedTuple):
    """Which fills paid in what.

    Attributes
    ----------
    in_asset : ndarray of shape (n_fills,), bool
        The commission was taken from what was traded.
    is_foreign : ndarray of shape (n_fills,), bool
        It was neither money of the P&L nor the asset: it needs an exchange rate.
    """

    in_asset: Flags
    is_foreign: Flags


def fees_of(fills: pa.Table) -> Fees:
    """Tell fees apart by their currency; one that is not said is that of the P&L.

    Parameters
    ----------
    fills : pyarrow.Table
        Columns of `Fill`.
    """
    paid, base = fills.column("fee_currency"), fills.column("base_currency")
    if paid.null_count == len(paid):
        none = np.zeros(len(paid), np.bool_)
        return Fees(none, none)
    is_inverse = pc.equal(fills.column("contract"), ContractType.INVERSE.value)
    settled = pc.if_else(is_inverse, base, fills.column("currency"))
    is_fee = pc.not_equal(fills.column("commission"), 0.0)
    is_same = pc.or_(pc.is_null(paid), pc.fill_null(pc.equal(paid, settled), False))
    is_other = pc.and_(is_fee, pc.invert(is_same))
    is_base = pc.and_(is_fee, pc.fill_null(pc.equal(paid, base), False))
    in_asset = pc.and_(is_base, pc.invert(is_inverse)).to_numpy()
    return Fees(in_asset, is_other.to_numpy() & ~in_asset)
