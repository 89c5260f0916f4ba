"""Events for users: their form, and how many are too many."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.telemetry import event_recorder
from fairlead.telemetry.event_recorder import ALL, PER_OBJECT, EventRecorder, EventType, NewEvent

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHAT = {
    "apiVersion": "fairlead.dev/v1alpha1",
    "kind": "InferenceDeployment",
    "namespace": "serving",
    "name": "chat",
    "uid": "u1",
}


def news(note: str = "4 of 4 replicas serve", **owner: str) -> NewEvent:
    """An Event to send."""
    return NewEvent(owner=CHAT | owner, reason="Serving", action="Reconcile", note=note, type=EventType.WARNING)


async def swallow(_: dict[str, Any]) -> None:
    """A server that accepts everything."""


def recorder() -> EventRecorder:
    """A recorder whose Events go nowhere."""
    return EventRecorder(swallow, "operator-a")


def test_an_event_has_the_form_that_the_api_server_requires() -> None:
    made = event_recorder.event(news(), NOW, "operator-a")
    name = made["metadata"].pop("name")
    assert (name[:5], len(name)) == ("chat.", 21)
    assert made == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "serving"},
        "eventTime": "2026-11-20T12:00:00.000000Z",
        "type": "Warning",
        "reason": "Serving",
        "action": "Reconcile",
        "note": "4 of 4 replicas serve",
        "regarding": CHAT,
        "reportingController": "fairlead.dev/controller",
        "reportingInstance": "operator-a",
    }


def test_the_same_news_at_the_same_moment_is_the_same_event() -> None:
    names = {
        event_recorder.event(event, now, "a")["metadata"]["name"]
        for event, now in ((news(), NOW), (news(), NOW), (news("other"), NOW), (news(), NOW + timedelta(seconds=1)))
    }
    assert len(names) == 3


def test_an_event_of_an_object_without_a_namespace_is_in_the_default_one_and_a_long_name_is_cut() -> None:
    made = event_recorder.event(news(namespace="", name="n" * 253), NOW, "a")
    assert (made["metadata"]["namespace"], len(made["metadata"]["name"])) == ("default", 253)


@given(st.text(max_size=1500))
def test_a_note_never_exceeds_a_kilobyte_and_is_whole_when_it_fits(note: str) -> None:
    note = note.encode(errors="ignore").decode()
    cut = event_recorder.shortened(note)
    assert len(cut.encode()) <= event_recorder.LONGEST_NOTE
    assert cut == note or note.startswith(cut.removesuffix("..."))


def test_one_object_may_burst_and_then_speaks_every_five_minutes() -> None:
    async def story() -> None:
        event = recorder()
        moments = [NOW + timedelta(seconds=number) for number in range(30)]
        sent = [await event.publish(news(), moment) for moment in moments]
        assert (sent.count(True), sent.count(False)) == (25, 5)
        assert await event.publish(news(uid="another"), moments[-1])
        assert await event.publish(news(), moments[-1] + timedelta(seconds=300))
        assert not await event.publish(news(), moments[-1] + timedelta(seconds=301))

    asyncio.run(story())


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(0, 3)), max_size=300))
def test_all_objects_together_never_exceed_the_rate(calls: list[tuple[int, float]]) -> None:
    event, now, sent = recorder(), NOW, 0
    for uid, pause in calls:
        now += timedelta(seconds=pause)
        sent += event.admits(str(uid), now)
    assert sent <= ALL.burst + ALL.per_second * (now - NOW).total_seconds() + 1


def test_a_refused_event_takes_nothing_and_a_clock_that_goes_back_fills_nothing() -> None:
    event = recorder()
    admitted = [event.admits(str(number), NOW) for number in range(int(ALL.burst) + 1)]
    assert admitted == [True] * int(ALL.burst) + [False]
    assert not event.admits("late", NOW - timedelta(hours=1))


def test_refused_events_make_no_object_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_recorder, "MAX_OBJECTS", 2)
    event = recorder()
    assert all(event.admits("chat", NOW) for _ in range(int(ALL.burst)))
    assert not any(event.admits(str(number), NOW) for number in range(5))
    later = NOW + timedelta(seconds=1)
    assert event.admits("mail", later)
    again = [event.admits("chat", later) for _ in range(9)]
    assert again.count(True) == PER_OBJECT.burst - ALL.burst


def test_once_a_clock_was_set_back_events_are_sent_at_the_same_rate_as_before() -> None:
    """None was sent until the clock had caught up: for a day, if it was a day ahead."""
    event, yesterday = recorder(), NOW - timedelta(days=1)
    assert [event.admits("chat", NOW + timedelta(seconds=number)) for number in range(30)].count(True) == 25
    assert not event.admits("chat", yesterday)
    admitted = [event.admits("chat", yesterday + timedelta(seconds=number)) for number in range(601)]
    assert admitted.count(True) == 2
    assert event.admits("mail", yesterday + timedelta(seconds=601))


def test_an_event_of_a_reconcile_that_took_long_fills_nothing() -> None:
    event = recorder()
    assert [event.admits(str(number), NOW) for number in range(int(ALL.burst))].count(True) == ALL.burst
    assert not event.admits("late", NOW - timedelta(seconds=60))
    assert not event.admits("another", NOW)


def test_objects_that_were_silent_for_longest_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_recorder, "MAX_OBJECTS", 3)
    event, names = recorder(), ["first"] * 25 + ["second"] * 25 + ["third", "fourth"]
    assert all(event.admits(name, NOW + timedelta(seconds=number)) for number, name in enumerate(names))
    now = NOW + timedelta(seconds=60)
    assert (event.admits("second", now), event.admits("first", now)) == (False, True)
    assert PER_OBJECT.burst == 25
