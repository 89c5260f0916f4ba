"""Well-formed specs that cannot run: the engine refuses, memory is short, or what is named does not exist."""

from typing import Any, Final

from tests.review.table import Layer, Object, Row, deployment, engine, gateway, policy

H100: Final = {"product": "NVIDIA-H100-80GB-HBM3"}
A100: Final = {"product": "NVIDIA-A100-SXM4-80GB"}
V100: Final = {"product": "Tesla-V100-SXM2-16GB"}
_KEY: Final = {"name": "k", "key": "k"}
WEIGHTS: Final = "spec.engine.quantization.weights"
KV: Final = "spec.engine.quantization.kvCache"


def _no(story: str, given: Object, at: str, wording: str, covers: int = 0) -> Row:
    return Row(story=story, given=given, layer=Layer.ENGINE, at=at, wording=wording, covers=covers)


def _argument(story: str, *words: str, wording: str) -> Row:
    return _no(story, engine(extraArgs=list(words)), "spec.engine.extraArgs[0]", wording, 12)


def _weights(format_: str, accelerator: dict[str, Any], model: str = "hf://Qwen/Qwen3-8B") -> Object:
    return deployment(model={"source": model}, accelerator=accelerator, engine={"quantization": {"weights": format_}})


def _cache(format_: str, accelerator: dict[str, Any]) -> Object:
    return deployment(accelerator=accelerator, engine={"quantization": {"kvCache": format_}})


def _speculating(**speculation: Any) -> Object:  # noqa: ANN401  # any value may be in a bad spec
    return engine(speculation=speculation)


ARGUMENTS: Final = (
    _argument("a field's flag", "--max-model-len=4096", wording="set spec.engine.context.maxTokens instead"),
    _argument("a field's flag with its value", "--max-model-len", "4096", wording="spec.engine.context.maxTokens"),
    _argument("a field's flag with underscores", "--max_model_len=4096", wording="spec.engine.context.maxTokens"),
    _argument("a field's flag cut short", "--max-model=4096", wording="spec.engine.context.maxTokens"),
    _argument("a field's flag by its short name", "-tp", "2", wording="set spec.parallelism.tensor instead"),
    _argument("a field's flag as one letter", "-qfp8", wording="set spec.engine.quantization.weights instead"),
    _argument(
        "a field's flag with --no-", "--no-enable-prefix-caching", wording="set spec.engine.prefixCaching.enabled"
    ),
    _argument(
        "a field's flag by a key of its JSON", "--speculative-config.method=ngram", wording="spec.engine.speculation"
    ),
    _argument("a flag that routers rely on", "--port=80", wording="look for the engine on port 8000"),
    _argument("a key on the command line", "--api-key=geheim", wording="name tenants and their keys"),
    _argument("a flag of another release", "--swap-space=4", wording="vLLM 0.32 no longer has this flag"),
    _argument("a flag and its value in one element", "--seed 1", wording="each flag and each value as its own element"),
    _argument("a value without its flag", "geheim", wording="write the flag before it"),
    _no(
        "a variable of a field",
        engine(env=[{"name": "HF_TOKEN", "value": "geheim"}]),
        "spec.engine.env",
        "set spec.model.tokenSecret",
        12,
    ),
    _no(
        "tool calls without a parser",
        engine(extraArgs=["--enable-auto-tool-choice"]),
        "spec.engine.extraArgs",
        "add --tool-call-parser",
    ),
)
FORMATS: Final = (
    _no(
        "main memory for blocks that are not kept",
        engine(prefixCaching={"enabled": False, "hostMemory": "64Gi"}),
        "spec.engine.prefixCaching.hostMemory",
        "or write enabled: true",
    ),
    _no("FP8 on a GPU without it", _weights("fp8PerChannel", A100), WEIGHTS, "needs compute capability 8.9", 14),
    _no("FP8 per block on an old GPU", _weights("fp8PerBlock", V100), WEIGHTS, "ask for a GPU of capability", 14),
    _no("AWQ for an unquantized checkpoint", _weights("awq", H100), WEIGHTS, "take a checkpoint stored as awq", 15),
    _no("bitsandbytes", _weights("bitsandbytes", H100), WEIGHTS, "no longer reads bitsandbytes", 14),
    _no(
        "AWQ for a GPTQ checkpoint",
        _weights("awq", H100, "hf://RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16"),
        WEIGHTS,
        "is stored as gptq; write none",
        15,
    ),
    _no("int8Experts for a dense model", _weights("int8Experts", H100), WEIGHTS, "quantizes experts only", 14),
    _no("a four-bit cache before Blackwell", _cache("nvfp4", H100), KV, "needs compute capability 10.x", 14),
    _no("an FP8 cache on an A100", _cache("fp8", A100), KV, "write fp8E5M2 or auto", 14),
    _no(
        "bfloat16 before Ampere",
        deployment(accelerator=V100, engine={"dtype": "bfloat16"}),
        "spec.engine.dtype",
        "write float16",
        14,
    ),
)
SHAPES: Final = (
    _no(
        "three GPUs for sixteen heads",
        deployment(parallelism={"tensor": 3}),
        "spec.parallelism.tensor",
        "3 GPUs cannot share the 16 attention heads of Qwen/Qwen3-0.6B evenly; write 2",
        16,
    ),
    _no(
        "a context beyond the model",
        engine(context={"maxTokens": 1_000_000}),
        "spec.engine.context.maxTokens",
        "was made for 40,960 tokens; write 40960 or less",
        18,
    ),
    _no(
        "a draft of another vocabulary",
        deployment(
            model={"source": "hf://meta-llama/Llama-3.1-8B-Instruct"},
            accelerator=H100,
            engine={"speculation": {"method": "draftModel", "draft": {"source": "hf://Qwen/Qwen3-0.6B"}}},
        ),
        "spec.engine.speculation.draft.source",
        "its vocabulary has 151,936 tokens",
        19,
    ),
    _no(
        "mtp for a model without its layers",
        _speculating(method="mtp"),
        "spec.engine.speculation.method",
        "without layers for multi-token prediction; write ngram",
        20,
    ),
    _no(
        "a step too small for speculation and adapters",
        engine(
            adapters=[{"name": "a", "source": "hf://a/b"}],
            speculation={"method": "ngram"},
            batching={"maxSequences": 64, "maxBatchedTokens": 128},
        ),
        "spec.engine.batching.maxBatchedTokens",
        "with adapters a step must hold 64 requests of 4: 256 tokens",
        20,
    ),
    _no(
        "an adapter by the model's own name",
        engine(adapters=[{"name": "bad", "source": "hf://a/b"}]),
        "spec.engine.adapters[0].name",
        "give the adapter a name of its own",
    ),
    _no(
        "a memoryUtilization of 0",
        engine(memoryUtilization="0"),
        "spec.engine.memoryUtilization",
        "must be above 0 and at most 1",
        5,
    ),
)


