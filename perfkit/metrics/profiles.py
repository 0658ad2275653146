"""Profiles: the conventions of other libraries, by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from perfkit.errors import UnknownNameError
from perfkit.metrics.document_profiles import LEAN, PERFORMANCE_ANALYTICS
from perfkit.metrics.profile import Profile
from perfkit.metrics.python_profiles import EMPYRICAL, FFN, QUANTSTATS, VECTORBT

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROFILES", "find_profile"]

_ALL = (
    Profile(name="perfkit", source="the catalogue's own definitions"),
    QUANTSTATS,
    EMPYRICAL,
    VECTORBT,
    FFN,
    LEAN,
    PERFORMANCE_ANALYTICS,
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
