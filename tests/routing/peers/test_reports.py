"""Reports as bytes: they read back as written, in datagrams that fit into a packet."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.peers import reports
from fairlead.routing.peers.envelope import MAX_CONTENT
from fairlead.routing.peers.reports import EngineReport, PeerReport

WORD = st.integers(0, 2**64 - 1)
FIGURE = st.integers(0, 2**32 - 1)
LOADS = st.lists(st.tuples(WORD, FIGURE, FIGURE, FIGURE), max_size=200)
BLOCKS = st.dictionaries(WORD, st.lists(WORD, min_size=1, max_size=400), max_size=5)


@given(LOADS, BLOCKS)
def test_all_that_is_reported_always_arrives(loads: list[EngineReport], blocks: dict[int, list[int]]) -> None:
    contents = reports.contents(loads, blocks)
    read = [one for one in map(reports.read, contents) if one is not None]
    found: dict[int, list[int]] = {}
    for one in reversed(read):
        for engine, ids in one.blocks:
            found.setdefault(engine, []).extend(ids)
    assert len(read) == len(contents)
    assert ([load for one in reversed(read) for load in one.loads], found) == (loads, blocks)
    assert all(len(content) <= MAX_CONTENT for content in contents)


@given(st.binary(max_size=200))
def test_other_bytes_are_never_an_error(noise: bytes) -> None:
    found = reports.read(noise)
    assert found is None or isinstance(found, PeerReport)


def test_a_report_that_ends_in_its_middle_is_none() -> None:
    (content,) = reports.contents([(1, 1, 1, 1)], {2: [3]})
    assert [reports.read(content[:at]) for at in range(len(content)) if at != 22] == [None] * (len(content) - 1)
    assert reports.read(reports.EMPTY) == PeerReport([], [])


def test_figures_beyond_a_word_are_its_largest_or_nothing() -> None:
    (content,) = reports.contents([(1, -5, 2**40, 3)], {})
    assert reports.read(content) == PeerReport([(1, 0, 2**32 - 1, 3)], [])
