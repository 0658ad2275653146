"""Profiles: the conventions of other libraries, by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from perfkit.errors import UnknownNameError
from perfkit.metrics.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROFILES", "find_profile"]

_ALL = (
    Profile(name="perfkit", source="the catalogue's own definitions"),
    Profile(
        name="quantstats",
        source="quantstats 0.0.86",
        periods=252,
    ),
    Profile(
        name="empyrical",
        source="empyrical-reloaded 0.7.1",
        periods=252,
    ),
    Profile(
        name="vectorbt",
        source="vectorbt 1.2.0",
        periods=365,
    ),
    Profile(
        name="ffn",
        source="ffn 1.4.1",
    ),
    Profile(
        name="lean",
        source="QuantConnect LEAN",
        periods=252,
    ),
    Profile(
        name="performance_analytics",
        source="R PerformanceAnalytics 2.1.0",
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _ALL})


def find_profile(profile: str | Profile) -> Profile:
    """Find a profile by name; one of one's own stays itself.

    Raises
    ------
    UnknownNameError
        For a name that there is not, listing those that there are.
    """
    if isinstance(profile, Profile):
        return profile
    if profile not in PROFILES:
        raise UnknownNameError(f"there is no profile {profile!r}; there are {', '.join(PROFILES)}")
    return PROFILES[profile]
