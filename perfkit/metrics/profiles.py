"""Profiles: the conventions of other libraries, by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from perfkit.errors import UnknownNameError
from perfkit.metrics.catalog import METRICS, find_metrics
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
        For a name that there is not, listing those that there are; and where a profile
        of one's own names a metric, or for all metrics a keyword, that there is not.
    """
    if isinstance(profile, Profile):
        if profile.name not in PROFILES or profile is not PROFILES[profile.name]:
            _check(profile)
        return profile
    if profile not in PROFILES:
        raise UnknownNameError(f"there is no profile {profile!r}; there are {', '.join(PROFILES)}")
    return PROFILES[profile]


def _check(profile: Profile) -> None:
    find_metrics([*profile.options, *profile.called, *profile.deviations])
    known = {option for entry in METRICS.values() for option in entry.options}
    if unknown := sorted(profile.everywhere.keys() - known):
        raise UnknownNameError(f"no metric takes {unknown}, which {profile.name!r} says everywhere")
