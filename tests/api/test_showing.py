"""How a mistake is shown: the value short and visible, secrets never, each kind of mistake in its own sentence."""

from typing import Any

import pytest

from fairlead.api.kinds import DEPLOYMENT
from fairlead.api.object_reader import read_strict
from tests.api.bad import LEAST
from tests.api.objects import written


@pytest.mark.parametrize(
    "secret", ["hf_AbCdEfGhIjKlMnOp", "sk-AbCdEfGhIjKl", "http://me:geheim@host", "my password is x", "AKIAABCDEFGHIJ"]
)
def test_a_value_that_resembles_a_secret_is_never_repeated(secret: str) -> None:
    spec = LEAST | {
        "model": {"source": secret, "token": secret},
        "engine": {
            "extraArgs": [f"{secret}\n"],
            "env": [{"name": f"{secret}!", "value": ["x", secret]}],
            "kind": secret,
        },
    }
    problems = read_strict(written(spec), DEPLOYMENT).problems
    assert len(problems) == 6
    assert not [one for one in problems if secret in one.sentence]


def test_signs_that_turn_or_hide_text_are_shown_as_escapes() -> None:
    (problem,) = read_strict(written(LEAST | {"drain": {"timeout": "5m\u202e\x00"}}), DEPLOYMENT).problems
    assert problem.value == "5m\\u202e\\x00"


def test_a_long_value_is_cut_and_its_length_shown() -> None:
    (problem,) = read_strict(written(LEAST | {"drain": {"timeout": "x" * 5000}}), DEPLOYMENT).problems
    assert problem.value == f"{'x' * 60}… (5000 characters)"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("", '""'), (True, "true"), ({}, "an object"), ([1, 2], "a list of 2"), (2.5, "2.5")],
)
def test_a_value_is_shown_as_it_was_written(value: object, shown: str) -> None:
    (problem,) = read_strict(written(LEAST | {"drain": {"timeout": value}}), DEPLOYMENT).problems
    assert problem.value == shown


@pytest.mark.parametrize(
    ("spec", "answer"),
    [
        (
            {"placement": {"nodeSelector": {"a": {"b": 1}}}},
            "spec.placement.nodeSelector.a: an object: text is expected",
        ),
        ({"placement": {"nodeSelector": {"k" * 400: "v"}}}, "at most 317 characters are allowed"),
        ({"placement": {"nodeSelector": {f"k{number}": "v" for number in range(40)}}}, "may have at most 32"),
        ({"placement": {"affinity": {"5": {"nodeAffinity": {}}}}}, ""),
        ({"engine": {"env": [{"name": "A", "value": "b", "deep": {}}]}}, "fields here: name, value, valueFrom"),
        ({"engine": {"env": [{"name": "A", "valueFrom": {"fieldRef": {}}}]}}, "configMapKeyRef, secretKeyRef"),
        ({"engine": {"zzzz": 1}}, "fields here: adapters"),
        ({"rollout": {"paused": "yes"}}, "true or false is expected here, not text; write true or false"),
        ({"replicas": 1.5}, "a whole number is expected here, not a fraction"),
        ({"engine": {"kind": ["vLLM"]}}, "allowed values are vLLM"),
        ({"engine": {"adapters": {}}}, "a list is expected here, not an object; begin each element with a dash"),
        ({"placement": {"affinity": []}}, "an object is expected here, not a list"),
        ({"engine": {"dtype": "zzzz"}}, "use one of them"),
    ],
)
def test_each_kind_of_mistake_has_its_sentence(spec: dict[str, Any], answer: str) -> None:
    sentences = [one.sentence for one in read_strict(written(LEAST | spec), DEPLOYMENT).problems]
    assert [answer in sentence for sentence in sentences] == ([True] if answer else [])
