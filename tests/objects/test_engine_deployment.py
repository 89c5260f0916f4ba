"""The Deployment of a revision: its facts are written on it, and read back whatever users did to it."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.fleet.desired_state import Toleration
from fairlead.fleet.rollouts import RevisionFailure
from fairlead.objects import applied_hash, drift, engine_deployment
from fairlead.objects.engine_deployment import RevisionFacts, StartFailures
from fairlead.objects.manifest import Manifest, canonical
from tests.objects.specs import FULL, LEAST, OWNER, template, wanted

REVISION = "0a1b2c3d"
POD = template(wanted(LEAST), REVISION)
FULL_POD = template(wanted(FULL), REVISION)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FACTS = RevisionFacts(
    revision=REVISION,
    wanted_since=NOON,
    grown_at=NOON + timedelta(minutes=1),
    served=True,
    failure=RevisionFailure(at=NOON + timedelta(hours=1), times=2, because="no image"),
)
QUIET = replace(FACTS, failure=RevisionFailure(at=NOON + timedelta(hours=1), times=2))
MOMENTS = st.integers(min_value=0, max_value=10**15).map(lambda past: NOON + timedelta(microseconds=past))
REVISION_FACTS = st.builds(
    RevisionFacts,
    revision=st.from_regex("[0-9a-f]{8}", fullmatch=True),
    wanted_since=st.none() | MOMENTS,
    grown_at=st.none() | MOMENTS,
    served=st.booleans(),
    failure=st.none()
    | st.builds(
        RevisionFailure,
        at=MOMENTS,
        times=st.integers(min_value=1, max_value=99),
        because=st.text(),
        early=st.booleans(),
        rejected=st.booleans(),
    ),
    checked=st.booleans(),
    on_trial=st.booleans(),
    ends=st.none()
    | st.builds(
        StartFailures,
        pod=st.text(),
        container=st.text(),
        code=st.integers(0, 255),
        reason=st.text(),
        times=st.integers(1, 2),
    ),
    tolerated=st.lists(
        st.builds(
            Toleration,
            key=st.none() | st.text(),
            operator=st.sampled_from(["Exists", "Equal"]),
            value=st.none() | st.text(),
            effect=st.none() | st.sampled_from(["NoSchedule", "NoExecute"]),
        ),
        max_size=3,
    ).map(tuple),
)


def built(facts: RevisionFacts = FACTS, pod: Manifest = POD, replicas: int = 2) -> Manifest:
    return engine_deployment.manifest(OWNER, facts, pod, replicas)


def edited(**annotations: str | None) -> Manifest:
    """The Deployment after a user wrote on it."""
    live = copy.deepcopy(built())
    for name, text in annotations.items():
        key = f"fairlead.dev/{name.replace('_', '-')}"
        live["metadata"]["annotations"].pop(key, None)
        if text is not None:
            live["metadata"]["annotations"][key] = text
    return live


def test_facts_are_written_in_a_form_that_people_can_read_too() -> None:
    written = built()["metadata"]["annotations"]
    assert written == {
        "fairlead.dev/template": canonical(POD),
        "fairlead.dev/wanted-since": "2026-11-20T12:00:00Z",
        "fairlead.dev/grown-at": "2026-11-20T12:01:00Z",
        "fairlead.dev/served": "true",
        "fairlead.dev/failure": '{"at":"2026-11-20T13:00:00Z","because":"no image","times":2}',
    }


@given(REVISION_FACTS)
@example(replace(FACTS, checked=True, on_trial=True))
def test_what_is_written_is_read_back(facts: RevisionFacts) -> None:
    assert engine_deployment.facts(built(facts)) == facts


def test_ends_of_a_start_are_read_back() -> None:
    ends = StartFailures(pod="chat-1", container="engine", reason="Error", code=1, times=2)
    given = replace(FACTS, ends=ends)
    assert engine_deployment.facts(built(given)) == given


def test_a_long_message_of_a_failure_is_cut() -> None:
    failure = RevisionFailure(at=NOON, times=1, because="x" * 5000)
    found = engine_deployment.facts(built(replace(FACTS, failure=failure)))
    assert found == replace(FACTS, failure=replace(failure, because="x" * 2000))


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    assert built(replace(FACTS, wanted_since=berlin)) == built()


def test_the_template_is_read_back_as_it_was_first_applied() -> None:
    assert engine_deployment.stored_template(built(pod=FULL_POD)) == FULL_POD


def test_another_release_and_a_restart_send_nothing() -> None:
    """The controller builds from what the object itself says; what it would build today does not matter."""
    live = applied_hash.with_applied_hash(built())
    facts, pod = engine_deployment.facts(live), engine_deployment.stored_template(live)
    assert facts is not None
    assert pod is not None
    assert drift.differs(applied_hash.with_applied_hash(built(facts, pod, live["spec"]["replicas"])), live) is None


def test_facts_taken_back_are_sent() -> None:
    live = applied_hash.with_applied_hash(built())
    forgiven = applied_hash.with_applied_hash(built(replace(FACTS, failure=None, wanted_since=None)))
    assert drift.spelt(drift.differs(forgiven, live)) == "metadata.annotations.fairlead.dev/applied"


@pytest.mark.parametrize(
    ("annotations", "facts"),
    [
        ({"served": "perhaps"}, replace(FACTS, served=False)),
        ({"served": None}, replace(FACTS, served=False)),
        ({"wanted_since": "yesterday"}, replace(FACTS, wanted_since=None)),
        ({"wanted_since": "2026-11-20T12:00:00"}, replace(FACTS, wanted_since=None)),
        ({"wanted_since": "0001-01-01T00:00:00+10:00"}, replace(FACTS, wanted_since=None)),
        ({"grown_at": "5"}, replace(FACTS, grown_at=None)),
        ({"failure": '{"at": "2026-11-20T13:00:00Z", "times": 2, "because": 5}'}, QUIET),
        ({"failure": "{"}, replace(FACTS, failure=None)),
        ({"failure": "[]"}, replace(FACTS, failure=None)),
        ({"failure": "[" * 100_000}, replace(FACTS, failure=None)),
        ({"failure": '{"at": 5, "times": 1}'}, replace(FACTS, failure=None)),
        ({"failure": '{"at": "2026-11-20T13:00:00Z", "times": "many"}'}, replace(FACTS, failure=None)),
        ({"failure": '{"at": "2026-11-20T13:00:00Z", "times": true}'}, replace(FACTS, failure=None)),
        ({"failure": '{"at": "2026-11-20T13:00:00Z", "times": 0}'}, replace(FACTS, failure=None)),
        ({"tolerated": '{"operator": "Exists"}'}, FACTS),
        ({"tolerated": '["Exists", {"operator": "In"}, {"operator": "Exists", "key": 5}, {"key": "a"}]'}, FACTS),
    ],
)
def test_a_fact_that_cannot_be_read_counts_as_absent(annotations: dict[str, str], facts: RevisionFacts) -> None:
    assert engine_deployment.facts(edited(**annotations)) == facts


@pytest.mark.parametrize("live", [{}, {"metadata": {}}, {"metadata": {"labels": {"a": "b"}}}, {"metadata": None}])
def test_a_deployment_that_names_no_revision_says_nothing(live: Manifest) -> None:
    assert engine_deployment.facts(live) is None
    assert engine_deployment.stored_template(live) is None


def test_an_edited_label_makes_no_other_revision() -> None:
    live = built()
    live["metadata"]["labels"]["fairlead.dev/revision"] = "ffffffff"
    assert engine_deployment.facts(live) == FACTS
    assert drift.spelt(drift.differs(built(), live)) == "metadata.labels.fairlead.dev/revision"
    del live["spec"]
    assert engine_deployment.facts(live) == replace(FACTS, revision="ffffffff")


def elsewhere() -> Manifest:
    """A template that the selector would not accept."""
    return {"metadata": {"labels": {"fairlead.dev/revision": "ffffffff"}}, "spec": POD["spec"]}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        "{}",
        canonical({"metadata": POD["metadata"], "spec": {}}),
        canonical({"metadata": POD["metadata"], "spec": {"containers": []}}),
        canonical({"metadata": POD["metadata"], "spec": {"containers": "engine"}}),
        canonical({"metadata": "none", "spec": POD["spec"]}),
        canonical(elsewhere()),
    ],
)
def test_a_template_that_makes_no_sense_is_none(text: str | None) -> None:
    assert engine_deployment.stored_template(edited(template=text)) is None


def test_a_template_too_large_for_an_annotation_is_not_kept() -> None:
    pod = copy.deepcopy(POD)
    pod["spec"]["containers"][0]["env"].append({"name": "HUGE", "value": "x" * 250_000})
    large = built(pod=pod)
    assert "fairlead.dev/template" not in large["metadata"]["annotations"]
    assert large["spec"]["template"] == pod
    assert engine_deployment.stored_template(large) is None


@pytest.mark.parametrize(
    ("probe", "seconds"),
    [
        ({"periodSeconds": 2, "failureThreshold": 1110}, 2220 + 600),
        ({}, 600),
        ({"periodSeconds": "2", "failureThreshold": 5}, 600),
        (None, 600),
        ("fast", 600),
    ],
)
def test_the_deadline_outlasts_the_start(probe: object, seconds: int) -> None:
    pod: dict[str, Any] = copy.deepcopy(POD)
    pod["spec"]["containers"][0]["startupProbe"] = probe
    assert built(pod=pod)["spec"]["progressDeadlineSeconds"] == seconds


def test_the_built_deployment_shares_no_state_with_the_given_template() -> None:
    pod = copy.deepcopy(POD)
    made = built(pod=pod)
    made["spec"]["template"]["spec"].clear()
    assert pod == POD


def test_a_count_of_zero_is_a_count() -> None:
    assert built(replicas=0)["spec"]["replicas"] == 0


def test_times_in_the_future_count_as_now() -> None:
    """A clock was set back, or another leader's is behind; a failure of now would be older than the spec."""
    found = FACTS.as_of(NOON - timedelta(minutes=5))
    assert found.failure is not None
    assert {found.wanted_since, found.grown_at, found.failure.at} == {NOON - timedelta(minutes=5)}
    assert FACTS.as_of(NOON + timedelta(hours=2)) == FACTS
    assert RevisionFacts(revision=REVISION).as_of(NOON) == RevisionFacts(revision=REVISION)


def test_a_deployment_belongs_to_its_controller_or_if_orphaned_to_the_object_that_gives_its_name() -> None:
    owned = engine_deployment.manifest(OWNER, FACTS, POD, 1)
    assert engine_deployment.belongs(owned, OWNER)
    assert not engine_deployment.belongs(owned, replace(OWNER, uid="another"))

    orphan = copy.deepcopy(owned)
    del orphan["metadata"]["ownerReferences"]
    assert engine_deployment.belongs(orphan, replace(OWNER, uid="another")), "the object was created again"
    assert not engine_deployment.belongs(orphan, replace(OWNER, name="other"))

    del orphan["spec"]["selector"]
    assert not engine_deployment.belongs(orphan, OWNER), "it names no revision"
