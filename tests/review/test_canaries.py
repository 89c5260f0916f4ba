"""A canary that cannot work as written is refused before it is stored, with the alternatives."""

from dataclasses import replace

import pytest

from fairlead.api import deployment_conversion
from fairlead.api.adapter_canary import AdapterCanary
from fairlead.api.kinds import ADAPTER, API_VERSION, DEPLOYMENT
from fairlead.api.lifecycle import Canary
from fairlead.api.object_reader import read_stored
from fairlead.engines.catalogue import releases
from fairlead.fleet.canaries import CanaryGate
from fairlead.review import admission, deployment_review
from fairlead.review.context import ItemCount, ObjectKey, ReviewContext
from tests.review.table import CONTEXT, Object, deployment

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)


def canary(*steps: Object, replicas: int = 3, surge: int = 0, quality: Object | None = None, **rest: object) -> Object:
    """A canary with these steps, or with the usual ones."""
    written: Object = {"steps": list(steps)} if steps else {}
    written |= {"quality": quality} if quality else {}
    return deployment(replicas=replicas, rollout={"strategy": "Canary", "maxSurge": surge, "canary": written}, **rest)


def refused(given: Object, items: int | None = None, least: int = 1) -> list[str]:
    """The refusals of it, where its evaluation has this many items, and requires at least so many."""
    key = ObjectKey("Evaluation", given["metadata"].get("namespace", "default"), "support")
    context = OFFLINE if items is None else replace(OFFLINE, evaluations={key: ItemCount(items, least)})
    return [one.sentence for one in admission.review(given, context).refusals]


def warned(given: Object) -> list[str]:
    """The warnings about its rollout and scaling."""
    review = admission.review(given, OFFLINE)
    assert review.refusals == ()
    return [one.sentence for one in review.warnings if one.field.startswith(("spec.rollout", "spec.scaling"))]


@pytest.mark.parametrize(("replicas", "surge"), [(0, 0), (1, 1), (2, 0), (2, 1), (3, 0), (4, 4), (1000, 0)])
def test_the_usual_steps_go_with_any_number_of_replicas_but_one_without_a_spare_one(replicas: int, surge: int) -> None:
    assert refused(canary(replicas=replicas, surge=surge)) == []


def test_one_replica_without_a_spare_one_is_refused_with_three_ways_out() -> None:
    (answer,) = refused(canary(replicas=1))
    assert answer == (
        "spec.rollout.strategy: Canary: with 1 replica and maxSurge 0 the old revision would have to end before the "
        "new one is judged; set rollout.maxSurge to 1 (needs a spare GPU), or replicas to 2, or use Replace without "
        "gates"
    )


def test_an_old_replica_stays_and_no_step_has_more_traffic_than_replicas() -> None:
    (answer,) = refused(canary({"replicas": 3}))
    assert answer == (
        "spec.rollout.canary.steps[0].replicas: 3: of 3 replicas, with maxSurge 0, at most 2 can be new, since one of "
        "the old ones stays until the last step has passed; write 2 or fewer, or raise rollout.maxSurge"
    )
    (answer,) = refused(canary({"replicas": 1, "traffic": 34}))
    assert answer == (
        "spec.rollout.canary.steps[0].traffic: 34: 1 new of 3 replicas are 33 percent, and routers send a new revision "
        "no more than its part; write 33 or less, or give the step more replicas"
    )
    assert refused(canary({"replicas": 3}, surge=1)) == []
    assert len(refused(canary({"replicas": 1, "traffic": 33}, surge=1))) == 1, "one of four"


def test_behind_a_gateway_a_canary_goes_as_behind_routers_of_its_own() -> None:
    assert refused(canary(gateway={"name": "front"})) == []


def test_gate_and_evaluation_belong_together() -> None:
    (answer,) = refused(canary({"gates": ["Quality"]}))
    assert answer == (
        "spec.rollout.canary.quality: absent: gate Quality compares answers to the items of an Evaluation, and none "
        'is named; set quality: {evaluation: NAME, margin: "2"}, or use gate Service or Manual'
    )
    (answer,) = warned(canary({"gates": ["Manual"]}, quality={"evaluation": "support"}))
    assert answer == (
        "spec.rollout.canary.quality: support: no step has gate Quality, so this Evaluation is not used; give the "
        "first step gates: [Quality], or remove quality"
    )


@pytest.mark.parametrize("described", [Canary, AdapterCanary])
def test_limits_without_their_gate_are_described_as_what_they_are(described: type[Canary | AdapterCanary]) -> None:
    """They are admitted with a warning, so a reader must not trust that they would be refused."""
    words = described.model_fields["quality"].description
    assert words == "Limits of gate Quality. Required with that gate; without it, not used."


