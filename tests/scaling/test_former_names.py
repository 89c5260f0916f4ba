"""State and decisions that the release before stored: every value is read, under its present name."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import random_histories
from fairlead.scaling import former_names
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.explain import record_codec, record_differences
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.facts import EnginePodPhase
from tests.cli.decisions import decided

FORMER: Final = (Path(__file__).parent / "data" / "former_decisions.jsonl").read_bytes().splitlines()
"""Decisions that the release before recorded, with a value at each place that has another name now."""

SEEDS: Final = st.integers(0, 1 << 32)
"""Of long histories, whose chances are more than hypothesis draws by itself."""


def mapped(document: object, change: Callable[[Any], object]) -> Any:  # noqa: ANN401  # JSON
    """The values of a document in their order, each changed; a field that is null may be younger than the document."""
    if isinstance(document, dict):
        return [mapped(value, change) for value in document.values() if value is not None]
    if isinstance(document, list):
        return [mapped(value, change) for value in document]
    return change(document)


def values(text: bytes) -> object:
    """The present name of a figure counts as its former one, since figures have their names as values."""
    former, present = former_names.FORMER_FIGURE, former_names.FIGURE
    return mapped(json.loads(text), lambda value: former if value == present else value)


@pytest.mark.parametrize("line", FORMER)
def test_a_decision_that_the_release_before_recorded_keeps_every_value_and_is_repeated_alike(line: bytes) -> None:
    record = record_codec.decode(line)
    assert isinstance(record, DecisionRecord)
    assert values(record_codec.encode(record)) == values(line)
    assert record_differences.differences(record) == ()


@given(st.sampled_from(FORMER), SEEDS)
def test_whatever_numbers_the_release_before_recorded_they_are_read_at_their_places(line: bytes, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # no secret
    other = json.dumps(json.loads(line, parse_float=lambda _: rng.uniform(0.0, 1e9))).encode()
    record = record_codec.decode(other)
    assert isinstance(record, DecisionRecord)
    assert values(record_codec.encode(record)) == values(other)


@given(SEEDS)
def test_a_state_is_the_same_after_it_was_written_for_the_release_before(seed: int) -> None:
    for record in random_histories.records(random.Random(seed)):  # noqa: S311  # no secret
        former = former_names.former_state(msgspec.to_builtins(record.memory))
        assert list(former) == ["learnt", "pacing"]
        assert msgspec.convert(former_names.present_state(former), ScalingState) == record.memory


@pytest.mark.parametrize("text", ['"learnt":', '{"memory":{"learnt":{}}}', "learnt"])
def test_a_present_record_is_never_taken_for_a_former_one(text: str) -> None:
    record = decided(name=text)
    line = record_codec.encode(record)
    assert former_names.MARK.search(line) is None
    assert record_codec.decode(line) == record


@pytest.mark.parametrize("line", [b'{"memory":{"learnt":3}}', b'[{"learnt":3}]', b'{"learnt":'])
def test_a_line_with_a_former_name_that_is_no_decision_says_why(line: bytes) -> None:
    assert isinstance(record_codec.decode(line), record_codec.BrokenRecord)


@pytest.mark.parametrize("line", [FORMER[0], record_codec.encode(decided(name="chat"))])
def test_a_replica_that_the_release_before_recorded_as_stuck_hung(line: bytes) -> None:
    record = json.loads(line)
    record["facts"]["pods"][0]["phase"] = former_names.FORMER_PHASE
    read = record_codec.decode(json.dumps(record).encode())
    assert isinstance(read, DecisionRecord)
    assert read.facts.pods[0].phase is EnginePodPhase.HUNG
