"""Files of news: calendars, schedules and headlines, whole or with the reason why not."""

from __future__ import annotations

import contextlib
import gzip
from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.errors import ImportFormatError, InvalidArgumentError, UnknownNameError
from perfkit.importers import TimeStyle, read_news
from perfkit.records import NewsEvent, arrow_schema, from_table

HEADER = "event_id,event_time,known_at,symbol,calendar,importance,title"
GOOD = "fomc,2015-03-18T18:00:00Z,2014-06-01T00:00:00Z,,XNYS,High,Statement"
NEW_YORK = TimeStyle(zone="America/New_York")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def csv_file(tmp_path):
    def write(*lines, header=HEADER):
        path = tmp_path / "news.csv"
        path.write_text("\n".join([header, *lines]), encoding="utf-8")
        return path

    return write


@pytest.fixture
def calendar_file(tmp_path):
    """An iCalendar file; each event is given by its lines."""

    def write(*events, between=(), name="events.ics"):
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//desk//calendar//EN", *between]
        for event in events:
            lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
        text = "\r\n".join([*lines, "END:VCALENDAR", ""])
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write


EVENT = (
    "UID:fomc@desk",
    "DTSTAMP:20150101T120000Z",
    "CREATED:20140601T080000Z",
    "DTSTART;TZID=America/New_York:20150318T140000",
    "SUMMARY:FOMC\\, statement",
    "PRIORITY:1",
)


def changed(*lines, without=()):
    """EVENT with other lines in place of those of the same names."""
    names = [line.split(":")[0].split(";")[0] for line in lines]
    kept = [line for line in EVENT if line.split(":")[0].split(";")[0] not in (*names, *without)]
    return (*kept, *lines)


def only(result):
    (event,) = from_table(result.news, NewsEvent)
    return event


def refusal(result):
    (refused,) = result.refused
    assert result.read == result.recorded + len(result.skipped) + 1
    return refused


def test_columns_are_read_by_the_names_of_the_fields(csv_file):
    result = read_news(csv_file(GOOD))
    assert (result.read, result.recorded, result.skipped, result.refused) == (1, 1, (), ())
    assert result.news.schema.equals(arrow_schema(NewsEvent))
    assert only(result) == NewsEvent(
        event_id="fomc",
        event_time=utc(2015, 3, 18, 18),
        known_at=utc(2014, 6, 1),
        calendar="XNYS",
        importance="high",
        title="Statement",
    )


def test_the_schedule_of_the_fomc_is_read_by_a_column_map(shared_data):
    result = read_news(
        shared_data / "events" / "fomc_statements_2014_2016.csv",
        columns={"title": "event", "event_time": "ts_utc", "importance": "impact"},
        known_at="2013-12-31T00:00:00Z",
        calendar="XNYS",
    )
    events = from_table(result.news, NewsEvent)
    assert (result.recorded, len({e.event_id for e in events})) == (24, 24)
    # the file's source says: 24 statements at 14:00 in New York
    local = [e.event_time.astimezone(pd.Timestamp.now("America/New_York").tzinfo) for e in events]
    assert {(t.hour, t.minute) for t in local} == {(14, 0)}
    assert {e.importance.value for e in events} == {"high"}


def test_tweets_are_known_when_they_are_written(shared_data):
    path = shared_data / "events" / "aapl_tweet_times.parquet"
    result = read_news(path, columns={"event_time": "ts", "known_at": "ts", "symbol": "symbol"})
    written = pq.read_table(path)["ts"].to_pylist()
    # two of one symbol and second, without any word of theirs, are the same news
    assert (result.read, result.recorded) == (20_850, len(set(written)))
    assert result.news["event_time"].to_pylist() == sorted(set(written))
    assert result.news["event_time"].equals(result.news["known_at"])
    assert {row.reason for row in result.skipped} == {"the same event, with the same id, again"}