def _big(story: str, model: str, wording: str, **changed: Any) -> Row:  # noqa: ANN401  # any value may be in a bad spec
    return Row(
        story=story,
        given=deployment(model={"source": model}, **changed),
        layer=Layer.SIZING,
        at="spec.accelerator.product",
        wording=wording,
        covers=17,
    )


SIZES: Final = (
    _big(
        "a model of 70 billion on one small GPU", "hf://meta-llama/Llama-3.1-70B-Instruct", "(spec.accelerator.product)"
    ),
    _big(
        "a context that the cache cannot hold",
        "hf://meta-llama/Llama-3.1-8B-Instruct",
        "(spec.engine.context.maxTokens)",
        engine={"context": {"maxTokens": 131_072}},
    ),
    _big("sixteen bits on an old GPU", "hf://Qwen/Qwen3-8B", "(spec.accelerator.product)", accelerator=V100),
)


def _lost(story: str, given: Object, at: str, wording: str) -> Row:
    return Row(story=story, given=given, layer=Layer.REFERENCES, at=at, wording=wording, covers=23)


LOST: Final = (
    _lost(
        "a policy that does not exist",
        deployment(scaling={"maxReplicas": 2, "policy": {"name": "p"}}),
        "spec.scaling.policy.name",
        "there is no AutoscalingPolicy p in namespace default",
    ),
    _lost(
        "a token that does not exist",
        deployment(model={"source": "hf://Qwen/Qwen3-0.6B", "tokenSecret": {"name": "hub", "key": "token"}}),
        "spec.model.tokenSecret.name",
        "there is no Secret hub",
    ),
    _lost(
        "a volume that does not exist",
        deployment(storage={"cache": {"claimName": "models"}}),
        "spec.storage.cache.claimName",
        "there is no PersistentVolumeClaim models",
    ),
    _lost(
        "a model on a volume that does not exist",
        deployment(model={"source": "pvc://models/chat"}),
        "spec.model.source",
        "there is no PersistentVolumeClaim models",
    ),
    _lost(
        "a variable from a ConfigMap that does not exist",
        engine(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]),
        "spec.engine.env",
        "there is no ConfigMap c",
    ),
    _lost(
        "a route to a deployment that does not exist",
        gateway(models=[{"name": "m", "deployment": "b"}]),
        "spec.models[0].deployment",
        "there is no InferenceDeployment b",
    ),
    _lost(
        "a tenant whose key does not exist",
        gateway(tenants=[{"name": "t", "keys": [_KEY, {"name": "old", "key": "k"}]}]),
        "spec.tenants[0].keys[1].name",
        "there is no Secret old",
    ),
    _lost(
        "a router's tenant whose key does not exist",
        deployment(router={"tenants": [{"name": "t", "keys": [_KEY, {"name": "old", "key": "k"}]}]}),
        "spec.router.tenants[0].keys[1].name",
        "there is no Secret old",
    ),
    _lost(
        "a certificate that does not exist",
        deployment(router={"connections": {"tls": {"secretName": "certificate"}}}),
        "spec.router.connections.tls.secretName",
        "there is no Secret certificate",
    ),
    _lost(
        "a Prometheus whose token does not exist",
        policy(
            metrics={
                "source": "Prometheus",
                "prometheus": {"url": "http://p:9090", "tokenSecret": _KEY | {"name": "x"}},
            }
        ),
        "spec.metrics.prometheus.tokenSecret.name",
        "there is no Secret x",
    ),
)


