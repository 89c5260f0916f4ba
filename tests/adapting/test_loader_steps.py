"""A loader's steps: read, check, load, and unload a minute after an adapter left the list; each can be repeated."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fairlead.adapting import loader_steps
from fairlead.adapting.load_list import LoadEntry
from fairlead.adapting.loader_steps import (
    UNLOAD_AFTER_S,
    DiscardStep,
    FailedTry,
    LoadStep,
    ReplicaView,
    StageStep,
    UnloadStep,
)
from fairlead.fleet.adapters import AdapterPlace, AdapterProblem, AdapterReason, AdapterState
from tests.adapting.adapters import entry

FIRST = entry(f"sha256:{'a' * 64}")
SECOND = entry(f"sha256:{'b' * 64}")
PROBLEM = AdapterProblem(reason=AdapterReason.SOURCE_UNREADABLE, message="others")
REFUSED = AdapterProblem(reason=AdapterReason.DIGEST_DIFFERS, message="others")


def test_files_are_read_first_and_loaded_once_they_are_checked() -> None:
    view = ReplicaView(wanted=(FIRST, SECOND), staged=frozenset({FIRST.digest}))
    assert loader_steps.steps(view, 0.0) == (LoadStep(FIRST), StageStep(SECOND))
    assert not loader_steps.is_complete(view)
    assert loader_steps.places(view)[0] == AdapterPlace(name=FIRST.name, state=AdapterState.STAGED)


def test_while_the_engine_does_not_answer_files_are_read_all_the_same() -> None:
    view = ReplicaView(wanted=(FIRST, SECOND), staged=frozenset({FIRST.digest}), loaded=None)
    assert loader_steps.steps(view, 0.0) == (StageStep(SECOND),)
    assert [one.state for one in loader_steps.places(view)] == [AdapterState.STAGED, AdapterState.WAITING]
    assert loader_steps.places(view)[0].reason is AdapterReason.ENGINE_SILENT
    assert not loader_steps.is_complete(view)


def test_what_is_loaded_needs_nothing_more() -> None:
    view = ReplicaView(wanted=(FIRST,), staged=frozenset({FIRST.digest}), loaded=frozenset({"base", FIRST.name}))
    assert loader_steps.steps(view, 0.0) == ()
    assert loader_steps.is_complete(view)
    assert loader_steps.places(view) == (AdapterPlace(name=FIRST.name, state=AdapterState.LOADED),)


def test_a_failed_step_is_retried_after_pauses_that_double_up_to_a_minute() -> None:
    tried = None
    pauses = []
    for _ in range(6):
        tried = loader_steps.failed(tried, PROBLEM, 100.0)
        pauses.append(tried.again_at - 100.0)
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert tried is not None
    view = ReplicaView(wanted=(FIRST,), failed={FIRST.name: tried})
    assert loader_steps.steps(view, 159.0) == ()
    assert loader_steps.steps(view, 160.0) == (StageStep(FIRST),)


def test_what_is_refused_for_its_files_is_read_again_seldom() -> None:
    tried = None
    pauses = []
    for _ in range(5):
        tried = loader_steps.failed(tried, REFUSED, 100.0)
        pauses.append(tried.again_at - 100.0)
    assert pauses == [60.0, 120.0, 240.0, 480.0, 600.0]


def test_one_that_cannot_be_loaded_keeps_no_replica_back() -> None:
    view = ReplicaView(wanted=(FIRST,), failed={FIRST.name: FailedTry(problem=PROBLEM, again_at=5.0)})
    assert loader_steps.is_complete(view)
    assert loader_steps.places(view)[0] == AdapterPlace(
        name=FIRST.name, state=AdapterState.FAILED, reason=AdapterReason.SOURCE_UNREADABLE, message="others"
    )


def test_one_that_left_the_list_is_unloaded_a_minute_later_with_its_files() -> None:
    view = ReplicaView(wanted=(), staged=frozenset({FIRST.digest}), loaded=frozenset({"base", FIRST.name}))
    view = replace(view, unwanted_since=loader_steps.unwanted(view, 10.0))
    assert loader_steps.steps(view, 10.0 + UNLOAD_AFTER_S - 1) == ()
    assert loader_steps.steps(view, 10.0 + UNLOAD_AFTER_S) == (UnloadStep(FIRST.name), DiscardStep(FIRST.digest))
    assert loader_steps.unwanted(view, 50.0) == {FIRST.name: 10.0, FIRST.digest: 10.0}, "the first look counts"


def test_one_that_comes_back_to_the_list_stays() -> None:
    view = ReplicaView(
        wanted=(FIRST,),
        staged=frozenset({FIRST.digest}),
        loaded=frozenset({FIRST.name}),
        unwanted_since={FIRST.name: 0.0, FIRST.digest: 0.0},
    )
    assert loader_steps.unwanted(view, 500.0) == {}


def test_while_the_engine_is_silent_the_time_since_a_name_left_the_list_is_kept() -> None:
    view = ReplicaView(wanted=(), loaded=None, unwanted_since={FIRST.name: 3.0, FIRST.digest: 3.0})
    assert loader_steps.unwanted(view, 9.0) == {FIRST.name: 3.0}


def test_models_and_adapters_of_the_spec_are_never_unloaded() -> None:
    view = ReplicaView(wanted=(), loaded=frozenset({"base", "legal"}), unwanted_since={"base": 0.0, "legal": 0.0})
    assert loader_steps.steps(view, 1e9) == ()


ENTRIES = st.lists(st.sampled_from([entry(f"sha256:{digit * 64}") for digit in "0123456789"]), unique=True)


@given(first=ENTRIES, then=ENTRIES)
def test_whatever_the_list_was_it_always_comes_to_what_it_is(first: list[LoadEntry], then: list[LoadEntry]) -> None:
    view = ReplicaView(wanted=tuple(first))
    now = 0.0
    for wanted in (first, then):
        view = replace(view, wanted=tuple(wanted))
        for _ in range(4):
            view = carried_out(view, now)
            now += UNLOAD_AFTER_S
    assert view.loaded == frozenset(one.name for one in then)
    assert view.staged == {one.digest for one in then}
    assert loader_steps.steps(view, now) == ()


def carried_out(view: ReplicaView, now: float) -> ReplicaView:
    view = replace(view, unwanted_since=loader_steps.unwanted(view, now))
    for step in loader_steps.steps(view, now):
        loaded = view.loaded or frozenset()
        match step:
            case StageStep(one):
                view = replace(view, staged=view.staged | {one.digest})
            case LoadStep(one):
                view = replace(view, loaded=loaded | {one.name})
            case UnloadStep(name):
                view = replace(view, loaded=loaded - {name})
            case DiscardStep(digest):
                view = replace(view, staged=view.staged - {digest})
    return view
