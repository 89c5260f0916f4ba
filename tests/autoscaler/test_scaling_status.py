"""What a status contains, and whether a change is worth a write."""

from dataclasses import replace

from fairlead.autoscaler import scaling_status
from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.scaling_status import MAX_KEPT, ScalingFields
from fairlead.fleet.policies import ScalingPolicy, ScalingReason
from fairlead.scaling.decide.recommendation import Recommendation
from tests.autoscaler.fleets import START, SUBJECT, deployment

CASE = ScalingCase(document=deployment("chat"), subject=SUBJECT, policy=ScalingPolicy())


def recommended(
    replicas: int, reason: ScalingReason = ScalingReason.STEADY, message: str = "so it is"
) -> Recommendation:
    return Recommendation(replicas=replicas, reason=reason, message=message)


def status_after(*answers: Recommendation, case: ScalingCase = CASE) -> ScalingFields:
    """The status after these decisions, a second apart."""
    found: ScalingFields = {}
    for number, one in enumerate(answers):
        found = scaling_status.scaling(case, one, found, START + number)
    return found


def test_a_first_word_that_changes_nothing_is_no_decision() -> None:
    assert "decisions" not in status_after(recommended(1))
    assert [one["after"] for one in status_after(recommended(2))["decisions"]] == [2]


def test_the_last_decisions_are_kept_newest_first() -> None:
    found = status_after(*(recommended(number) for number in range(2, 20)))
    assert [one["after"] for one in found["decisions"]] == list(range(19, 19 - MAX_KEPT, -1))
    assert all(one["before"] == one["after"] - 1 for one in found["decisions"])


def test_a_new_number_or_reason_is_written_at_once_and_a_new_message_only_after_a_minute() -> None:
    before = status_after(recommended(2))
    now = START + 1

    def differs(answer: Recommendation, later: float = 0.0) -> bool:
        return scaling_status.differs(scaling_status.scaling(CASE, answer, before, now), before, now + later)

    assert differs(recommended(3))
    assert differs(recommended(2, ScalingReason.IDLE))
    assert not differs(recommended(2))
    assert not differs(recommended(2, message="in other words"))
    assert differs(recommended(2, message="in other words"), later=60.0)


def test_after_a_clock_stepped_back_a_new_message_is_written_at_once() -> None:
    before = status_after(recommended(2))
    found = scaling_status.scaling(CASE, recommended(2, message="in other words"), before, START - 1800)
    assert scaling_status.differs(found, before, START - 1800)


def test_sleepers_and_speculation_are_decisions_too() -> None:
    case = replace(CASE, subject=replace(SUBJECT, speculates=True))
    usual = status_after(recommended(1), case=case)
    assert usual["speculation"] == "On"
    assert "decisions" not in usual
    off = scaling_status.scaling(case, replace(recommended(1), speculates=False), usual, START)
    assert (off["speculation"], len(off["decisions"])) == ("Off", 1)
    assert (
        len(
            scaling_status.scaling(CASE, replace(recommended(1), asleep=2), status_after(recommended(1)), START)[
                "decisions"
            ]
        )
        == 1
    )


def test_while_no_policy_can_be_used_the_status_keeps_that_a_budget_limited_the_last_decision() -> None:
    paid, held = recommended(2, ScalingReason.OVER_BUDGET), recommended(2, ScalingReason.NO_POLICY, "held")
    assert status_after(paid, held, held, held)["overBudget"] is True
    for other in (status_after(paid), status_after(paid, held, recommended(2), held), status_after(held)):
        assert "overBudget" not in other


def test_in_mode_recommend_a_budget_counts_only_if_it_limited_the_count_while_the_policy_acted() -> None:
    """A policy that always only recommended has limited nothing, so minReplicas is kept whatever it would pay for."""
    shy = replace(CASE, policy=ScalingPolicy(active=False))
    paid, held = recommended(2, ScalingReason.OVER_BUDGET), recommended(2, ScalingReason.NO_POLICY, "held")
    led = scaling_status.scaling(shy, paid, status_after(paid), START)
    assert led["overBudget"] is True
    assert scaling_status.scaling(shy, paid, led, START)["overBudget"] is True
    assert scaling_status.scaling(CASE, held, led, START)["overBudget"] is True
    assert "overBudget" not in scaling_status.scaling(shy, recommended(3, ScalingReason.AT_MINIMUM), led, START)

    advised = status_after(paid, paid, case=shy)
    assert "overBudget" not in advised
    assert "overBudget" not in scaling_status.scaling(CASE, held, advised, START)


def test_in_mode_recommend_the_status_only_advises_and_no_controller_can_follow_it() -> None:
    shy = replace(CASE, policy=ScalingPolicy(active=False), subject=replace(SUBJECT, speculates=True))
    found = status_after(recommended(3), case=shy)
    assert (found["mode"], found["advised"]) == ("Recommend", 3)
    assert not {"recommended", "speculation"} & found.keys()


def test_advice_is_kept_among_the_decisions_as_advice() -> None:
    shy = replace(CASE, policy=ScalingPolicy(active=False))
    (advised,) = status_after(recommended(3), case=shy)["decisions"]
    assert advised["mode"] == "Recommend"
    followed = scaling_status.scaling(CASE, recommended(4), {"decisions": [advised], "advised": 3}, START)
    assert [one.get("mode") for one in followed["decisions"]] == [None, "Recommend"]
    assert scaling_status.effect(CASE, {"decisions": [advised]})["mode"] == "Recommend"
    assert "mode" not in scaling_status.effect(CASE, followed)


def test_a_nonsensical_status_of_before_is_written_over() -> None:
    assert scaling_status.differs(status_after(recommended(2)), {"recommended": True, "at": "never"}, START)
    assert scaling_status.count({"recommended": True}) is None
