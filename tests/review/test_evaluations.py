"""An evaluation as its runs use it, and what a deployment names, whatever else is wrong with it."""

from typing import Any

import pytest

from fairlead.api.evaluation import EvaluationSpec, ScorerType
from fairlead.api.kinds import EVALUATION
from fairlead.evaluating.journal import RequestSettings
from fairlead.evaluating.judge import JudgeSettings
from fairlead.evaluating.scorers import ScorerKind, ScorerSettings
from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import EnvFrom, SecretKey
from fairlead.fleet.evaluation_runners import EvaluationRunner, RunnerKind, RunnerProgram
from fairlead.fleet.item_sources import ClaimFile, HubFile, ImageFile
from fairlead.review import admission, evaluations
from fairlead.review.context import ItemCount, ReviewContext
from fairlead.review.evaluations import EvaluationPlan
from tests.review.table import CONTEXT, written

ITEMS = {"configMap": {"name": "questions", "key": "items.jsonl"}}


def test_a_plan_has_all_that_is_written() -> None:
    spec = {
        "items": ITEMS,
        "scorer": {"type": "Number", "tolerance": "5%"},
        "sampling": {"maxTokens": 8, "seed": 3},
        "concurrency": 2,
        "minItems": 50,
    }
    assert evaluations.plan(EvaluationSpec.model_validate(spec)) == EvaluationPlan(
        source=ConfigMapKey(name="questions", key="items.jsonl"),
        runner=EvaluationRunner(),
        scorer=ScorerSettings(kind=ScorerKind.NUMBER, tolerance=0.05, relative=True),
        request=RequestSettings(max_tokens=8, seed=3),
        concurrency=2,
        min_items=50,
        chance=0.0,
    )
    chosen = evaluations.plan(
        EvaluationSpec.model_validate({"items": ITEMS, "scorer": {"type": "Choice", "choices": 4}})
    )
    assert chosen.chance == 0.25


def test_a_runner_in_a_pod_has_all_that_is_written_and_names_what_it_takes() -> None:
    key = {"name": "judge", "key": "token"}
    runner = {
        "type": "Job",
        "image": "judge:v1",
        "command": ["python3"],
        "args": ["judge.py"],
        "env": [{"name": "MODE", "value": "strict"}, {"name": "KEY", "valueFrom": {"secretKeyRef": key}}],
        "imagePullSecrets": [{"name": "registry"}],
        "resources": {"cpu": "2", "memory": "4Gi"},
        "deadline": "90m",
    }
    spec = {"items": ITEMS, "runner": runner}
    assert evaluations.plan(EvaluationSpec.model_validate(spec)).runner == EvaluationRunner(
        kind=RunnerKind.JOB,
        program=RunnerProgram(
            image="judge:v1",
            command=("python3",),
            args=("judge.py",),
            env=(("MODE", "strict"),),
            env_from=(EnvFrom(name="KEY", object_name="judge", key="token"),),
            pull_secrets=("registry",),
            cpu="2",
            memory="4Gi",
            deadline_seconds=5400,
        ),
    )
    review = admission.review(written(EVALUATION, spec), ReviewContext(catalogue=CONTEXT.catalogue))
    assert [one.key.name for one in review.named] == ["questions", "registry", "judge"]
    harness = {"type": "LmEval", "image": "lm:v1", "task": "support", "api": "Completions", "metric": "acc"}
    plan = evaluations.plan(EvaluationSpec.model_validate({"items": ITEMS, "runner": harness}))
    assert (plan.runner.task, plan.runner.chat, plan.runner.metric) == ("support", False, "acc")
    assert plan.runner.in_pods
    assert not EvaluationRunner().in_pods