def _never(story: str, at: str, wording: str, **changed: str) -> Row:
    entry = {"name": "day", "cron": "0 8 * * *", "duration": "2h", "minReplicas": 1}
    given = policy(schedules=[entry | changed])
    return Row(story=story, given=given, layer=Layer.READING, at=f"spec.schedules[0].{at}", wording=wording)


NEVER: Final = (
    _never("an hour that does not exist", "cron", "25 is not a valid hour: write 0 to 23", cron="0 25 * * *"),
    _never("a day that these months do not have", "cron", "none of these months has a day 31", cron="0 8 31 APR,JUN *"),
    _never("an unknown word for a weekday", "cron", "XYZ is not a valid weekday", cron="0 8 * * XYZ"),
    _never("a range without an end", "cron", "8- is not a valid hour", cron="0 8- * * *"),
    _never("a step of zero", "cron", "is not a valid minute", cron="*/0 8 * * *"),
    _never("a reversed range", "cron", "is not a valid hour", cron="0 18-8 * * *"),
    _never("an unknown time zone", "timeZone", "no such zone", timeZone="Mars/Olympus"),
    _never("a misspelt time zone", "timeZone", "did you mean Europe/Berlin?", timeZone="Europe/Berln"),
)


def _unserved(story: str, model: str, wording: str) -> Row:
    tenant = {"name": "t", "keys": [_KEY], "models": [model]}
    given = deployment(model={"source": "hf://Qwen/Qwen3-0.6B", "servedName": "chat"}, router={"tenants": [tenant]})
    return Row(story=story, given=given, layer=Layer.READING, at="spec.router.tenants[0].models", wording=wording)


UNSERVED: Final = (
    _unserved("a tenant with a misspelt model", "Chat", "this deployment serves chat; did you mean chat?"),
    _unserved(
        "a tenant with a model of another deployment", "images", "remove it, or leave models out to allow all of them"
    ),
)


def _unmet(story: str, signal: str, field: str, share: str, wording: str) -> Row:
    given = policy(signals={signal: {field: share}})
    return Row(story=story, given=given, layer=Layer.READING, at=f"spec.signals.{signal}.{field}", wording=wording)


UNMET: Final = (
    _unmet("a KV cache target of 1", "kvCache", "target", "1", "this would never add a replica"),
    _unmet("a KV cache target of 0", "kvCache", "target", "0", "no number of replicas brings"),
    _unmet("a headroom of 1", "tokens", "headroom", "1.0", "none is left for requests"),
)


SPECS: Final = (*ARGUMENTS, *FORMATS, *SHAPES, *SIZES, *LOST, *NEVER, *UNSERVED, *UNMET)
