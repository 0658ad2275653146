"""The cluster: the same function and the same merge, in process or on Dask."""

from __future__ import annotations

from perfkit.cluster.map_reduce import Progress, Scheduler, map_reduce

__all__ = ["Progress", "Scheduler", "map_reduce"]
