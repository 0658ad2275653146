"""Map and reduce: one function over parts, their results merged in order, wherever it runs.

Results are merged pairwise, neighbours first, in a tree whose shape depends on the number
of parts alone. So a merge that is not associative to the last bit, such as a sum of
floats, gives the same bits in one process and on a cluster.
"""

from __future__ import annotations

import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from perfkit.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future

__all__ = ["Progress", "Scheduler", "map_reduce"]

Scheduler: TypeAlias = Literal["dask"] | Any | None
Progress: TypeAlias = "Callable[[int, int], object]"
Shared = TypeVar("Shared")
Part = TypeVar("Part")
Result = TypeVar("Result")

THREADS = 2  # in process: one part is read and unpacked while another is computed


def map_reduce(
    function: Callable[[Shared, Part], Result],
    shared: Shared,
    parts: Sequence[Part],
    merge: Callable[[Result, Result], Result],
    *,
    scheduler: Scheduler = None,
    progress: Progress | None = None,
) -> Result:
    """Apply a function to every part, and merge the results in the order of the parts.

    Parameters
    ----------
    function : callable
        From ``shared`` and a part to its result; a function of a module, so that another
        process can be told its name.
    shared : object
        What all parts need; it is sent to each worker once.
    parts : sequence
        At least one.
    merge : callable
        From two neighbouring results, the earlier first, to one.
    scheduler : None, "dask" or dask.distributed.Client
        None computes in this process, two parts at a time. ``"dask"`` starts a worker
        process for each core and closes them afterwards; a script that says so must keep
        its own statements below ``if __name__ == "__main__":``. A client computes on its
        cluster, which is left open.
    progress : callable, optional
        Is told after each part how many are done, and of how many.

    Returns
    -------
    object
        The same, bit for bit, wherever it is computed.

    Raises
    ------
    InvalidArgumentError
        When there is no part, no such scheduler, or Dask is not installed.

    Examples
    --------
    >>> map_reduce(pow, 2, [1, 2, 3], int.__add__)
    14
    """
    if not parts:
        raise InvalidArgumentError("parts must be at least one, were none")
    if scheduler is None:
        results = _in_process(partial(function, shared), parts)
        return merged(_told(results, len(parts), progress), merge)
    if scheduler == "dask":
        distributed = _distributed()
        with (
            distributed.LocalCluster(
                threads_per_worker=1, dashboard_address="127.0.0.1:0"
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            return _on_dask(client, partial(_submitted, function, shared, parts), merge, progress)
    if "distributed" not in sys.modules or not isinstance(scheduler, _distributed().Client):
        raise InvalidArgumentError(
            f"scheduler must be None, 'dask' or a dask.distributed.Client, was {scheduler!r}; "
            "None computes in this process"
        )
    return _on_dask(scheduler, partial(_submitted, function, shared, parts), merge, progress)


def merged(results: Iterable[Result], merge: Callable[[Result, Result], Result]) -> Result:
    """Merge results pairwise as they come; of n no more than log2(n) + 1 are held."""
    held: list[tuple[int, Result]] = []  # trees, with how many results are in each
    for result in results:
        size, tree = 1, result
        while held and held[-1][0] == size:
            size, tree = 2 * size, merge(held.pop()[1], tree)
        held.append((size, tree))
    _, last = held.pop()
    while held:
        last = merge(held.pop()[1], last)
    return last


def _in_process(function: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
    """Give the results in order; no more parts are under way than there are threads."""
    if len(parts) == 1:
        yield function(parts[0])
        return
    with ThreadPoolExecutor(THREADS) as threads:
        running: deque[Future[Result]] = deque()
        for part in parts:
            if len(running) == THREADS:
                yield running.popleft().result()
            running.append(threads.submit(function, part))
        while running:
            yield running.popleft().result()


def _told(results: Iterable[Result], count: int, progress: Progress | None) -> Iterator[Result]:
    for done, result in enumerate(results, 1):
        if progress is not None:
            progress(done, count)
        yield result


def _submitted(
    function: Callable[[Shared, Part], Result], shared: Shared, parts: Sequence[Part], client: Any
) -> list[Any]:
    sent = client.scatter(shared, broadcast=True, hash=False)
    return [client.submit(function, sent, part, pure=False) for part in parts]


def _on_dask(
    client: Any,
    submitted: Callable[[Any], list[Any]],
    merge: Callable[[Result, Result], Result],
    progress: Progress | None,
) -> Result:
    level = submitted(client)
    leaves = [] if progress is None else list(level)
    while len(level) > 1:
        pairs = [level[place : place + 2] for place in range(0, len(level), 2)]
        level = [
            client.submit(merge, *pair, pure=False) if len(pair) == 2 else pair[0] for pair in pairs
        ]
    for _ in _told(_distributed().as_completed(leaves), len(leaves), progress):
        pass
    result: Result = level[0].result()
    return result


def _distributed() -> Any:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise InvalidArgumentError(
            "a scheduler other than None needs Dask, which is not installed; "
            "install perfkit[cluster], or leave the scheduler out"
        ) from error
    return distributed
