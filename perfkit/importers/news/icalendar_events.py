"""iCalendar files (``.ics``): each VEVENT is an event, its UID the id.

An event was known from when it was CREATED; one that was revised since (SEQUENCE above 0)
only from its LAST-MODIFIED, because nobody knows what it said before. Where that is not
told it is known from its DTSTAMP.

A zone is that of IANA by its name, else the one that the file defines. It is looked up
here, because the library gives a file the zone of that name of any file it read before.
A local time that the clock shows twice is the first, as the standard has it.

References
----------
.. [1] RFC 5545, *Internet Calendaring and Scheduling Core Object Specification*, sections
   3.3.5, 3.8.1.9, 3.8.7.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa

from perfkit.errors import ImportFormatError, UnreadableCellError
from perfkit.importers.admission import Candidates, Reading
from perfkit.importers.drafts import Skip
from perfkit.importers.news.news_times import require_moment
from perfkit.importers.result import RefusedRow, SkippedRow
from perfkit.importers.row_cells import moment
from perfkit.importers.source_bytes import load_text
from perfkit.records import Importance, NewsEvent, arrow_schema
from perfkit.records.identifiers import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo
    from pathlib import Path

    from icalendar import Component, Timezone

__all__ = ["read_icalendar"]

_READ = {
    "UID": "event_id",
    "DTSTART": "event_time",
    "CREATED": "known_at",
    "LAST-MODIFIED": "known_at",
    "DTSTAMP": "known_at",
    "SEQUENCE": "known_at",
    "SUMMARY": "title",
    "PRIORITY": "importance",
    "STATUS": "row",
    None: "row",  # a line that is none
}
_RECURRING = ("RRULE", "RDATE", "RECURRENCE-ID")
# what the library meets a damaged file with
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OSError)
_GROUP = " (a group of zones)"  # what is written to a name such as "America"
# RFC 5545, 3.8.1.9: 1 to 4 high, 5 medium, 6 to 9 low; 0 is undefined
_IMPORTANCE = (None, *[Importance.HIGH] * 4, Importance.MEDIUM, *[Importance.LOW] * 4)


def read_icalendar(path: str | Path, zone: str | None) -> tuple[Reading, Candidates]:
    """Read the events of an iCalendar file.

    Parameters
    ----------
    path : path
        The file; ``.gz`` is unpacked.
    zone : str, optional
        IANA name of the zone of times that have none.

    Raises
    ------
    ImportFormatError
        When the file as a whole is no iCalendar, or is cut off.
    """
    name, text = load_text(path)
    lines = _event_lines(name, text)
    calendars = [(each, _zones(name, each)) for each in _parsed(name, text)]
    events = [(event, zones) for each, zones in calendars for event in each.walk("VEVENT")]
    if len(events) != len(lines):
        raise ImportFormatError(
            f"{name}: must give each of its {len(lines)} events once, gave {len(events)}; "
            "export it again"
        )
    found: list[tuple[int, dict[str, Any]]] = []
    skipped, refused = [], []
    for line, (event, zones) in zip(lines, events, strict=True):
        try:
            fields = _fields(event, zone, zones)
        except UnreadableCellError as error:
            refused.append(RefusedRow(line=line, field=error.field, reason=str(error)))
            continue
        if isinstance(fields, Skip):
            skipped.append(SkippedRow(line=line, reason=fields.reason))
        else:
            found.append((line, fields))
    columns = {
        field.name: pa.array([fields.get(field.name) for _, fields in found], field.type)
        for field in arrow_schema(NewsEvent)
    }
    places = np.array([line for line, _ in found], np.int64)
    candidates = Candidates(cls=NewsEvent, lines=places, fields=columns)
    reading = Reading(source=name, read=len(events), skipped=skipped, refused=refused)
    return reading, candidates


def _event_lines(name: str, text: str) -> list[int]:
    """Give the line on which each event begins; the parser is silent about what is cut off."""
    opened: list[str] = []
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        word, _, part = line.rstrip().upper().partition(":")
        if word == "BEGIN":
            opened.append(part)
            if part == "VEVENT":
                lines.append(number)
        elif word == "END" and (not opened or opened.pop() != part):
            raise _broken(name, f"END:{part} on line {number} ends nothing")
    if opened:
        raise _broken(name, f"the last {opened[-1]} does not end")
    return lines


def _parsed(name: str, text: str) -> list[Component]:
    from icalendar import Calendar

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of zones that it guesses, which are not used
            calendars = Calendar.from_ical(_without_groups(text), multiple=True)
    except _UNREADABLE as error:
        raise _broken(name, str(error)) from error
    if not calendars or any(calendar.name != "VCALENDAR" for calendar in calendars):
        raise _broken(name, "it has no VCALENDAR")
    return list(calendars)


def _without_groups(text: str) -> str:
    """Mark the names of folders of zones, such as "America", on which the library breaks."""

    def marked(found: re.Match[str]) -> str:
        try:
            ZoneInfo(found[1])
        except OSError:
            return found[0] + _GROUP
        except (ValueError, ZoneInfoNotFoundError):
            pass
        return found[0]

    return re.sub(r"TZID=([A-Za-z_/]+)(?=[;:])", marked, text)


def _zones(name: str, calendar: Component) -> dict[str, tzinfo]:
    """Give the zones that a calendar defines and IANA does not."""
    zones = {}
    for each in calendar.walk("VTIMEZONE"):
        stated = str(each.get("TZID"))
        if _of_iana(stated) is None:
            try:
                zones[stated] = cast("Timezone", each).to_tz(lookup_tzid=False)
            except _UNREADABLE as error:
                raise _broken(name, f"the zone {stated!r}: {error}") from error
    return zones


def _of_iana(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def _broken(name: str, reason: str) -> ImportFormatError:
    return ImportFormatError(
        f"{name}: must be a whole, undamaged iCalendar file: {reason}; export it again"
    )


def _fields(
    event: Component, zone: str | None, zones: Mapping[str, tzinfo]
) -> dict[str, Any] | Skip:
    for name, reason in event.errors:
        if name in _READ:
            what = "a line" if name is None else name
            raise UnreadableCellError(_READ[name], f"can't be read from {what}: {reason}")
    recurring = [name for name in _RECURRING if name in event]
    if recurring:
        raise UnreadableCellError(
            "event_time",
            f"must be one moment, was that of a recurring event ({recurring[0]}); write its "
            "occurrences out, each as an event with a UID of its own",
        )
    if str(_one(event, "STATUS") or "").upper() == "CANCELLED":
        return Skip("a cancelled event")
    uid = str(_one(event, "UID") or "").strip()
    return {
        "event_id": identifier(uid) if uid else None,
        "event_time": _moment(event, "DTSTART", zone, zones),
        "known_at": _known_at(event, zone, zones),
        "importance": _importance(event),
        "title": " ".join(str(_one(event, "SUMMARY") or "").split()) or None,
    }


def _known_at(event: Component, zone: str | None, zones: Mapping[str, tzinfo]) -> datetime | None:
    is_revised = int(_one(event, "SEQUENCE") or 0) > 0
    own = _moment(event, "LAST-MODIFIED" if is_revised else "CREATED", zone, zones)
    return _moment(event, "DTSTAMP", zone, zones) if own is None else own


def _moment(
    event: Component, name: str, zone: str | None, zones: Mapping[str, tzinfo]
) -> datetime | None:
    value, field = _one(event, name), _READ[name]
    if value is None:
        return None
    time = require_moment(value.dt, field)
    if stated := value.params.get("TZID"):
        stated = str(stated).removesuffix(_GROUP)
        of_file = _of_iana(stated) or zones.get(stated)
        if of_file is None:
            raise UnreadableCellError(
                field, f"must be in a zone that the file or IANA defines, was {stated!r} in {name}"
            )
        time = time.replace(tzinfo=of_file)
    return moment(time.isoformat(), field, zone=zone)


def _importance(event: Component) -> Importance | None:
    priority = int(_one(event, "PRIORITY") or 0)
    if not 0 <= priority < len(_IMPORTANCE):
        raise UnreadableCellError(
            "importance", f"must follow from a PRIORITY of 0 to 9, was {priority}"
        )
    return _IMPORTANCE[priority]


def _one(event: Component, name: str) -> Any:
    value = event.get(name)
    if isinstance(value, list):
        raise UnreadableCellError(
            _READ[name], f"must be told once, {name} stands {len(value)} times; keep the valid one"
        )
    return value