def test_an_evaluation_too_small_for_the_margin_is_refused_with_the_number_it_needs() -> None:
    written = canary({"gates": ["Quality"]}, quality={"evaluation": "support", "margin": "2"})
    assert refused(written) == [], "nobody counted its items yet"
    (answer,) = refused(written, items=100)
    assert answer == (
        "spec.rollout.canary.quality.margin: 2: Evaluation support has 100 items, too few to show so small a "
        "difference even where no answer differs; that needs 133; add items, or widen the margin: `fairlead evaluate "
        "plan` has the numbers"
    )
    assert refused(written, items=133) == []
    assert refused(canary({"gates": ["Manual"]}), items=1) == []


def test_an_evaluation_with_fewer_items_than_its_own_minimum_is_refused() -> None:
    written = canary({"gates": ["Quality"]}, quality={"evaluation": "support", "margin": "8"})
    (answer,) = refused(written, items=60, least=100)
    assert answer == (
        "spec.rollout.canary.quality.evaluation: support: it has 60 items and its spec.minItems is 100, so gate "
        "Quality could never pass; add 40 items, or set spec.minItems of the Evaluation to 60"
    )
    assert refused(written, items=100, least=100) == []


def test_a_canary_that_nothing_judges_is_warned_of() -> None:
    assert warned(canary()) == []
    (answer,) = warned(canary({"traffic": 5}, {"traffic": 10}))
    assert answer == (
        "spec.rollout.canary.steps[].gates: none: no step has a gate, so the new revision is promoted after its "
        "hold times even if it is worse; give a step with traffic gates: [Service]"
    )


def test_a_fleet_that_may_shrink_to_one_is_warned_of() -> None:
    scaled = canary(scaling={"minReplicas": 1, "maxReplicas": 4})
    del scaled["spec"]["replicas"]
    (answer,) = warned(scaled)
    assert answer == (
        "spec.scaling.minReplicas: 1: no canary begins while fewer than 2 replicas are desired, since maxSurge is 0; "
        "set minReplicas to 2, or rollout.maxSurge to 1 (needs a spare GPU)"
    )


def test_what_an_hpa_scaled_to_one_goes_on_scaling() -> None:
    """It writes the number without a review; were it refused when read, the fleet could neither grow nor end."""
    assert deployment_review.read(canary(replicas=1), OFFLINE).may_start
    stored = read_stored(canary(replicas=1), DEPLOYMENT).value
    assert stored is not None
    deployment = deployment_conversion.deployment(stored, releases())
    assert deployment.rollout.canary is not None
    (first, *_) = deployment.rollout.canary.steps
    judged = replace(deployment.rollout.canary, steps=(replace(first, gates=(CanaryGate.QUALITY,)),))
    review = admission.stored(replace(deployment, rollout=replace(deployment.rollout, canary=judged)), OFFLINE)
    assert [one.field for one in review.refusals] == ["spec.rollout.canary.quality"]


def adapter(*steps: Object, **canary: object) -> Object:
    """An adapter whose second version is on trial."""
    versions = [{"digest": f"sha256:{one * 64}", "source": "hf://a/sql"} for one in "ab"]
    written = {"steps": list(steps)} | canary
    return {
        "apiVersion": API_VERSION,
        "kind": ADAPTER.name,
        "metadata": {"name": "sql"},
        "spec": {"deployment": "chat", "versions": versions, "canary": written},
    }


def test_an_adapters_canary_needs_what_its_gates_judge_by() -> None:
    judged = {"traffic": 0, "gates": ["Quality"]}
    (answer,) = refused(adapter(judged))
    assert answer.startswith("spec.canary.quality: absent: gate Quality compares answers to the items")
    quality = {"evaluation": "support", "margin": "2"}
    assert refused(adapter(judged, quality=quality)) == []
    (answer,) = refused(adapter(judged, quality=quality), items=60)
    assert answer.startswith("spec.canary.quality.margin: 2: Evaluation support has 60 items, too few")
    assert refused(adapter(judged, quality=quality), items=500) == []


def test_an_adapters_canary_that_judges_nothing_is_warned_of() -> None:
    quality = {"evaluation": "support", "margin": "2"}
    review = admission.review(adapter({"traffic": 10}, quality=quality), OFFLINE)
    assert [one.field for one in review.warnings] == ["spec.canary.quality", "spec.canary.steps[].gates"]
    assert "so the new version is promoted after its hold times" in review.warnings[1].sentence


def test_an_adapters_canary_names_an_evaluation_that_has_to_be_there() -> None:
    quality = {"evaluation": "support", "margin": "2"}
    context = replace(OFFLINE, objects=frozenset({ObjectKey("InferenceDeployment", "default", "chat")}))
    found = admission.review(adapter({"traffic": 0, "gates": ["Quality"]}, quality=quality), context)
    assert [one.field for one in (*found.refusals, *found.warnings)] == ["spec.canary.quality.evaluation"]
