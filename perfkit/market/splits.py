"""Splits: from when on the prices of a symbol are those of another unit.

Every account tells of its own splits, each as its broker stamps it, so that one split
comes several times. What is known is a function of all that was told, in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.errors import ConflictError
from perfkit.records import SplitRecord, check_table, conform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.market.bars import FloatColumn

__all__ = ["Splits", "SymbolSplits"]

Telling: TypeAlias = "tuple[int, float, str]"  # execution time, ratio, account

# brokers stamp one split from the evening before to some days later; no symbol is split
# by the same ratio twice within so short a time
_SAME_SPLIT = 5 * 86_400_000_000


class SymbolSplits(NamedTuple):
    """The splits of one symbol.

    Attributes
    ----------
    times : ndarray of shape (n_splits,)
        From when each holds, in microseconds since 1970, UTC; rising.
    ratios : ndarray of shape (n_splits,)
        New units for one old.
    """

    times: npt.NDArray[np.int64]
    ratios: FloatColumn


class Splits:
    """What is known of the splits of all symbols.

    Notes
    -----
    Two accounts that tell of the same ratio within five days speak of one split, which
    holds from the earlier time on; of two that one account tells, each counts.
    """

    def __init__(self) -> None:
        self._told: dict[str, set[Telling]] = {}
        self._splits: dict[str, SymbolSplits] = {}

    def __len__(self) -> int:
        return sum(len(splits.times) for splits in self._splits.values())

    def of(self, symbol: str) -> SymbolSplits | None:
        """Give the splits of one symbol, None when it was never split."""
        return self._splits.get(symbol)

    def tell(self, splits: pa.Table) -> list[str]:
        """Take splits, all or none; give the symbols of those that were not told before.

        Parameters
        ----------
        splits : pyarrow.Table
            With the columns of `SplitRecord`, in any order.

        Raises
        ------
        SchemaError
            When a column is missing, unknown or of another type.
        InvalidTableError
            When a field breaks its rule.
        ConflictError
            When a symbol would be split at one time by two ratios.
        """
        changed = {
            symbol: known | told
            for symbol, told in _by_symbol(splits).items()
            if not told <= (known := self._told.get(symbol, set()))
        }
        for symbol, told in changed.items():
            _require_one_ratio(symbol, told)
        return self._know(changed)

    def forget(self, splits: pa.Table) -> list[str]:
        """Take back splits that were told; give their symbols.

        Parameters
        ----------
        splits : pyarrow.Table
            As they were told.
        """
        return self._know(
            {
                symbol: known - told
                for symbol, told in _by_symbol(splits).items()
                if told & (known := self._told.get(symbol, set()))
            }
        )

    def _know(self, changed: dict[str, set[Telling]]) -> list[str]:
        for symbol, told in changed.items():
            self._told[symbol], self._splits[symbol] = told, _splits_of(told)
        return list(changed)


def _by_symbol(splits: pa.Table) -> dict[str, set[Telling]]:
    table = conform(splits, SplitRecord)
    check_table(table, SplitRecord)
    times = table["execution_time"].cast(pa.int64()).to_pylist()
    columns = (table[name].to_pylist() for name in ("symbol", "ratio", "account_id"))
    told: dict[str, set[Telling]] = {}
    for time, symbol, ratio, account in zip(times, *columns, strict=True):
        told.setdefault(symbol, set()).add((time, ratio, account))
    return told


def _require_one_ratio(symbol: str, told: Iterable[Telling]) -> None:
    known: dict[int, tuple[float, str]] = {}
    for time, ratio, account in sorted(told):
        before, other = known.setdefault(time, (ratio, account))
        if before != ratio:
            at = pa.scalar(time, pa.timestamp("us", tz="UTC")).as_py()
            raise ConflictError(
                f"split of {symbol!r} at {at}: ratio must be one, was {before} of account "
                f"{other!r} and {ratio} of account {account!r}; give the ratio that was announced"
            )


def _splits_of(told: Iterable[Telling]) -> SymbolSplits:
    found: list[tuple[int, float, set[str]]] = []  # time, ratio, and the accounts that told
    for time, ratio, account in sorted(told):
        for first, same_ratio, accounts in found:
            if same_ratio == ratio and time - first <= _SAME_SPLIT and account not in accounts:
                accounts.add(account)
                break
        else:
            found.append((time, ratio, {account}))
    times, ratios = [time for time, *_ in found], [ratio for _, ratio, _ in found]
    return SymbolSplits(np.array(times, np.int64), np.array(ratios, np.float64))