@pytest.mark.parametrize("shape", ["csv", "csv.gz", "parquet", "frame"])
def test_all_shapes_of_a_table_give_the_same_news(csv_file, tmp_path, shape):
    path = csv_file(GOOD, GOOD.replace("fomc", "two").replace("18T18", "19T18"))
    expected = read_news(path).news
    frame = pd.read_csv(path)
    source = tmp_path / f"news.{shape}"
    if shape == "csv.gz":
        source.write_bytes(gzip.compress(path.read_bytes()))
    elif shape == "parquet":
        times = {name: pd.to_datetime(frame[name]) for name in ("event_time", "known_at")}
        columns = {name: pa.array(frame[name], from_pandas=True) for name in frame.columns}
        for name, series in times.items():
            columns[name] = pa.array(series.dt.tz_convert(None).to_numpy(), pa.timestamp("us"))
        pq.write_table(pa.table(columns), source)
    elif shape == "frame":
        source = frame.assign(**{n: pd.to_datetime(frame[n]) for n in ("event_time", "known_at")})
    elif shape == "csv":
        source = path
    assert read_news(source, times=TimeStyle(zone="UTC")).news.equals(expected)


def test_naive_times_are_read_in_the_stated_zone_and_need_one(csv_file):
    path = csv_file("a,2015-03-18 14:00,2015-01-05 09:30,,,,")
    assert only(read_news(path, times=NEW_YORK)).event_time == utc(2015, 3, 18, 18)
    assert only(read_news(path, times=NEW_YORK)).known_at == utc(2015, 1, 5, 14, 30)
    with pytest.raises(ImportFormatError, match="must give times with a zone"):
        read_news(path)
    layout = TimeStyle(layout="%d/%m/%Y %H:%M", zone="UTC")
    path = csv_file("a,18/03/2015 14:00,05/01/2015 09:30,,,,")
    assert only(read_news(path, times=layout)).event_time == utc(2015, 3, 18, 14)


def test_an_hour_that_the_clock_shows_twice_is_refused(csv_file):
    path = csv_file(GOOD, "a,2015-11-01 01:30,2015-01-05 09:30,,,,")
    refused = refusal(read_news(path, times=NEW_YORK))
    assert (refused.line, refused.field) == (3, "event_time")
    assert "that the clock of America/New_York shows once" in refused.reason


def test_a_day_is_no_moment_but_news_is_known_from_its_end(csv_file, tmp_path):
    refused = refusal(read_news(csv_file(GOOD.replace("18T18:00:00Z", "18")), times=NEW_YORK))
    assert (refused.line, refused.field) == (2, "event_time")
    assert "must be a moment, was the day 2015-03-18; give the hour" in refused.reason
    day = csv_file(GOOD.replace("2014-06-01T00:00:00Z", "2014-06-01"))
    assert only(read_news(day, times=NEW_YORK)).known_at == utc(2014, 6, 2, 4)
    days = pa.table(
        {
            "event_time": pa.array([utc(2015, 3, 18, 18)], pa.timestamp("us", "UTC")),
            "known_at": pa.array([date(2014, 6, 1)]),
        }
    )
    pq.write_table(days, tmp_path / "days.parquet")
    result = read_news(tmp_path / "days.parquet", times=TimeStyle(zone="UTC"))
    assert only(result).known_at == utc(2014, 6, 2)
    with pytest.raises(InvalidArgumentError, match="layout must tell the hour"):
        read_news(day, times=TimeStyle(layout="%Y-%m-%d", zone="UTC"))


def test_a_file_that_never_says_when_it_was_known_is_refused_with_the_reason(csv_file):
    path = csv_file("a,2015-03-18T18:00:00Z", header="event_id,event_time")
    with pytest.raises(ImportFormatError) as error:
        read_news(path)
    for word in ("'known_at'", "day its schedule was published", "time the news came out"):
        assert word in str(error.value)
    assert only(read_news(path, known_at=utc(2015, 1, 1))).known_at == utc(2015, 1, 1)


