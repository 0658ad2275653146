"""Label bits: the labels of each trade as a set, one bit a label and 64 of them a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bits_of_lists", "bits_of_words", "labels_in", "words_for"]

Codes = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_WORD = 64  # labels of a word
_ALL = (1 << _WORD) - 1


def words_for(labels: int) -> int:
    """Words that a set of so many labels takes."""
    return max(1, -(-labels // _WORD))


def bits_of_words(labels: Sequence[tuple[str, ...]], known: dict[str, int]) -> Words:
    """Write sets of labels as bits.

    Parameters
    ----------
    labels : sequence of tuple of str
        Of each trade.
    known : dict of str to int
        Number of each label; a new one is added.

    Returns
    -------
    ndarray of shape (n_trades, n_words)
    """
    sets = []
    for own in labels:
        bits = 0
        for label in own:
            bits |= 1 << known.setdefault(label, len(known))
        sets.append(bits)
    starts = range(0, _WORD * words_for(len(known)), _WORD)
    return np.array([[bits >> start & _ALL for start in starts] for bits in sets], np.uint64)


def bits_of_lists(column: pa.ChunkedArray, known: dict[str, int]) -> Words:
    """Write a column of lists of labels as bits; as `bits_of_words`.

    Raises
    ------
    InvalidArgumentError
        When a list holds a null.
    """
    lists = column.combine_chunks()
    if not pa.types.is_list(lists.type) or not pa.types.is_string(lists.type.value_type):
        lists = lists.cast(pa.list_(pa.string()))
    words = pc.list_flatten(lists).dictionary_encode()
    if words.null_count:
        raise InvalidArgumentError("a label of a recorded trade must be a name, was null; drop it")
    names = words.dictionary.to_pylist()
    number = np.array([known.setdefault(name, len(known)) for name in names], np.int64)
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    bits = np.zeros((len(lists), words_for(len(known))), np.uint64)
    _set_bits(bits, counts.astype(np.int32), np.array(words.indices), number)
    return bits


def labels_in(bits: Words) -> list[int]:
    """Number the labels that stand in any of the sets."""
    some = np.bitwise_or.reduce(bits, axis=0).tolist()
    return [
        _WORD * word + bit
        for word, own in enumerate(some)
        for bit in range(_WORD)
        if own >> bit & 1
    ]


@njit(cache=True)
def _set_bits(bits: Words, counts: Codes, codes: Codes, numbers: Integers) -> None:
    """Set the bits of each row's labels, given as codes of numbers, one row after another."""
    place = 0
    for row in range(counts.size):
        for _ in range(counts[row]):
            number = numbers[codes[place]]
            bits[row, number >> 6] |= np.uint64(1) << np.uint64(number & 63)
            place += 1
