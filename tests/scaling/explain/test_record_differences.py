"""Deciding a stored decision again reports every place where it differs."""

from dataclasses import replace

from fairlead.fleet.policies import ScalingSignal
from fairlead.scaling.decide.recommendation import ScalingAdvice, SignalNeed
from fairlead.scaling.explain import record_differences
from fairlead.scaling.explain.record_differences import RecordDifference
from tests.cli.decisions import decided


def test_what_was_decided_is_decided_again() -> None:
    assert record_differences.differences(decided()) == ()


def test_a_different_number_is_reported_by_its_place() -> None:
    record = decided()
    recommendation = record.recommendation
    other = replace(record, recommendation=replace(recommendation, replicas=recommendation.replicas + 1))
    assert record_differences.differences(other) == (
        RecordDifference(place="replicas", kept=recommendation.replicas + 1, again=recommendation.replicas),
    )


def test_a_longer_list_is_reported_whole() -> None:
    record = decided()
    advice = (ScalingAdvice(subject="policy", because="it rains"),)
    other = replace(
        record, recommendation=replace(record.recommendation, advice=(*record.recommendation.advice, *advice))
    )
    (difference,) = record_differences.differences(other)
    assert difference.place == "advice"


def test_a_difference_within_a_list_is_reported_by_its_index() -> None:
    record = decided()
    recommendation = record.recommendation
    assert recommendation.candidates
    wrong = SignalNeed(signal=ScalingSignal.TOKENS, replicas=99, because="made up")
    other = replace(record, recommendation=replace(recommendation, candidates=(wrong, *recommendation.candidates[1:])))
    places = {one.place for one in record_differences.differences(other)}
    assert {"candidates[0].because", "candidates[0].replicas"} <= places
