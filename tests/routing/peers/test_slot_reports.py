"""Reports of adapter slots as bytes: they read back as written, in datagrams that fit into a packet."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.adapter_slots import SlotUse
from fairlead.routing.peers import slot_reports
from fairlead.routing.peers.envelope import MAX_CONTENT
from fairlead.routing.peers.slot_reports import MAX_USES, SlotReport

WORD = st.integers(0, 2**64 - 1)
WAITED = st.none() | st.integers(0, 2**16 - 1).map(lambda ticks: ticks * 0.01)
USE = st.builds(SlotUse, WORD, st.integers(0, 2**16 - 1), WAITED, st.booleans(), st.booleans())
REPORTS = st.lists(st.tuples(WORD, st.lists(USE, max_size=MAX_USES).map(tuple)), max_size=40)


@given(REPORTS)
def test_all_that_is_reported_always_arrives(reports: list[SlotReport]) -> None:
    contents = slot_reports.contents(reports)
    assert all(len(content) <= MAX_CONTENT for content in contents)
    read = [one for content in contents for one in slot_reports.read(content) or ()]
    assert read == reports


@given(st.binary(max_size=200))
def test_other_bytes_are_never_an_error(noise: bytes) -> None:
    found = slot_reports.read(noise)
    assert found is None or isinstance(found, list)


def test_a_report_that_ends_in_its_middle_is_none_and_what_is_too_large_is_the_largest() -> None:
    (content,) = slot_reports.contents([(1, (SlotUse(2, 2**20, 10_000.0, cedes=True),))])
    assert [slot_reports.read(content[:at]) for at in range(1, len(content))] == [None] * (len(content) - 1)
    assert slot_reports.read(content) == [(1, (SlotUse(2, 2**16 - 1, 655.35, cedes=True),))]
    assert slot_reports.contents([]) == []


def test_of_an_engine_with_more_adapters_than_a_datagram_has_room_for_the_first_are_reported() -> None:
    many = tuple(SlotUse(one, 1) for one in range(MAX_USES + 5))
    (content,) = slot_reports.contents([(1, many)])
    assert slot_reports.read(content) == [(1, many[:MAX_USES])]


def test_what_one_datagram_has_no_room_for_is_in_the_next() -> None:
    reports = [(engine, (SlotUse(engine, 1, 0.5), SlotUse(7, 2, cedes=True))) for engine in range(100)]
    contents = slot_reports.contents(reports)
    assert len(contents) > 1
    assert [one for content in contents for one in slot_reports.read(content) or ()] == reports
