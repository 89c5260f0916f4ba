"""A new version of an adapter gets conversations in steps once it is loaded, and loses them where a gate fails."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.adapters import AdapterEdition, ServedAdapter
from fairlead.fleet.canaries import (
    CanaryGate,
    CanaryOrder,
    CanaryPhase,
    CanaryPlan,
    CanaryState,
    CanaryStep,
    CanaryVerb,
)
from fairlead.fleet.desired_state import ModelSource, SourceScheme
from fairlead.fleet.gate_verdicts import EvaluationVerdict, Verdict
from fairlead.planning import adapter_canary
from fairlead.planning.adapter_canary import VersionFacts
from tests.planning.states import T0
from tests.planning.trials import verdict

PLAN = CanaryPlan(
    steps=(
        CanaryStep(traffic=10, hold_seconds=60, gates=(CanaryGate.SERVICE,)),
        CanaryStep(traffic=50, hold_seconds=60),
    ),
    start_within_seconds=None,
)
LOADED = VersionFacts(chosen=2, loaded=2)
ABORT = CanaryOrder(verb=CanaryVerb.ABORT, at=T0 + timedelta(seconds=1))
PASSED = replace(LOADED, service=verdict(Verdict.PASSED))


def edition(letter: str, traffic: int = 100) -> AdapterEdition:
    """One version."""
    source = ModelSource(scheme=SourceScheme.HUB, location=f"acme/sql-{letter}")
    return AdapterEdition(digest=f"sha256:{letter * 64}", source=source, traffic=traffic)


def adapter(*letters: str, plan: CanaryPlan | None = PLAN) -> ServedAdapter:
    """Its versions, in the order of the list."""
    return ServedAdapter(
        namespace="team",
        name="sql",
        deployment="chat",
        served_name="sql",
        base_model=None,
        replicas=None,
        editions=tuple(edition(one) for one in letters),
        canary=plan,
    )


def shares(of: ServedAdapter, state: CanaryState | None) -> dict[str, int]:
    """By the letter of the version."""
    return {one.digest[-1]: one.traffic for one in adapter_canary.shared(of, state).editions}


def after(of: ServedAdapter, *rounds: tuple[VersionFacts, float], state: CanaryState | None = None) -> CanaryState:
    """The state after these facts, each at its seconds after T0."""
    for facts, seconds in rounds:
        state = adapter_canary.follow(of, facts, state, T0 + timedelta(seconds=seconds))
    assert state is not None
    return state


def promoted() -> CanaryState:
    """Version b took over from a."""
    found = after(adapter("a", "b"), *((PASSED, seconds) for seconds in (0, 1, 2, 63, 64, 65, 126, 127)), state=None)
    assert found.phase is CanaryPhase.PROMOTED
    return found


def test_without_a_canary_the_traffic_is_as_written() -> None:
    plain = adapter("a", "b", plan=None)
    assert adapter_canary.shared(plain, None) is plain
    assert adapter_canary.follow(plain, LOADED, None, T0) is None


def test_a_version_that_is_not_loaded_everywhere_gets_no_share_and_the_first_one_gets_all() -> None:
    both = adapter("a", "b")
    assert shares(both, None) == {"a": 100, "b": 0}
    state = after(both, (VersionFacts(chosen=2, loaded=1), 0), (VersionFacts(chosen=2, loaded=1), 100_000_000))
    assert state.phase is CanaryPhase.WAITING
    assert shares(both, state) == {"a": 100, "b": 0}
    limit = adapter_canary.waits(state, VersionFacts(chosen=2, loaded=1), T0)
    assert limit is not None
    assert limit.because == "sql@bbbbbbbb is loaded on 1 of 2 replicas; its first step begins when all of them have it"
    assert not limit.needs_person


def test_a_new_version_goes_by_steps_to_the_whole_share_and_the_old_one_stays_in_the_list() -> None:
    both = adapter("a", "b")
    state = after(both, (PASSED, 0), (PASSED, 1), (PASSED, 2))
    assert shares(both, state) == {"a": 90, "b": 10}
    assert (adapter_canary.shared(both, state).trial, adapter_canary.shared(both, state).step) == ("sql@bbbbbbbb", 1)
    state = after(both, (PASSED, 63), (PASSED, 64), state=state)
    assert shares(both, state) == {"a": 50, "b": 50}
    assert adapter_canary.shared(both, state).step == 2, "so that routers begin a list of requests anew"
    state = promoted()
    assert shares(both, state) == {"a": 0, "b": 100}
    assert (adapter_canary.shared(both, state).trial, adapter_canary.shared(both, state).step) == ("", 0)
    assert adapter_canary.waits(state, LOADED, T0) is None
    assert adapter_canary.follow(both, LOADED, state, T0) == state, "the former version is nothing new"


def test_a_version_that_no_replica_has_any_more_is_not_promoted_and_its_step_begins_again_with_it() -> None:
    both, nowhere = adapter("a", "b"), VersionFacts(chosen=2)
    state = after(both, *((PASSED, seconds) for seconds in (0, 1, 2, 63, 64)))
    assert (state.step, shares(both, state)) == (1, {"a": 50, "b": 50})
    state = after(both, *((nowhere, seconds) for seconds in (65, 200, 10_000)), state=state)
    assert (state.phase, state.step, state.reached_at) == (CanaryPhase.STEPPING, 1, None)
    limit = adapter_canary.waits(state, nowhere, T0)
    assert limit is not None
    assert limit.because == (
        "step 2 of 2: sql@bbbbbbbb is loaded on 0 of 2 replicas; its step begins again when all of them have it"
    )
    assert not limit.needs_person
    state = after(both, (LOADED, 10_001), (LOADED, 10_060), state=state)
    assert state.phase is CanaryPhase.STEPPING
    assert after(both, (LOADED, 10_062), state=state).phase is CanaryPhase.PROMOTED


def test_a_failed_gate_takes_its_share_and_it_stays_rejected() -> None:
    both = adapter("a", "b")
    state = after(both, (LOADED, 0), (LOADED, 1), (LOADED, 2), (replace(LOADED, service=verdict(Verdict.FAILED)), 3))
    assert state.phase is CanaryPhase.REJECTED
    assert shares(both, state) == {"a": 100, "b": 0}
    assert adapter_canary.waits(state, LOADED, T0) is None
    assert after(both, (PASSED, 4), (PASSED, 90_000), state=state) == state
    assert after(adapter("a"), (PASSED, 5), state=state) == state, "removed from the list, and not forgotten"
    retry = replace(PASSED, order=CanaryOrder(verb=CanaryVerb.RETRY, at=T0 + timedelta(seconds=6)))
    assert after(both, (retry, 7), state=state).phase is CanaryPhase.WAITING


def test_another_version_in_its_place_begins_anew_and_so_does_another_one_to_compare_with() -> None:
    state = after(adapter("a", "b"), (LOADED, 0), (LOADED, 1), (LOADED, 2))
    for fresh in (adapter("a", "c"), adapter("c", "b")):
        assert shares(fresh, state) == {name: 100 * (not place) for place, name in enumerate(shares(fresh, state))}
        found = after(fresh, (LOADED, 3), state=state)
        assert (found.phase, found.reached_at) == (CanaryPhase.WAITING, None)


def test_what_was_promoted_serves_wherever_it_is_in_the_list() -> None:
    state = promoted()
    assert shares(adapter("b"), state) == {"b": 100}
    for next_one in (adapter("b", "c"), adapter("c", "b")):
        assert shares(next_one, state)["b"] == 100
        found = after(next_one, (LOADED, 200), state=state)
        assert (found.stable, found.revision) == ("sql@bbbbbbbb", "sql@cccccccc")
    assert shares(adapter("c", "d"), state) == {"c": 100, "d": 0}, "neither was ever on trial"


def test_a_rejected_version_that_is_listed_first_gets_nothing() -> None:
    state = after(adapter("a", "b"), (LOADED, 0), (LOADED, 1), (LOADED, 2), (replace(LOADED, order=ABORT), 3))
    assert state.phase is CanaryPhase.REJECTED
    assert shares(adapter("b", "a"), state) == {"b": 0, "a": 100}
    assert after(adapter("b", "a"), (PASSED, 4), state=state) == state
    assert shares(adapter("c", "a"), state) == {"c": 0, "a": 100}
    assert after(adapter("c", "a"), (PASSED, 4), state=state).revision == "sql@cccccccc"


def test_a_canary_goes_on_when_its_versions_are_listed_in_the_other_order() -> None:
    state = after(adapter("a", "b"), (LOADED, 0), (LOADED, 1), (LOADED, 2))
    assert shares(adapter("b", "a"), state) == {"b": 10, "a": 90}
    assert after(adapter("b", "a"), (LOADED, 3), state=state) == state


def test_a_new_version_listed_before_the_only_one_so_far_is_on_trial() -> None:
    both = replace(adapter("b", "a"), serving="sql@aaaaaaaa")
    assert shares(both, None) == {"b": 0, "a": 100}
    state = after(both, (LOADED, 0))
    assert (state.stable, state.revision) == ("sql@aaaaaaaa", "sql@bbbbbbbb")
    assert shares(adapter("b", "a"), state) == {"b": 0, "a": 100}, "from now on its state says so"


def test_another_name_of_the_adapter_makes_no_version_new() -> None:
    rejected = after(adapter("a", "b"), (LOADED, 0), (LOADED, 1), (replace(LOADED, order=ABORT), 2))
    for state, letters, expected in (
        (promoted(), ("a", "b"), {"a": 0, "b": 100}),
        (rejected, ("b", "a"), {"b": 0, "a": 100}),
    ):
        other = replace(adapter(*letters), served_name="query")
        named = adapter_canary.renamed(other, state)
        assert named is not None
        assert {named.revision, named.stable} == {"query@aaaaaaaa", "query@bbbbbbbb"}
        assert shares(other, named) == expected
        assert after(other, (PASSED, 300), state=named) == named, "nothing goes on trial for it"
    assert adapter_canary.renamed(adapter("a"), None) is None


def test_a_version_that_is_removed_in_the_middle_is_on_trial_no_more() -> None:
    both = adapter("a", "b")
    waiting = after(both, (VersionFacts(chosen=2, loaded=1), 0))
    stepping = after(both, (LOADED, 0), (LOADED, 1), (LOADED, 2))
    for state in (waiting, stepping):
        assert adapter_canary.follow(adapter("a"), LOADED, state, T0) is None
        assert after(both, (LOADED, 9), state=None).phase is CanaryPhase.WAITING


def test_a_trials_result_is_dropped_when_all_its_versions_are_removed() -> None:
    rejected = after(adapter("a", "b"), (LOADED, 0), (LOADED, 1), (replace(LOADED, order=ABORT), 2))
    assert rejected.phase is CanaryPhase.REJECTED
    assert adapter_canary.follow(adapter("a"), LOADED, rejected, T0) == rejected
    for state in (rejected, promoted()):
        assert adapter_canary.follow(adapter("c"), LOADED, state, T0) is None
    assert adapter_canary.follow(adapter("b"), LOADED, promoted(), T0) == promoted()


def test_a_quality_gate_follows_the_verdict_of_the_evaluation() -> None:
    plan = replace(PLAN, steps=(CanaryStep(traffic=0, gates=(CanaryGate.QUALITY,)),))
    failed = replace(LOADED, evaluation=EvaluationVerdict(verdict=verdict(Verdict.FAILED), items="i"))
    state = after(adapter("a", "b", plan=plan), (LOADED, 0), (LOADED, 1), (LOADED, 2), (failed, 3))
    assert state.phase is CanaryPhase.REJECTED
    assert adapter_canary.shared(adapter("a", "b", plan=plan), state).trial == ""
    others = replace(LOADED, evaluation=EvaluationVerdict(items="j"))
    assert after(adapter("a", "b", plan=plan), (others, 9), state=state).phase is CanaryPhase.WAITING


@pytest.mark.parametrize("chosen", [0, 1])
def test_it_begins_on_one_replica_and_on_none_it_waits(chosen: int) -> None:
    state = after(adapter("a", "b"), (VersionFacts(chosen=chosen, loaded=chosen), 0), (LOADED, 1))
    state = after(
        adapter("a", "b"),
        (VersionFacts(chosen=chosen, loaded=chosen), 2),
        state=replace(state, phase=CanaryPhase.WAITING),
    )
    assert state.phase is (CanaryPhase.STEPPING if chosen else CanaryPhase.WAITING)


MOMENT = st.integers(0, 2000).map(lambda seconds: T0 + timedelta(seconds=seconds))
MOMENTS = st.lists(
    st.tuples(
        st.sampled_from([("a",), ("a", "b"), ("b", "a"), ("a", "c"), ("b",), ("b", "c")]),
        st.builds(
            VersionFacts,
            chosen=st.just(2),
            loaded=st.sampled_from([0, 1, 2]),
            service=st.sampled_from([None, *map(verdict, (Verdict.PASSED, Verdict.FAILED, Verdict.UNDECIDED))]),
            order=st.one_of(
                st.none(),
                st.builds(CanaryOrder, verb=st.sampled_from(CanaryVerb), at=MOMENT),
            ),
        ),
    ),
    max_size=12,
)


@given(moments=MOMENTS)
def test_the_shares_of_a_list_always_add_up_and_a_version_that_was_never_stored_never_has_one(
    moments: list[tuple[tuple[str, ...], VersionFacts]],
) -> None:
    state: CanaryState | None = None
    now: datetime = T0
    for letters, facts in moments:
        of, now = adapter(*letters), now + timedelta(seconds=61)
        given_now = shares(of, state)
        assert sum(given_now.values()) == 100
        tried = {state.revision, state.stable} if state is not None else set()
        served = {letter for letter, percent in given_now.items() if percent}
        assert served <= {letters[0], *(name[-1] for name in tried)}
        state = adapter_canary.follow(of, facts, state, now)


def test_while_its_deployment_is_refused_a_trial_begins_and_is_rejected_and_does_nothing_else() -> None:
    of, now = adapter("a", "b"), T0 + timedelta(seconds=1)
    begun = adapter_canary.held(of, LOADED, None, now)
    assert begun is not None
    assert begun.phase is CanaryPhase.WAITING
    assert adapter_canary.held(of, PASSED, begun, now + timedelta(hours=1)) == begun
    aborted = adapter_canary.held(of, replace(PASSED, order=replace(ABORT, at=now)), begun, now)
    assert aborted is not None
    assert aborted.phase is CanaryPhase.REJECTED
    retry = CanaryOrder(verb=CanaryVerb.RETRY, at=now + timedelta(seconds=1))
    assert adapter_canary.held(of, replace(PASSED, order=retry), aborted, retry.at) == aborted
    assert adapter_canary.held(adapter("a", "b", plan=None), PASSED, begun, now) is None


@given(moments=MOMENTS)
def test_while_its_deployment_is_refused_no_version_on_trial_gets_more_conversations(
    moments: list[tuple[tuple[str, ...], VersionFacts]],
) -> None:
    of, now = adapter("a", "b"), T0 + timedelta(seconds=2)
    state: CanaryState | None = after(of, (LOADED, 0), (LOADED, 1), (LOADED, 2))
    percent = shares(of, state)["b"]
    assert percent == 10
    for _, facts in moments:
        now += timedelta(seconds=61)
        state = adapter_canary.held(of, facts, state, now)
        assert shares(of, state)["b"] <= percent
        percent = shares(of, state)["b"]