def test_rows_that_do_not_say_take_what_is_said_for_all(csv_file):
    path = csv_file(GOOD, "b,2015-03-19T18:00:00Z,,SPY,,,", "c,2015-03-20T18:00:00Z,,,XLON,,")
    refused = read_news(path).refused
    assert [(r.line, r.field) for r in refused] == [(3, "known_at"), (4, "known_at")]
    assert "'b': known_at must be given, was None; say from when" in refused[0].reason
    result = read_news(path, known_at="2015-01-01T00:00Z", calendar="XNAS")
    assert result.news["known_at"].to_pylist() == [
        utc(2014, 6, 1),
        utc(2015, 1, 1),
        utc(2015, 1, 1),
    ]
    assert result.news["calendar"].to_pylist() == ["XNYS", "XNAS", "XLON"]
    assert result.news["symbol"].to_pylist() == [None, "SPY", None]


@pytest.mark.parametrize(
    "given", ["soon", "2015-01-01", "2015-01-01T00:00", utc(2015, 1, 1).replace(tzinfo=None)]
)
def test_when_all_was_known_must_be_a_time_with_a_zone(csv_file, given):
    with pytest.raises(InvalidArgumentError, match="known_at must"):
        read_news(csv_file(GOOD), known_at=given)


def test_an_event_without_an_id_gets_one_from_what_it_is(csv_file):
    path = csv_file(
        "2015-03-18T18:00Z,2015-01-01T00:00Z,Fed",
        "2015-03-18T18:00Z,2015-01-01T00:00Z,ECB",
        "2015-03-18T18:00Z,2015-01-01T00:00Z,Fed",
        header="event_time,known_at,title",
    )
    first, again = read_news(path), read_news(path)
    assert (first.recorded, [s.line for s in first.skipped]) == (2, [4])
    assert first.news.equals(again.news)
    assert len(set(first.news["event_id"].to_pylist())) == 2


def test_a_moved_event_is_two_rows_and_a_contradiction_is_refused(csv_file):
    moved = GOOD.replace("18T18", "18T19").replace("2014-06-01", "2015-03-01")
    assert read_news(csv_file(GOOD, moved)).recorded == 2
    refused = refusal(read_news(csv_file(GOOD, GOOD.replace("18T18", "18T19"))))
    assert (refused.line, refused.field) == (3, "event_id")
    assert "was 'fomc' on line 2 with other content" in refused.reason


@pytest.mark.parametrize(
    ("field", "old", "new", "reason"),
    [
        ("event_id", "fomc", "my event", "event_id must match"),
        ("event_time", "2015-03-18T18:00:00Z", "noon", "shows once, was noon"),
        ("event_time", "2015-03-18T18:00:00Z", "", "event_time must be a time with a zone"),
        ("event_time", "2015-03-18T18:00:00Z", "1515-03-18T18:00:00Z", "from 1677 to 2262"),
        ("known_at", "2014-06-01T00:00:00Z", "2014-02-31", "must be a time in ISO 8601"),
        ("importance", "High", "***", "importance must be one of low, medium, high, was '***'"),
        ("title", "Statement", "x" * 501, "title must be 1 to 500 printable characters"),
        ("symbol", ",,XNYS", f",{'S' * 65},XNYS", "symbol must be 1 to 64 printable"),
        ("row", ",Statement", "", "row must have 7 cells"),
    ],
)
def test_a_bad_row_is_listed_with_its_line_and_reason(csv_file, field, old, new, reason):
    other = GOOD.replace("fomc", "other")
    style = TimeStyle(zone="UTC")
    refused = refusal(read_news(csv_file(other, "", GOOD.replace(old, new, 1)), times=style))
    assert (refused.line, refused.field) == (4, field)
    assert reason in refused.reason


