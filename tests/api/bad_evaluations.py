"""Bad evaluations: fields that contradict each other, or values that cannot be parsed."""

from typing import Any, Final

from fairlead.api.kinds import EVALUATION
from tests.api.bad import Bad


def _scored(**scorer: object) -> dict[str, Any]:
    return {"items": {"configMap": {"name": "questions", "key": "items.jsonl"}}, "scorer": scorer}


def _from(**items: object) -> dict[str, Any]:
    return {"items": items}


_CLAIM: Final = {"claimName": "evals", "path": "items.jsonl"}
_HUB: Final = {"url": "hf://datasets/example/support", "path": "items.jsonl"}
_IMAGE: Final = {"url": "oci://registry.example.com/evals:v1", "path": "items.jsonl"}


def _run(**runner: object) -> dict[str, Any]:
    return _scored() | {"runner": runner}


_JUDGE: Final = {"url": "https://judge.example.com", "model": "big"}
_IMAGE_OF: Final = {"image": "registry.example.com/a:v1"}
_RUNNERS: Final = (
    Bad(
        story="a program without an image",
        kind=EVALUATION,
        spec=_run(type="Job"),
        at="spec.runner.image",
        wording="this runner runs a program in a pod; set image to the image that contains it",
    ),
    Bad(
        story="LmEval without a task",
        kind=EVALUATION,
        spec=_run(type="LmEval", **_IMAGE_OF),
        at="spec.runner.task",
        wording="runner LmEval runs one task of the harness; set task to its name",
    ),
    Bad(
        story="a task with runner Job",
        kind=EVALUATION,
        spec=_run(type="Job", task="support", **_IMAGE_OF),
        at="spec.runner.task",
        wording="task belongs to runner LmEval; remove task, or set type to LmEval",
    ),
    Bad(
        story="an image with runner BuiltIn",
        kind=EVALUATION,
        spec=_run(**_IMAGE_OF),
        at="spec.runner.image",
        wording="image belongs to runner LmEval and Job; remove image, or set type to Job",
    ),
    Bad(
        story="a command with runner LmEval",
        kind=EVALUATION,
        spec=_run(type="LmEval", task="support", command=["lm_eval"], **_IMAGE_OF),
        at="spec.runner.command",
        wording="command belongs to runner Job; remove command, or set type to Job",
    ),
    Bad(
        story="a variable that Fairlead sets",
        kind=EVALUATION,
        spec=_run(type="Job", env=[{"name": "OPENAI_BASE_URL", "value": "http://elsewhere"}], **_IMAGE_OF),
        at="spec.runner.env",
        wording="Fairlead sets this variable itself; remove it, or give yours another name",
    ),
    Bad(
        story="a scorer beside a program that scores",
        kind=EVALUATION,
        spec=_run(type="Job", **_IMAGE_OF) | {"scorer": {"type": "Contains"}},
        at="spec.scorer",
        wording="this runner scores the answers itself; remove scorer",
    ),
    Bad(
        story="a task of the harness from a hub",
        kind=EVALUATION,
        spec=_run(type="LmEval", task="support", **_IMAGE_OF) | {"items": {"source": {**_HUB}}},
        at="spec.items",
        wording="a task of the harness is a folder with its YAML file, but only one file is read from a hub",
    ),
    Bad(
        story="cores in words",
        kind=EVALUATION,
        spec=_run(type="Job", resources={"cpu": "much"}, **_IMAGE_OF),
        at="spec.runner.resources.cpu",
        wording="this is not a number of processor cores; write cores",
    ),
    *(
        Bad(
            story=f"{field} with runner BuiltIn",
            kind=EVALUATION,
            spec=_run(**{field: value}),
            at=f"spec.runner.{field}",
            wording=f"{field} belongs to runner",
        )
        for field, value in (
            ("args", ["judge.py"]),
            ("env", [{"name": "MODE", "value": "strict"}]),
            ("imagePullSecrets", [{"name": "registry"}]),
            ("resources", {"memory": "4Gi"}),
            ("deadline", "2h"),
            ("api", "Completions"),
            ("metric", "acc"),
        )
    ),
)
EVALUATION_RULES: Final = (
    *_RUNNERS,
    Bad(
        story="items without a source",
        kind=EVALUATION,
        spec=_from(),
        at="spec.items.configMap",
        wording="items come from exactly one of configMap, persistentVolumeClaim and source; keep one of them",
    ),
    Bad(
        story="items from two places",
        kind=EVALUATION,
        spec=_from(persistentVolumeClaim=_CLAIM, source=_HUB),
        at="spec.items.configMap",
        wording="items come from exactly one of configMap, persistentVolumeClaim and source; keep one of them",
    ),
    Bad(
        story="a path out of the volume",
        kind=EVALUATION,
        spec=_from(persistentVolumeClaim=_CLAIM | {"path": "../items.jsonl"}),
        at="spec.items.persistentVolumeClaim.path",
        wording="this is not the path of a file within it; write a path that does not begin with a slash",
    ),
    Bad(
        story="items from a bucket",
        kind=EVALUATION,
        spec=_from(source=_HUB | {"url": "s3://evals/items"}),
        at="spec.items.source.url",
        wording="items cannot be read from this source; write hf://datasets/organisation/name",
    ),
    Bad(
        story="a revision of an image",
        kind=EVALUATION,
        spec=_from(source=_IMAGE | {"revision": "v1"}),
        at="spec.items.source.revision",
        wording="revision belongs to an hf:// source; remove revision",
    ),
    Bad(
        story="a hub's token for a registry",
        kind=EVALUATION,
        spec=_from(source=_IMAGE | {"tokenSecret": {"name": "hub", "key": "token"}}),
        at="spec.items.source.tokenSecret",
        wording="tokenSecret belongs to an hf:// source; remove tokenSecret",
    ),
    Bad(
        story="a hub's mirror for a registry",
        kind=EVALUATION,
        spec=_from(source=_IMAGE | {"endpoint": "https://mirror.example.com"}),
        at="spec.items.source.endpoint",
        wording="endpoint belongs to an hf:// source; remove endpoint",
    ),
    Bad(
        story="a registry's credentials for a hub",
        kind=EVALUATION,
        spec=_from(source=_HUB | {"imagePullSecrets": [{"name": "registry"}]}),
        at="spec.items.source.imagePullSecrets",
        wording="imagePullSecrets belongs to an oci:// source; remove imagePullSecrets",
    ),
    Bad(
        story="a tolerance of words",
        kind=EVALUATION,
        spec=_scored(type="Contains", tolerance="0.1"),
        at="spec.scorer.tolerance",
        wording="tolerance belongs to scorer Number; remove tolerance, or set type to Number",
    ),
    Bad(
        story="a field without scorer JSONField",
        kind=EVALUATION,
        spec=_scored(type="JSONSchema", field="city"),
        at="spec.scorer.field",
        wording="field belongs to scorer JSONField; remove field, or set type to JSONField",
    ),
    Bad(
        story="scorer Judge without a judge",
        kind=EVALUATION,
        spec=_scored(type="Judge"),
        at="spec.scorer.judge",
        wording="scorer Judge asks a model which answer is better; set judge to its url and model",
    ),
    Bad(
        story="a judge with another scorer",
        kind=EVALUATION,
        spec=_scored(type="Contains", judge=_JUDGE),
        at="spec.scorer.judge",
        wording="judge belongs to scorer Judge; remove judge, or set type to Judge",
    ),
    Bad(
        story="a judge without a type",
        kind=EVALUATION,
        spec=_scored(judge=_JUDGE),
        at="spec.scorer.judge",
        wording="judge belongs to scorer Judge; remove judge, or set type to Judge",
    ),
    Bad(
        story="a judge whose url is not an address",
        kind=EVALUATION,
        spec=_scored(type="Judge", judge=_JUDGE | {"url": "judge:8000"}),
        at="spec.scorer.judge.url",
        wording="this is not an http or https address",
    ),
    Bad(
        story="ignoreCase with scorer Judge",
        kind=EVALUATION,
        spec=_scored(type="Judge", judge=_JUDGE, ignoreCase=True),
        at="spec.scorer.ignoreCase",
        wording="only Exact, OneOf, Contains, Regex compare letter case; remove ignoreCase",
    ),
    *(
        Bad(
            story=f"a judge with runner {type_}",
            kind=EVALUATION,
            spec=_run(type=type_, **_IMAGE_OF, **task) | {"scorer": {"type": "Judge", "judge": _JUDGE}},
            at="spec.scorer",
            wording="this runner scores the answers itself; remove scorer, or set runner.type to BuiltIn",
        )
        for type_, task in (("Job", {}), ("LmEval", {"task": "support"}))
    ),
    Bad(
        story="choices without scorer Choice",
        kind=EVALUATION,
        spec=_scored(choices=4),
        at="spec.scorer.choices",
        wording="choices belongs to scorer Choice; remove choices, or set type to Choice",
    ),
    Bad(
        story="scorer JSONField without a field",
        kind=EVALUATION,
        spec=_scored(type="JSONField"),
        at="spec.scorer.field",
        wording="scorer JSONField compares one field of the answer; set field to its path, for instance city.name",
    ),
    Bad(
        story="ignoreCase with scorer Number",
        kind=EVALUATION,
        spec=_scored(type="Number", ignoreCase=True),
        at="spec.scorer.ignoreCase",
        wording="only Exact, OneOf, Contains, Regex compare letter case; remove ignoreCase",
    ),
    Bad(
        story="a tolerance in words",
        kind=EVALUATION,
        spec=_scored(type="Number", tolerance="a little"),
        at="spec.scorer.tolerance",
        wording="this is not a tolerance; write a decimal in quotes",
    ),
)
