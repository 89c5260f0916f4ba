"""Bad fields beyond those of `tests/api/bad_specs.py`: what the API server's schema and rules refuse too."""

from typing import Any, Final

from tests.review.table import Layer, Object, Row, deployment, engine, gateway, policy

_KEY: Final = {"name": "k", "key": "k"}


def _schema(story: str, given: Object, at: str, wording: str, there: str, covers: int = 0) -> Row:  # noqa: PLR0917
    return Row(story=story, given=given, layer=Layer.SCHEMA, at=at, wording=wording, there=there, covers=covers)


def _cel(story: str, given: Object, at: str, wording: str, covers: int = 0) -> Row:
    return Row(story=story, given=given, layer=Layer.CEL, at=at, wording=wording, covers=covers)


def _source(text: str) -> Object:
    return deployment(model={"source": text})


def _schedule(**changed: Any) -> Object:  # noqa: ANN401  # any value may be in a bad spec
    entry = {"name": "day", "cron": "0 8 * * *", "duration": "2h", "minReplicas": 1}
    return policy(schedules=[entry | changed])


def _tenant(**changed: Any) -> Object:  # noqa: ANN401  # any value may be in a bad spec
    return gateway(tenants=[{"name": "a", "keys": [_KEY]} | changed])


TYPES: Final = (
    _schema(
        "an object where a quantity belongs",
        deployment(storage={"sharedMemory": {"size": 2}}),
        "spec.storage.sharedMemory",
        "text is expected here, not an object",
        "unknown field",
        2,
    ),
    _schema(
        "an object where a list belongs",
        engine(adapters={"name": "a"}),
        "spec.engine.adapters",
        "begin each element with a dash",
        "unknown field",
        2,
    ),
    _schema(
        "a word where true or false belongs",
        deployment(rollout={"paused": "yes"}),
        "spec.rollout.paused",
        "true or false is expected here",
        "must be of type boolean",
        2,
    ),
    _schema(
        "a fraction of a replica",
        deployment(replicas=1.5),
        "spec.replicas",
        "a whole number is expected here, not a fraction",
        "must be of type integer",
        2,
    ),
    _schema(
        "a number where an argument belongs",
        engine(extraArgs=["--seed", 1]),
        "spec.engine.extraArgs[1]",
        "text is expected here",
        "must be of type string",
        2,
    ),
    _schema(
        "no GPU",
        deployment(accelerator={}),
        "spec.accelerator.product",
        "this field is required",
        "Required value",
        4,
    ),
    _schema(
        "scaling without an upper bound",
        deployment(scaling={"minReplicas": 1}),
        "spec.scaling.maxReplicas",
        "this field is required",
        "Required value",
        4,
    ),
    _schema(
        "a setting of the engine in the wrong place",
        deployment(quantization={"weights": "awq"}),
        "spec.quantization",
        "did you mean spec.engine.quantization?",
        "unknown field",
        1,
    ),
    _schema(
        "a misspelt setting",
        engine(prefixCacheing={"enabled": False}),
        "spec.engine.prefixCacheing",
        "did you mean prefixCaching?",
        "unknown field",
        1,
    ),
    _schema(
        "a strategy of a Kubernetes Deployment",
        deployment(rollout={"strategy": "RollingUpdate"}),
        "spec.rollout.strategy",
        "allowed values are Surge, Replace, Canary",
        "Unsupported value",
        3,
    ),
)
NUMBERS: Final = (
    _schema(
        "a thousand GPUs for one layer",
        deployment(parallelism={"tensor": 1024}),
        "spec.parallelism.tensor",
        "write 128 or less",
        "should be less than or equal to 128",
        5,
    ),
    _schema(
        "a context of one token",
        engine(context={"maxTokens": 1}),
        "spec.engine.context.maxTokens",
        "write 16 or more",
        "should be greater than or equal to 16",
        5,
    ),
    _schema(
        "a negative rank",
        engine(adapters=[{"name": "a", "source": "hf://a/b", "rank": -8}]),
        "spec.engine.adapters[0].rank",
        "write 1 or more",
        "should be greater than or equal to 1",
        5,
    ),
    _schema(
        "an adapter with a rank that no engine supports",
        engine(adapters=[{"name": "a", "source": "hf://a/b", "rank": 4096}]),
        "spec.engine.adapters[0].rank",
        "write 512 or less",
        "should be less than or equal to 512",
        5,
    ),
    _schema(
        "a negative number of router pods",
        deployment(router={"replicas": 0}),
        "spec.router.replicas",
        "write 1 or more",
        "should be greater than or equal to 1",
        5,
    ),
    _schema(
        "a negative weight",
        gateway(models=[{"name": "m", "strategy": "Weighted", "weighted": [{"deployment": "a", "weight": -1}]}]),
        "spec.models[0].weighted[0].weight",
        "write 0 or more",
        "should be greater than or equal to 0",
        5,
    ),
    _schema(
        "two tenants with one name",
        gateway(tenants=[{"name": "a", "keys": [_KEY]}, {"name": "a", "keys": [_KEY]}]),
        "spec.tenants",
        "appears more than once; keep one of them",
        "Duplicate value",
    ),
    _schema(
        "two models with one name",
        gateway(models=[{"name": "m", "deployment": "a"}, {"name": "m", "deployment": "a"}]),
        "spec.models",
        "appears more than once",
        "Duplicate value",
    ),
    _schema(
        "two schedules with one name",
        policy(
            schedules=[{"name": "d", "cron": "0 8 * * *", "duration": "2h", "minReplicas": number} for number in (1, 2)]
        ),
        "spec.schedules",
        "appears more than once",
        "Duplicate value",
    ),
    _schema(
        "a variable that appears twice",
        engine(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        "spec.engine.env",
        "keep one of them",
        "Duplicate value",
    ),
)
SPELLINGS: Final = (
    _cel("a quantity of letters", deployment(storage={"sharedMemory": "abc"}), "spec.storage.sharedMemory", "2Gi", 6),
    _cel("a negative quantity", deployment(storage={"sharedMemory": "-1Gi"}), "spec.storage.sharedMemory", "2Gi", 6),
    _cel(
        "a duration without a unit", deployment(drain={"timeout": "300"}), "spec.drain.timeout", "ms, s, m, h or d", 7
    ),
    _cel("a negative duration", deployment(drain={"settle": "-5s"}), "spec.drain.settle", "ms, s, m, h or d", 7),
    _cel(
        "a source without a scheme", _source("Qwen/Qwen3-8B"), "spec.model.source", "write hf://organisation/model", 10
    ),
    _cel("a source with an unknown scheme", _source("gs://a/b"), "spec.model.source", "s3://bucket/path", 10),
    _cel("an empty source", _source(""), "spec.model.source", "write hf://organisation/model", 10),
    _cel(
        "a source with a right-to-left character",
        _source("hf://a/\u202eb"),
        "spec.model.source",
        "cannot be read from this source",
        11,
    ),
    _cel(
        "a served name with a shell in it",
        deployment(model={"source": "hf://a/b", "servedName": "$(reboot)"}),
        "spec.model.servedName",
        "clients cannot ask",
        11,
    ),
    _cel(
        "a served name of two words",
        deployment(model={"source": "hf://a/b", "servedName": "my model"}),
        "spec.model.servedName",
        "use at most 128 letters",
        11,
    ),
    _cel("an image with a space", engine(image="vllm openai"), "spec.engine.image", "host/repository:tag", 11),
    _cel("a version that is a word", engine(version="latest"), "spec.engine.version", "for instance 0.32.0"),
    _cel("a product with a slash", deployment(accelerator={"product": "nvidia/l4"}), "spec.accelerator.product", "L4"),
    _cel("an empty argument", engine(extraArgs=[""]), "spec.engine.extraArgs[0]", "one argument an element", 11),
    _cel(
        "a variable without a name",
        engine(env=[{"name": "1 A", "value": ""}]),
        "spec.engine.env[0].name",
        "no digit first",
    ),
    _cel("cron in seconds", _schedule(cron="0 0 8 * * *"), "spec.schedules[0].cron", "five fields"),
    _cel("cron by its nickname", _schedule(cron="@daily"), "spec.schedules[0].cron", "five fields"),
    _cel("a time zone as an offset", _schedule(timeZone="+02:00"), "spec.schedules[0].timeZone", "IANA"),
    _cel("a schedule of zero length", _schedule(duration="0h"), "spec.schedules[0].duration", "above zero", 7),
    _cel(
        "a negative budget", policy(budget={"maxCostPerHour": "-5"}), "spec.budget.maxCostPerHour", "not an amount", 5
    ),
    _cel(
        "a tenant's negative budget",
        _tenant(budget={"maxCost": "-1"}),
        "spec.tenants[0].budget.maxCost",
        "not an amount of money",
        5,
    ),
    _cel(
        "a factor that shrinks",
        policy(behavior={"scaleUp": {"maxFactor": "0.5"}}),
        "spec.behavior.scaleUp.maxFactor",
        "at least 1",
        5,
    ),
    _cel(
        "a tenant's name with a line break",
        _tenant(name="a\nb"),
        "spec.tenants[0].name",
        "letter or digit at both ends",
        11,
    ),
    _cel(
        "a Secret's name that is a path",
        deployment(model={"source": "hf://a/b", "tokenSecret": {"name": "../k", "key": "k"}}),
        "spec.model.tokenSecret.name",
        "cannot be an object's name",
        11,
    ),
    _cel(
        "a count of GPUs that differs from spec.parallelism",
        deployment(accelerator={"product": "NVIDIA-L4", "count": 3}, parallelism={"tensor": 2}),
        "spec.accelerator.count",
        "set parallelism.tensor to it",
        16,
    ),
    _cel(
        "eagle3 without a draft model",
        engine(speculation={"method": "eagle3"}),
        "spec.engine.speculation.draft",
        "set draft.source",
        20,
    ),
)
FIELDS: Final = (*TYPES, *NUMBERS, *SPELLINGS)
