"""Names of children: valid however long the object's own is, and never those of another object's children."""

import re

from hypothesis import given
from hypothesis import strategies as st

from fairlead.api.kinds import NAME_PATTERN
from fairlead.objects import names

NAMES = st.from_regex(NAME_PATTERN, fullmatch=True)
LONG = st.builds(lambda start, end: f"{'fleet-' * 6}{start}{end}", st.sampled_from(["", "-", "a"]), NAMES).filter(
    lambda name: len(name) <= 63
)
REVISION = "0a1b2c3d"


def children(name: str) -> list[str]:
    return [names.engine(name, REVISION), names.engines(name), names.router(name), names.pre_pull(name)]


def test_a_short_name_stays_readable() -> None:
    assert children("chat") == ["chat-0a1b2c3d", "chat-engine", "chat-router", "chat-prepull"]


def test_a_long_name_is_cut_and_made_distinct_by_a_hash() -> None:
    assert children("n" * 63) == [
        "nnnnnnnnnnnnnnnnnnnnnnnnnnnn-a38f4d7c-0a1b2c3d",
        "nnnnnnnnnnnnnnnnnnnnnnnnnnnn-a38f4d7c-engine",
        "nnnnnnnnnnnnnnnnnnnnnnnnnnnn-a38f4d7c-router",
        "nnnnnnnnnnnnnnnnnnnnnnnnnnnn-a38f4d7c-prepull",
    ]


def test_a_dash_where_the_cut_falls_is_not_doubled() -> None:
    name = f"{'n' * 26}--{'n' * 35}"
    assert re.fullmatch(r"n{26}-[0-9a-f]{10}-router", names.router(name))


def test_a_dot_where_the_cut_falls_would_end_a_label_with_a_dash() -> None:
    """An Evaluation may have dots in its name: the API server would refuse its pods and ConfigMaps for ever."""
    name = "support-questions-of-team-a.v2-regression-set-2026"
    made = [names.items(name), names.answers(name, REVISION, 0), names.runner(name, REVISION, "noise")]
    for one in made:
        assert re.fullmatch(r"support-questions-of-team-a-[0-9a-f]{9}-[0-9a-z-]*[0-9a-z]", one)
    longer = names.items(f"x{name}")
    assert re.fullmatch(r"xsupport-questions-of-team-a-[0-9a-f]{8}-items", longer)


@given(NAMES | LONG)
def test_a_childs_name_is_legal_and_leaves_room_for_its_pods(name: str) -> None:
    for child in children(name):
        assert re.fullmatch(NAME_PATTERN, child)
        assert len(f"{child}-7d9f8b6c5d-x2x2x") <= 63


@given(NAMES | LONG, NAMES | LONG)
def test_two_objects_never_share_a_childs_name(one: str, other: str) -> None:
    assert (set(children(one)) & set(children(other)) == set()) == (one != other)


@given(LONG)
def test_an_object_named_as_anothers_cut_name_has_other_children(name: str) -> None:
    cut = names.router(name).removesuffix("-router")
    assert (names.router(cut) == names.router(name)) == (cut == name)


def test_all_of_one_prefix_stay_apart() -> None:
    """A common case: long names that differ only in their last letters."""
    fleet = [f"{'serving-team-production-europe-west-model'}-{number}" for number in range(2000)]
    assert len({names.router(name) for name in fleet}) == 2000
