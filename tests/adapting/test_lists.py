"""The load list that the operator writes is read by loaders; what loaders report is read by the operator."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.adapting import adapter_report, load_list, placement
from fairlead.adapting.adapter_check import AdapterExpectation
from fairlead.adapting.load_list import LoadList, UnreadableLoadList
from fairlead.fleet.adapters import AdapterPlace, AdapterReason, AdapterState
from fairlead.fleet.desired_state import ModelSource, SourceScheme
from tests.adapting.adapters import entry

HUB = ModelSource(scheme=SourceScheme.HUB, location="acme/sql", revision="v1")
LISTED = LoadList(
    entries=(entry(pods=frozenset({"a", "b"})), entry(f"sha256:{'b' * 64}", bases=("acme/tiny",), source=HUB)),
    hidden=16,
    layers=2,
)


def test_a_list_is_read_as_it_was_written() -> None:
    assert load_list.read(load_list.text(LISTED)) == LISTED
    assert load_list.read(load_list.text(load_list.EMPTY)) == load_list.EMPTY


def test_a_member_of_a_newer_operator_is_no_problem() -> None:
    written = json.loads(load_list.text(LISTED)) | {"later": 1, "hidden": "16"}
    assert load_list.read(json.dumps(written)).hidden is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"entries": [{}]}', '{"entries": [{"name": "a"}]}', "[" * 90_000])
def test_text_that_is_not_a_load_list_is_refused_as_such(text: str) -> None:
    with pytest.raises(UnreadableLoadList, match="this is not a list of adapters"):
        load_list.read(text)


def test_each_pod_gets_what_names_it_and_what_names_none() -> None:
    named, everybodys = LISTED.entries
    assert LISTED.of("a") == (named, everybodys)
    assert LISTED.of("new") == (everybodys,)
    slots = AdapterExpectation(max_rank=64, modules=frozenset({"q_proj"}))
    assert LISTED.expectation(everybodys, slots) == AdapterExpectation(
        max_rank=64, modules=frozenset({"q_proj"}), bases=("acme/tiny",), hidden=16, layers=2
    )


PLACES = (
    AdapterPlace(name="sql@aaaaaaaa", state=AdapterState.LOADED),
    AdapterPlace(
        name="sql@bbbbbbbb", state=AdapterState.FAILED, reason=AdapterReason.RANK_TOO_HIGH, message="its rank is 64"
    ),
)


def test_a_report_is_read_as_it_was_written() -> None:
    assert adapter_report.read(adapter_report.text(PLACES)) == PLACES


def test_a_reason_of_a_newer_loader_counts_as_none() -> None:
    page = '{"adapters": [{"name": "a", "state": "Failed", "reason": "Later"}]}'
    assert adapter_report.read(page) == (AdapterPlace(name="a", state=AdapterState.FAILED),)


@pytest.mark.parametrize(
    "page", ["", "[]", '{"adapters": [{}]}', '{"adapters": [{"name": "a", "state": "Odd"}]}', "[" * 200_000]
)
def test_what_is_no_report_is_none(page: str) -> None:
    assert adapter_report.read(page) is None


NAMES = st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), unique=True, max_size=12)


@given(wanted=st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.integers(1, 9), max_size=20), pods=NAMES)
def test_an_adapter_always_gets_as_many_replicas_as_it_requests(wanted: dict[str, int], pods: list[str]) -> None:
    found = placement.placed(wanted, pods)
    assert {name: len(some) for name, some in found.items()} == {
        name: min(count, len(pods)) for name, count in wanted.items()
    }
    assert all(some <= set(pods) for some in found.values())


def test_no_replica_has_many_more_than_the_others() -> None:
    pods = [f"chat-{number}" for number in range(8)]
    found = placement.placed({f"adapter-{number}": 2 for number in range(100)}, pods)
    held = [sum(pod in some for some in found.values()) for pod in pods]
    assert sum(held) == 200
    assert max(held) <= 32, "a quarter above the mean of 25"


def test_a_replica_that_goes_moves_its_own_adapters_and_few_others() -> None:
    pods = [f"chat-{number}" for number in range(8)]
    wanted = {f"adapter-{number}": 1 for number in range(100)}
    before, after = placement.placed(wanted, pods), placement.placed(wanted, pods[1:])
    moved = [name for name in wanted if before[name] != after[name] and pods[0] not in before[name]]
    assert len(moved) <= 20