def test_columns_that_are_not_there_or_misspelt_are_named(csv_file):
    with pytest.raises(ImportFormatError, match=r"had \['importanse'\].*give a column map"):
        read_news(csv_file(GOOD, header=HEADER.replace("importance", "importanse")))
    with pytest.raises(ImportFormatError, match=r"column 'When'.*0 times"):
        read_news(csv_file(GOOD), columns={"event_time": "When", "known_at": "known_at"})
    with pytest.raises(ImportFormatError, match="'event_time', and no column gives it"):
        read_news(csv_file(GOOD), columns={"known_at": "known_at"})
    with pytest.raises(InvalidArgumentError, match=r"had \['time'\]; they are event_id"):
        read_news(csv_file(GOOD), columns={"time": "event_time"})
    with pytest.raises(InvalidArgumentError, match="IANA name"):
        read_news(csv_file(GOOD), times=TimeStyle(zone="Mars/Base"))


def test_what_was_exported_of_a_history_is_read_again(tmp_path, csv_file):
    rows = read_news(csv_file(GOOD)).news
    stored = rows.set_column(
        rows.column_names.index("recorded_at"),
        "recorded_at",
        pa.array([utc(2020, 1, 1)], pa.timestamp("us", "UTC")),
    ).append_column("sequence", pa.array([7]))
    pq.write_table(stored, tmp_path / "news.parquet")
    assert read_news(tmp_path / "news.parquet").news.equals(rows)


@pytest.mark.parametrize("name", ["events.ics", "Events.ICS", "events.ics.gz"])
def test_an_event_of_a_calendar_was_known_when_it_was_created(calendar_file, name):
    # the clock of New York is four hours behind on 18 March
    event = only(read_news(calendar_file(EVENT, name=name), calendar="XNYS"))
    assert event.event_id.startswith("fomc-desk-")
    assert (event.event_time, event.known_at) == (utc(2015, 3, 18, 18), utc(2014, 6, 1, 8))
    assert (event.title, event.importance) == ("FOMC, statement", "high")
    assert (event.symbol, event.calendar) == (None, "XNYS")


@pytest.mark.parametrize(
    ("event", "known_at"),
    [
        (changed(without=("CREATED",)), utc(2015, 1, 1, 12)),
        (changed("SEQUENCE:0", "LAST-MODIFIED:20150301T000000Z"), utc(2014, 6, 1, 8)),
        # what was revised was not known before, whenever it was created
        (changed("SEQUENCE:1", "LAST-MODIFIED:20150301T000000Z"), utc(2015, 3, 1)),
        (changed("SEQUENCE:2"), utc(2015, 1, 1, 12)),
        (changed(without=("CREATED", "DTSTAMP")), utc(2013, 1, 1)),
    ],
)
def test_a_calendar_tells_from_when_an_event_was_known(calendar_file, event, known_at):
    assert only(read_news(calendar_file(event), known_at=utc(2013, 1, 1))).known_at == known_at


def test_an_event_of_a_calendar_that_never_says_when_it_was_known_is_refused(calendar_file):
    refused = refusal(read_news(calendar_file(changed(without=("CREATED", "DTSTAMP")))))
    assert (refused.line, refused.field) == (4, "known_at")
    assert "known_at must be given, was None; say from when" in refused.reason


def zone_of(name, offset, *rule):
    return (
        "BEGIN:VTIMEZONE", f"TZID:{name}", "BEGIN:STANDARD", "DTSTART:19700101T000000", *rule,
        f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}", "END:STANDARD", "END:VTIMEZONE",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("DTSTART:20150318T180000Z", utc(2015, 3, 18, 18)),
        ("DTSTART;TZID=Desk:20150318T140000", utc(2015, 3, 18, 17)),
        # RFC 5545, 3.3.5: of two the first, and in a gap the offset before it
        ("DTSTART;TZID=Europe/Zurich:20241027T023000", utc(2024, 10, 27, 0, 30)),
        ("DTSTART;TZID=Europe/Zurich:20240331T023000", utc(2024, 3, 31, 1, 30)),
        # floating: the zone of the reader
        ("DTSTART:20150318T140000", utc(2015, 3, 18, 18)),
    ],
)
def test_the_start_of_an_event_has_the_zone_that_the_file_says(calendar_file, start, expected):
    desk = zone_of("Desk", "-0300")
    result = read_news(calendar_file(changed(start), between=desk), times=NEW_YORK)
    assert only(result).event_time == expected


