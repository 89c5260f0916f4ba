"""Every bad input is refused by the layer that should see it first, with field, value, rule and remedy."""

from pathlib import Path
from typing import Final

import pytest
import yaml

from fairlead.api import object_reader
from fairlead.review import admission
from fairlead.review.context import ReviewContext
from tests.api.bad_specs import BAD
from tests.review.bad_inputs import COVERED, ELSEWHERE, ROWS
from tests.review.table import CONTEXT, SAMPLES, Layer, Row, deployment, engine, findings_of

OFFLINE: Final = ReviewContext(catalogue=CONTEXT.catalogue)
"""Without reading a cluster."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.story)
def test_a_bad_input_is_refused_where_it_should_be_with_what_to_do(row: Row) -> None:
    findings = findings_of(row.given)

    first = min(findings, key=lambda one: one.layer)
    answers = [one for one in findings if one.field == row.at and row.wording in f"{one.because}; {one.remedy}"]
    assert first.layer <= row.layer
    assert [one.layer for one in answers] == [row.layer], [one.sentence for one in findings]
    assert all(one.because and one.value for one in findings)
    assert all(one.remedy for one in findings)


def test_each_scenario_is_listed_once() -> None:
    stories = [row.story for row in ROWS]
    assert sorted(set(stories)) == sorted(stories)
    assert len(stories) >= 80
    assert set(COVERED) <= {bad.story for bad in BAD}


def test_every_layer_refuses_something() -> None:
    assert {row.layer for row in ROWS} == set(Layer)


def test_the_forty_are_all_accounted_for() -> None:
    shown = {row.covers for row in ROWS} - {0}
    assert shown | set(ELSEWHERE) == set(range(1, 41))
    assert shown & set(ELSEWHERE) == set()


@pytest.mark.parametrize("row", [row for row in ROWS if isinstance(row.given, dict)], ids=lambda row: row.story)
def test_whatever_the_server_holds_is_read_without_raising(row: Row) -> None:
    assert isinstance(row.given, dict)
    for kind in admission.KINDS.values():
        read = object_reader.read_stored(row.given, kind)
        assert read.value is not None or read.problems


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_good_sample_is_admitted_and_read_with_fields_of_a_newer_version(sample: Path) -> None:
    for document in yaml.safe_load_all(sample.read_text()):
        if document["kind"] not in admission.KINDS:
            continue
        kind = admission.KINDS[document["kind"]]
        plain = object_reader.read_stored(document, kind)
        newer = document | {"spec": document["spec"] | {"novelty": {"deep": [1]}}, "extra": 1}
        assert object_reader.read_stored(newer, kind) == plain
        assert plain.problems == ()
        assert [one.sentence for one in admission.review(document, OFFLINE).refusals] == []


@pytest.mark.trial(15)
def test_an_unknown_flag_is_refused_for_its_release_and_warned_of_for_other_images() -> None:
    flag = ["--enable-prompt-token-details"]
    (refusal,) = admission.review(engine(extraArgs=flag), OFFLINE).refusals
    assert refusal.sentence == (
        "spec.engine.extraArgs[0]: --enable-prompt-token-details: vLLM 0.32 has no such flag and would fail "
        'to start with "unrecognized arguments"; did you mean --enable-prompt-tokens-details?'
    )
    for other in ({"image": "example.com/own:1"}, {"version": "0.33.0"}):
        review = admission.review(engine(extraArgs=flag, **other), OFFLINE)
        assert review.refusals == ()
        assert "--enable-prompt-token-details" in [one.value for one in review.warnings]


def test_a_misspelt_product_is_a_warning_with_the_nearest_one() -> None:
    review = admission.review(deployment(accelerator={"product": "NVIDIA-H100-80GB-HBM"}), OFFLINE)
    assert review.refusals == ()
    (warning,) = review.warnings
    assert warning.sentence == (
        "spec.accelerator.product: NVIDIA-H100-80GB-HBM: this product is not in the catalogue, so fit and "
        "cost are unknown; did you mean NVIDIA-H100-80GB-HBM3?"
    )


@pytest.mark.parametrize(
    ("product", "meant"),
    [("L4", "NVIDIA-L4"), ("nvidia-l4", "NVIDIA-L4"), ("NVIDIA-H100", "NVIDIA-H100-80GB-HBM3")],
)
def test_a_shortened_product_is_a_warning_with_the_whole_name(product: str, meant: str) -> None:
    (warning,) = admission.review(deployment(accelerator={"product": product}), OFFLINE).warnings
    assert f"did you mean {meant}" in warning.remedy


def test_a_model_with_letters_of_another_case_is_a_warning_with_the_catalogues_name() -> None:
    (warning,) = admission.review(deployment(model={"source": "hf://Qwen/Qwen3-0.6b"}), OFFLINE).warnings
    assert warning.because.endswith("or give its config.json; did you mean Qwen/Qwen3-0.6B?")


SECRET: Final = "hf_GeheimGeheimGeheim"


@pytest.mark.parametrize(
    "given",
    [
        engine(extraArgs=[SECRET]),
        engine(extraArgs=["--seed", SECRET + "\n"]),
        engine(extraArgs=[f"--api-key={SECRET}"]),
        engine(extraArgs=["--api-key " + SECRET]),
        engine(env=[{"name": "HF_TOKEN", "value": SECRET}]),
        engine(env=[{"name": "HF_TOKEN", "value": SECRET, "valueFrom": {}}]),
        deployment(model={"source": f"hf://{SECRET}/model"}),
        deployment(model={"source": SECRET}),
        deployment(model={"source": "hf://a/b", "token": SECRET}),
        deployment(router={"service": {"annotations": {"a": {"b": SECRET}}}}),
        deployment() | {"kind": SECRET},
        deployment() | {"apiVersion": SECRET},
    ],
    ids=range(12),
)
def test_what_is_secret_is_never_shown(given: dict[str, object]) -> None:
    review = admission.review(given, OFFLINE)
    assert review.refusals or review.warnings
    assert [one.sentence for one in (*review.refusals, *review.warnings) if SECRET in one.sentence] == []
    assert SECRET not in review.kind
