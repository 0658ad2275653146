"""Splits: how many of today's units a unit of the beginning has become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from perfkit.ledger.runs import run_starts
from perfkit.records.schema import TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SplitFactors"]

Names: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[str]
Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]


class SplitFactors:
    """Products of the split ratios of every account's instruments.

    Parameters
    ----------
    splits : pyarrow.Table, optional
        Columns of `SplitRecord`, in any order; None for none.

    Notes
    -----
    Units of two times compare by their factors: ``units * at(now) / at(then)``.
    Work is done only for rows of an instrument that was split.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from perfkit.records import SplitRecord, to_table
    >>> split = SplitRecord(split_id="1", account_id="main", symbol="AAPL", ratio=4.0,
    ...                     execution_time=datetime(2020, 8, 31, tzinfo=UTC))
    >>> days = np.array(["2020-08-30", "2020-08-31"], "datetime64[us]").view(np.int64)
    >>> SplitFactors(to_table([split], SplitRecord)).at(["main"] * 2, ["AAPL"] * 2, days)
    array([1., 4.])
    """

    def __init__(self, splits: pa.Table | None) -> None:
        self._splits: dict[tuple[str, str], tuple[Integers, Floats]] = {}
        if splits is None or splits.num_rows == 0:
            return
        times = splits.column("execution_time").cast(TIMESTAMP).cast(pa.int64()).to_numpy()
        ratios = splits.column("ratio").to_numpy()
        keys = zip(*(splits.column(n).to_pylist() for n in ("account_id", "symbol")), strict=True)
        rows: dict[tuple[str, str], list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(key, []).append(row)
        for key, own in rows.items():
            in_order = np.array(own)[np.argsort(times[own], kind="stable")]
            factors = np.concatenate([[1.0], np.cumprod(ratios[in_order])])
            self._splits[key] = times[in_order], factors

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever split."""
        return not self._splits

    def at(self, account: Names, symbol: Names, time: Integers) -> Floats:
        """Give the product of all ratios up to each time, the time itself included.

        Parameters
        ----------
        account, symbol : array or sequence of str, of length n
            Whose instrument; dictionary-encoded columns are read fastest.
        time : ndarray of shape (n,), int64
            Microseconds since 1970, UTC.

        Returns
        -------
        ndarray of shape (n,)
            New units for one of the beginning; 1.0 before the first split.
        """
        factors = np.ones(len(time))
        if self._splits and len(time):
            for key, rows in self._rows(_encoded(account), _encoded(symbol)):
                times, products = self._splits[key]
                factors[rows] = products[np.searchsorted(times, time[rows], side="right")]
        return factors

    def is_split(self, account: str, symbol: str) -> bool:
        """Tell whether one account's instrument was ever split."""
        return (account, symbol) in self._splits

    def last(self, account: str, symbol: str) -> float:
        """Give the product of all ratios of one account's instrument."""
        known = self._splits.get((account, symbol))
        return 1.0 if known is None else float(known[1][-1])

    def _rows(
        self, accounts: pa.DictionaryArray, symbols: pa.DictionaryArray
    ) -> Iterator[tuple[tuple[str, str], npt.NDArray[np.intp]]]:
        names = symbols.dictionary.to_pylist()
        wanted = {symbol for _, symbol in self._splits}
        is_split = np.array([name in wanted for name in names], np.bool_)
        if not is_split.any():
            return
        rows = np.flatnonzero(is_split[symbols.indices.to_numpy()])
        if len(rows) == 0:
            return
        account = accounts.indices.to_numpy()[rows].astype(np.int64)
        codes = account * len(names) + symbols.indices.to_numpy()[rows]
        order = np.argsort(codes, kind="stable")
        codes, rows = codes[order], rows[order]
        starts = run_starts(codes)
        for code, part in zip(codes[starts].tolist(), np.split(rows, starts[1:]), strict=True):
            key = accounts.dictionary[code // len(names)].as_py(), names[code % len(names)]
            if key in self._splits:
                yield key, part


def _encoded(names: Names) -> pa.DictionaryArray:
    if not isinstance(names, pa.Array | pa.ChunkedArray):
        names = pa.array(names, pa.string())
    if isinstance(names, pa.ChunkedArray):
        names = names.combine_chunks()
    return names if isinstance(names, pa.DictionaryArray) else names.dictionary_encode()