@pytest.mark.parametrize(
    ("event", "field", "reason"),
    [
        (changed("DTSTART:20150318T140000"), "event_time", "must have a zone"),
        (changed("DTSTART;TZID=Mars/Base:20150318T140000"), "event_time", "was 'Mars/Base'"),
        (
            changed("DTSTART;TZID=/maker/America/New_York:20150318T140000"),
            "event_time",
            "was '/maker/America/New_York' in DTSTART",
        ),
        (
            changed("DTSTART;VALUE=DATE:20150318"),
            "event_time",
            "must be a moment, was the day 2015-03-18",
        ),
        (changed("DTSTART;TZID=America:20150318T140000"), "event_time", "was 'America' in DTSTART"),
        (
            changed("DTSTART;TZID=America/Argentina:20150318T140000"),
            "event_time",
            "was 'America/Argentina' in DTSTART",
        ),
        (changed("DTSTART;VALUE=TIME:140000"), "event_time", "was a time of no day; write"),
        (changed("DTSTART;VALUE=PERIOD:20150318T140000Z/PT1H"), "event_time", "was a period;"),
        (changed("DTSTART;VALUE=DURATION:PT1H"), "event_time", "was a duration; write it as"),
        (changed("DTSTART:tomorrow"), "event_time", "can't be read from DTSTART"),
        (changed(without=("DTSTART",)), "event_time", "event_time must be a time"),
        (changed("RRULE:FREQ=WEEKLY"), "event_time", "recurring event (RRULE); write its"),
        (changed("RECURRENCE-ID:20150318T180000Z"), "event_time", "(RECURRENCE-ID)"),
        ((*EVENT, "DTSTART:20150318T180000Z"), "event_time", "DTSTART stands 2 times"),
        ((*EVENT, "UID:other"), "event_id", "UID stands 2 times"),
        (changed("CREATED:20140601"), "known_at", "must be a moment, was the day"),
        (changed("SEQUENCE:x"), "known_at", "can't be read from SEQUENCE"),
        (changed("PRIORITY:10"), "importance", "PRIORITY of 0 to 9, was 10"),
        ((*EVENT, "this is no line"), "row", "can't be read from a line"),
        (changed("SUMMARY:" + "x" * 501), "title", "title must be 1 to 500"),
    ],
)
def test_a_bad_event_is_listed_with_its_line_and_reason(calendar_file, event, field, reason):
    result = read_news(calendar_file(changed("UID:good"), event))
    refused = refusal(result)
    assert (refused.line, refused.field) == (4 + len(EVENT) + 2, field)
    assert reason in refused.reason
    assert result.news["event_id"].to_pylist() == ["good"]


def test_cancelled_events_are_skipped_and_alarms_are_no_events(calendar_file):
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM")
    cancelled = changed("STATUS:CANCELLED", "UID:b")
    result = read_news(calendar_file((*EVENT, *alarm), cancelled, changed("PRIORITY:5", "UID:c")))
    assert [(s.line, s.reason) for s in result.skipped] == [(16, "a cancelled event")]
    assert (result.read, result.recorded) == (3, 2)
    assert result.news["importance"].to_pylist() == ["high", "medium"]


def test_an_empty_calendar_has_no_news(calendar_file):
    result = read_news(calendar_file())
    assert (result.read, result.news.num_rows) == (0, 0)


@pytest.mark.parametrize("name", ["Desk", "Eastern Standard Time", "/maker/Desk"])
def test_a_zone_is_that_of_its_own_file(calendar_file, name):
    event = changed(f"DTSTART;TZID={name}:20150318T140000")
    for offset, hour in (("-0300", 17), ("-0500", 19)):
        result = read_news(calendar_file(event, between=zone_of(name, offset)))
        assert only(result).event_time == utc(2015, 3, 18, hour)
    assert repr(name) in refusal(read_news(calendar_file(event))).reason
    # what a file says of a zone of IANA is often cut short, and is not needed
    own = calendar_file(EVENT, between=zone_of("America/New_York", "+0900"))
    assert only(read_news(own)).event_time == utc(2015, 3, 18, 18)


