"""Specs once accepted that failed later: engine values and variables, drafts, and what no release does yet."""

from typing import Final

from tests.review.bad_specs import H100
from tests.review.table import Layer, Object, Row, deployment, engine, gateway


def _argument(story: str, *words: str, wording: str) -> Row:
    given = engine(extraArgs=list(words))
    return Row(story=story, given=given, layer=Layer.ENGINE, at="spec.engine.extraArgs[0]", wording=wording, covers=12)


def _variable(story: str, name: str, wording: str) -> Row:
    given = engine(env=[{"name": name, "value": "1"}])
    return Row(story=story, given=given, layer=Layer.ENGINE, at="spec.engine.env", wording=wording, covers=12)


HURTFUL: Final = (
    _argument("a seed of letters", "--seed", "abc", wording="write the number in digits, as in --seed=1"),
    _argument("an unknown choice", "--scheduling-policy=fair", wording="write one of fcfs, priority"),
    _argument(
        "a configuration that is not JSON", "--kv-transfer-config={kv}", wording="vLLM expects a JSON object here"
    ),
    _variable("GPUs by hand", "CUDA_VISIBLE_DEVICES", wording="spec.parallelism says how many GPUs a replica has"),
    _variable("a neighbour's GPUs", "NVIDIA_VISIBLE_DEVICES", wording="Kubernetes chooses the GPUs of a pod"),
    _variable("a preloaded library", "LD_PRELOAD", wording="build the library into an image of your own"),
    _variable("libraries from elsewhere", "LD_LIBRARY_PATH", wording="libraries that its image was not tested with"),
    _variable("Python code from elsewhere", "PYTHONPATH", wording="build the code into an image of your own"),
    _variable("a cache that is lost with the pod", "HF_HOME", wording="set spec.storage.cache"),
    _variable("development endpoints", "VLLM_SERVER_DEV_MODE", wording="set spec.engine.sleep.enabled instead"),
    _variable("processes in other pods", "WORLD_SIZE", wording="spec.parallelism spreads a replica over its GPUs"),
)
"""Once accepted, and noticed only by an engine that did not start, or ran on what it should not have."""


def _drafted(story: str, draft: str, wording: str) -> Row:
    given = deployment(
        model={"source": "hf://meta-llama/Llama-3.2-1B-Instruct"},
        accelerator=H100,
        engine={"context": {"maxTokens": 8192}, "speculation": {"method": "draftModel", "draft": {"source": draft}}},
    )
    return Row(story=story, given=given, layer=Layer.SIZING, at="spec.engine.speculation.draft.source", wording=wording)


DRAFTS: Final = (
    _drafted(
        "a draft larger than its model",
        "hf://meta-llama/Llama-3.1-8B-Instruct",
        "the draft has 8.0 billion parameters and the model itself 1.2 billion",
    ),
    _drafted(
        "a draft that is the model itself", "hf://meta-llama/Llama-3.2-1B-Instruct", "the draft is the model itself"
    ),
)


_LOOKING_BACK: Final = {"deployments": ["a", "b"], "validator": "Pattern", "pattern": r"(a+)\1"}
_BIG: Final = {"name": "big", "url": "https://api.example.com/v1", "model": "b-1"}


def _rule(**when: object) -> Object:
    return {"name": "r", "when": when, "deployment": "b"}


def _fallback(*targets: str) -> Object:
    return {"deployments": list(targets)}


def _unbuilt(story: str, given: Object, at: str, wording: str) -> Row:
    return Row(story=story, given=given, layer=Layer.READING, at=at, wording=wording)


UNBUILT: Final = (
    _unbuilt(
        "a gate Quality without an evaluation",
        deployment(
            replicas=3,
            rollout={"strategy": "Canary", "canary": {"steps": [{"traffic": 10, "gates": ["Quality"]}]}},
        ),
        "spec.rollout.canary.quality",
        'set quality: {evaluation: NAME, margin: "2"}, or use gate Service or Manual',
    ),
    _unbuilt(
        "a canary with one replica and no spare GPU",
        deployment(rollout={"strategy": "Canary"}),
        "spec.rollout.strategy",
        "set rollout.maxSurge to 1 (needs a spare GPU), or replicas to 2, or use Replace",
    ),
    _unbuilt(
        "a canary step with every replica",
        deployment(replicas=3, rollout={"strategy": "Canary", "canary": {"steps": [{"replicas": 3}]}}),
        "spec.rollout.canary.steps[0].replicas",
        "write 2 or fewer, or raise rollout.maxSurge",
    ),
    _unbuilt(
        "a canary step with more traffic than its replicas",
        deployment(replicas=3, rollout={"strategy": "Canary", "canary": {"steps": [{"replicas": 1, "traffic": 40}]}}),
        "spec.rollout.canary.steps[0].traffic",
        "write 33 or less, or give the step more replicas",
    ),
    _unbuilt(
        "copies of requests to an external API",
        gateway(
            models=[{"name": "m", "deployment": "a", "shadow": {"deployment": "external/big", "share": "0.1"}}],
            external=[_BIG],
        ),
        "spec.models[0].shadow.deployment",
        "or give the API a small weight in weighted to try it on real requests",
    ),
)
GATEWAYS: Final = (
    _unbuilt(
        "a fallback to an unknown external API",
        gateway(models=[{"name": "m", "deployment": "a", "fallback": _fallback("external/bug")}], external=[_BIG]),
        "spec.models[0].fallback.deployments[0]",
        "did you mean external/big?",
    ),
    _unbuilt(
        "a rule for a tenant that does not exist",
        gateway(models=[{"name": "m", "strategy": "Rules", "deployment": "a", "rules": [_rule(tenants=["shop"])]}]),
        "spec.models[0].rules[0].when.tenants",
        "add it to spec.tenants, or remove it here",
    ),
    _unbuilt(
        "a pattern that could run forever",
        gateway(models=[{"name": "m", "strategy": "Cascade", "cascade": _LOOKING_BACK}]),
        "spec.models[0].cascade.pattern",
        "write it without these",
    ),
    _unbuilt(
        "an expression with an unknown fact",
        gateway(
            models=[{"name": "m", "strategy": "Rules", "deployment": "a", "rules": [_rule(expression="tokens > 9")]}]
        ),
        "spec.models[0].rules[0].when.expression",
        "column 1: there is no fact tokens",
    ),
    _unbuilt(
        "a target whose namespace may not join",
        gateway(models=[{"name": "m", "deployment": "search/a"}]),
        "spec.models[0].deployment",
        "add search to spec.allowedNamespaces, or name a deployment of default",
    ),
)
HURTS: Final = (*HURTFUL, *DRAFTS, *UNBUILT, *GATEWAYS)