@pytest.mark.parametrize(
    ("items", "source", "named"),
    [
        (
            {"persistentVolumeClaim": {"claimName": "evals", "path": "a/b.jsonl"}},
            ClaimFile(claim="evals", path="a/b.jsonl"),
            ["PersistentVolumeClaim evals"],
        ),
        (
            {"source": {"url": "hf://datasets/example/qa", "path": "qa.jsonl"}},
            HubFile(
                repository="datasets/example/qa", path="qa.jsonl", revision="main", endpoint="https://huggingface.co"
            ),
            [],
        ),
        (
            {
                "source": {
                    "url": "hf://example/model",
                    "path": "qa.jsonl",
                    "revision": "v1",
                    "endpoint": "http://hub",
                    "tokenSecret": {"name": "hub", "key": "token"},
                }
            },
            HubFile(
                repository="example/model",
                path="qa.jsonl",
                revision="v1",
                endpoint="http://hub",
                token=SecretKey(name="hub", key="token"),
            ),
            ["Secret hub"],
        ),
        (
            {
                "source": {
                    "url": "oci://registry.example.com/qa:v1",
                    "path": "qa.jsonl",
                    "imagePullSecrets": [{"name": "registry"}],
                }
            },
            ImageFile(reference="registry.example.com/qa:v1", path="qa.jsonl", pull_secrets=("registry",)),
            ["Secret registry"],
        ),
    ],
    ids=["a volume", "a hub", "a mirror with a token", "an image"],
)
def test_items_are_read_from_where_they_are_and_what_that_takes_is_named(
    items: dict[str, Any], source: object, named: list[str]
) -> None:
    spec = EvaluationSpec.model_validate({"items": items})
    assert evaluations.plan(spec).source == source
    review = admission.review(written(EVALUATION, {"items": items}), ReviewContext(catalogue=CONTEXT.catalogue))
    assert [f"{one.key.kind} {one.key.name}" for one in review.named] == named


def test_every_scorer_of_the_schema_is_one_that_runs() -> None:
    plans = [
        evaluations.plan(EvaluationSpec.model_validate({"items": ITEMS, "scorer": {"type": one}}))
        for one in ScorerType
        if one is not ScorerType.JUDGE
    ]
    assert {one.scorer.kind for one in plans if one.scorer is not None} == set(ScorerKind)
    assert all(one.judge is None for one in plans)


def test_a_judge_has_all_that_is_written_and_its_secret_is_named() -> None:
    key = {"name": "judge", "key": "token"}
    written_judge = {"url": "http://llm.models.svc", "model": "big"}
    spec = {"items": ITEMS, "scorer": {"type": "Judge", "judge": written_judge}}
    plan = evaluations.plan(EvaluationSpec.model_validate(spec))
    assert plan.scorer is None
    assert plan.judge == JudgeSettings(url="http://llm.models.svc", model="big")
    spec = {
        "items": ITEMS,
        "scorer": {"type": "Judge", "judge": written_judge | {"keySecret": key, "instructions": "x"}},
    }
    assert evaluations.plan(EvaluationSpec.model_validate(spec)).judge == JudgeSettings(
        url="http://llm.models.svc", model="big", instructions="x", key=SecretKey(name="judge", key="token")
    )
    review = admission.review(written(EVALUATION, spec), ReviewContext(catalogue=CONTEXT.catalogue))
    assert [one.key.name for one in review.named] == ["questions", "judge"]


@pytest.mark.parametrize(
    ("quality", "name"),
    [
        ({"evaluation": "support"}, "support"),
        ({"evaluation": 7}, None),
        ({"evaluation": "../x"}, None),
        ("support", None),
        (None, None),
    ],
)
def test_the_name_is_found_whatever_else_is_wrong(quality: object, name: str | None) -> None:
    assert evaluations.named({"spec": {"rollout": {"canary": {"quality": quality}}}}) == name


@pytest.mark.parametrize(
    ("document", "count"),
    [
        (None, None),
        ({}, None),
        ({"status": {}}, None),
        ({"status": {"items": True}}, None),
        ({"status": {"items": 7}}, ItemCount(7, 100)),
        ({"status": {"items": 7}, "spec": {"minItems": 5}}, ItemCount(7, 5)),
    ],
)
def test_items_count_only_once_they_were_counted(document: Any, count: ItemCount | None) -> None:  # noqa: ANN401
    assert evaluations.count_of(document) == count


def test_items_that_are_not_there_yet_are_warned_of() -> None:
    review = admission.review(written(EVALUATION, {"items": ITEMS}), ReviewContext(catalogue=CONTEXT.catalogue))
    assert review.refusals == ()
    assert [(one.field, one.key.name) for one in review.named] == [("spec.items.configMap.name", "questions")]