@pytest.mark.parametrize("name", ["Desk", "Broken"])
def test_a_calendar_whose_zone_is_broken_is_an_error(calendar_file, name):
    zone = zone_of(name, "-0300", "RRULE:BYMONTH=10")
    with pytest.raises(ImportFormatError, match=r"events\.ics: must be a whole, undamaged"):
        read_news(calendar_file(EVENT, between=zone))


def test_a_file_that_is_cut_off_or_none_is_an_error(calendar_file, tmp_path):
    whole = calendar_file(EVENT, changed("UID:b")).read_text()
    path = tmp_path / "bad.ics"
    cut = [whole[:-20], whole[:200], whole[200:], whole.replace("END:VEVENT\n", "", 1)]
    for text in ("", "hello", "<html></html>", whole.replace("VCALENDAR", "VTODO"), *cut):
        path.write_text(text)
        with pytest.raises(ImportFormatError, match=r"bad\.ics: must be a whole, undamaged"):
            read_news(path)
    path.write_bytes(whole.encode("utf-16"))
    with pytest.raises(ImportFormatError, match="text in UTF-8"):
        read_news(path)
    with pytest.raises(ImportFormatError, match="must be a readable file"):
        read_news(tmp_path / "none.ics")
    with pytest.raises(InvalidArgumentError, match="columns and a layout belong to tables"):
        read_news(path, columns={"title": "SUMMARY"})


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_whatever_is_lost_of_a_calendar_is_told(tmp_path_factory, data):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for uid in "abc":
        lines += ["BEGIN:VEVENT", *changed(f"UID:{uid}"), "END:VEVENT"]
    lines.append("END:VCALENDAR")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        old = lines[place]
        cut = data.draw(st.integers(0, len(old)))
        lines[place] = old[:cut] + data.draw(st.text(max_size=3)) + old[cut + 1 :]
    path = tmp_path_factory.mktemp("fuzz") / "calendar.ics"
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    with contextlib.suppress(ImportFormatError):
        result = read_news(path)
        assert result.recorded + len(result.skipped) + len(result.refused) == result.read


def test_a_calendar_that_does_not_exist_is_refused(tmp_path):
    path = tmp_path / "news.csv"
    rows = ["a,2015-03-18T18:00Z,,,NYSE,,", "b,2015-03-18T18:00Z,,,XNYZ,,"]
    path.write_text("\n".join([HEADER, *rows]))
    result = read_news(path, known_at="2015-01-01T00:00Z")
    refused = refusal(result)
    assert (refused.line, refused.field) == (3, "calendar")
    assert "was 'XNYZ'; did you mean" in refused.reason
    assert "'XNYS'" in refused.reason
    assert result.news["event_id"].to_pylist() == ["a"]
    with pytest.raises(UnknownNameError, match=r"calendar must be .*was 'XNYZ'; did you mean"):
        read_news(path, known_at="2015-01-01T00:00Z", calendar="XNYZ")


def test_a_day_without_a_zone_is_quoted_as_it_stands(tmp_path):
    path = tmp_path / "news.csv"
    path.write_text(f"{HEADER}\na,2015-03-18T18:00Z,2015-03-01,,,,")
    with pytest.raises(ImportFormatError, match=r"had the day 2015-03-01, .*state the time zone"):
        read_news(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"known_at": 5}, "known_at must be a time or text such as"),
        ({"columns": ["title"]}, "columns must map fields"),
        ({"calendar": 5}, "calendar must be text, was 5"),
        ({"symbol": ["X"]}, "symbol must be text"),
        ({"source": 5}, "source must be a path or a DataFrame, was 5"),
    ],
)
def test_an_argument_that_is_none_is_named(arguments, message):
    frame = pd.DataFrame({"event_time": ["2015-03-18T18:00Z"]})
    with pytest.raises(InvalidArgumentError, match=message):
        read_news(**{"source": frame, "known_at": "2015-01-01T00:00Z"} | arguments)
