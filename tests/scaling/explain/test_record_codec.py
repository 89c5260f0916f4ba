"""A decision on one line: it reads back the same, and an invalid line says why."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import replay_agreement
from fairlead.fleet.policies import ScalingPolicy, ScalingSignal
from fairlead.scaling.decide.recommendation import DecisionFigure, SignalNeed
from fairlead.scaling.explain import record_codec
from fairlead.scaling.explain.record_codec import BrokenRecord
from tests.cli.decisions import AT, decided, engine, facts, pod


def test_decisions_of_random_histories_come_out_the_same_when_read_and_taken_again() -> None:
    tally = replay_agreement.tally(40, seed=8)
    assert (tally.first, tally.disagree) == ("", 0)
    assert tally.decisions > 200


def test_a_line_of_a_release_without_queue_times_can_still_be_decoded() -> None:
    record = decided()
    line = json.loads(record_codec.encode(record))
    del line["memory"]["estimates"]["queueing"]
    assert record_codec.decode(json.dumps(line)) == record


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_back_to_the_bit(value: float) -> None:
    record = decided(facts(pods=(pod(figures=engine(running=value)),)), recommendation=decided().recommendation)
    read = record_codec.decode(record_codec.encode(record))
    assert not isinstance(read, BrokenRecord)
    assert read.facts.pods[0].figures is not None
    assert str(read.facts.pods[0].figures.running) == str(float(value))


@given(st.text())
def test_every_text_is_read_back_on_one_line(text: str) -> None:
    record = decided(name=text)
    line = record_codec.encode(record)
    assert b"\n" not in line
    assert record_codec.decode(line) == record


def test_money_stays_exact() -> None:
    record = decided(facts(policy=ScalingPolicy(max_cost_per_hour=Decimal("40.10"))))
    read = record_codec.decode(record_codec.encode(record))
    assert not isinstance(read, BrokenRecord)
    assert str(read.facts.policy.max_cost_per_hour) == "40.10"


def test_a_field_of_a_later_version_is_passed_over_and_one_of_an_earlier_takes_its_default() -> None:
    record = decided()
    document = json.loads(record_codec.encode(record))
    document["shoe size"] = 44
    del document["facts"]["sleeps"]
    assert record_codec.decode(json.dumps(document)) == record


@pytest.mark.parametrize(
    ("line", "because"),
    [
        (b"{", "truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"version": "9.9"}', "written by version 9.9"),
        (b'{"version": 9}', "Expected `str`, got `int`"),
        (b"\xff", "malformed"),
        pytest.param(b'{"x": ' + b"[" * 100_000, "recursion", id="too deep"),
    ],
)
def test_a_line_that_is_no_decision_says_why(line: bytes, because: str) -> None:
    read = record_codec.decode(line)
    assert isinstance(read, BrokenRecord)
    assert because in read.because
    assert len(read.excerpt) <= 80


def test_a_table_has_a_line_for_each_decision_and_a_broken_one_says_so() -> None:
    one, other = decided(), decided(name="other")
    table = record_codec.decode_table(record_codec.encode_table([one, other]))
    assert not isinstance(table, BrokenRecord)
    assert [(line.namespace, line.name) for line in table] == [("team", "chat"), ("team", "other")]
    assert record_codec.decode_table(b'{"shard": "standby"}') == ()
    assert isinstance(record_codec.decode_table(b"<html>"), BrokenRecord)


def test_a_program_that_decides_otherwise_disagrees_with_the_line() -> None:
    record = decided(at=AT)
    candidate = SignalNeed(
        signal=ScalingSignal.TOKENS, replicas=5, because="", figures=(DecisionFigure(name="x", value=0.5),)
    )
    other = replace(record, recommendation=replace(record.recommendation, candidates=(candidate,)))
    assert record_codec.decode(record_codec.encode(other)) == other != record


@pytest.mark.parametrize("now", [-1.0, 1e300, -1e18])
def test_a_time_without_a_date_is_no_record(now: float) -> None:
    found = record_codec.decode(record_codec.encode(replace(decided(), now=now)))
    assert isinstance(found, BrokenRecord)
    assert found.because == f"now is {now:g}, and must be seconds since 1970, at most 1e+11"
