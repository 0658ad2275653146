"""The known index: what is found is what was put in, however it came."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.tracker import known_index
from perfkit.tracker.known_index import ENTRY, NOT_KNOWN, KnownIndex

keys = st.integers(0, 2**64 - 1)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.tuples(keys, keys), min_size=1, max_size=30), max_size=12),
    st.lists(keys, max_size=20),
    st.integers(1, 40),
)
def test_it_finds_what_a_dictionary_finds(batches, others, recent):
    known, index = {}, KnownIndex()
    before, known_index._RECENT = known_index._RECENT, recent
    try:
        for batch in batches:
            new = {key: content for key, content in batch if key not in known}
            rows = [
                (key, content, len(known) + n + 1) for n, (key, content) in enumerate(new.items())
            ]
            index.add(np.array(rows, ENTRY))
            known |= {key: (content, sequence) for key, content, sequence in rows}
    finally:
        known_index._RECENT = before
    asked = np.array([*known, *others], np.uint64)
    content, sequence = index.find(asked)
    for place, key in enumerate(asked.tolist()):
        if key in known:
            assert (int(content[place]), int(sequence[place])) == known[key]
        else:
            assert sequence[place] == NOT_KNOWN
    assert len(index) == len(known)


def test_a_million_ids_take_24_bytes_each():
    rng = np.random.default_rng(0)
    index = KnownIndex()
    for start in range(0, 1_000_000, 10_000):
        entries = np.zeros(10_000, ENTRY)
        entries["key"] = rng.integers(0, 2**64, 10_000, np.uint64)
        entries["sequence"] = np.arange(start + 1, start + 10_001)
        index.add(entries)
    index.seal()
    assert sum(run.nbytes for run in index.runs) == 24_000_000
    assert len(index.runs) <= 8
