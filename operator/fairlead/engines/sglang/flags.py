"""Every flag of SGLang 0.5.23 that users may not give: owned by a typed field, or reserved."""

from collections.abc import Iterator
from typing import Final

from fairlead.engines.extra_args import FlagRule
from fairlead.engines.field_flags import owned_by
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang.field_flags import FIELDS
from fairlead.fleet.desired_state import DesiredEngine

_MULTI_NODE: Final = "a replica is one pod, and the engine would wait for other nodes"
_FLEET: Final = "leave it out, and spread over replicas with spec.replicas or spec.scaling"
_METRICS: Final = "the autoscaler reads these metrics by these names and bounds"
_SPLIT: Final = "routers send each request to one engine, and half of one would serve nothing"
_ANOTHER: Final = "routers speak HTTP to one server of the pod, as it is by default"

RESERVED: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("--host", "--port"), "routers and probes look for the engine on port 30000", "leave it out"),
    (
        (
            "--ssl-keyfile",
            "--ssl-certfile",
            "--ssl-ca-certs",
            "--ssl-keyfile-password",
            "--enable-ssl-refresh",
        ),
        "routers, probes and the autoscaler speak plain HTTP to the engine",
        "leave it out; clients get TLS from spec.router.connections.tls",
    ),
    (
        ("--api-key", "--admin-api-key"),
        "arguments are readable by everyone who may see pods, and the router has no key to send",
        "leave it out and name tenants and their keys in spec.router.tenants",
    ),
    (("--fastapi-root-path",), "probes and routers ask for /health and /v1 without a prefix", "leave it out"),
    (
        (
            "--enable-metrics",
            "--enable-metrics-for-all-schedulers",
            "--extra-metric-labels",
            "--tokenizer-metrics-custom-labels-header",
            "--tokenizer-metrics-allowed-custom-labels",
            "--bucket-time-to-first-token",
        ),
        _METRICS,
        "leave it out; metrics are on",
    ),
    (
        ("--decode-log-interval",),
        "gauges would be that many steps old, and routers read them every second",
        "leave it out",
    ),
    (
        ("--enable-cache-report",),
        "routers count the tokens of the prefix cache by it",
        "leave it out; it is on",
    ),
    (("--config",), "a file may set any flag, so the spec would no longer show what runs", "write out its flags"),
    (("--model-type",), "this deployment serves a language model, so it does not apply", "leave it out"),
    (("--device", "--base-gpu-id", "--gpu-id-step"), "Kubernetes chooses the GPUs of a pod", "leave it out"),
    (
        ("--tokenizer-worker-num", "--detokenizer-worker-num", "--enable-http-worker-reuseport"),
        "with several servers in a pod each metrics page and /ready cover only one of them",
        "leave it out and use more replicas",
    ),
    (
        ("--nnodes", "--node-rank", "--dist-init-addr", "--nccl-init-addr", "--use-ray"),
        _MULTI_NODE,
        _FLEET,
    ),
    (
        (
            "--disaggregation-mode",
            "--disaggregation-bootstrap-port",
            "--disaggregation-transfer-backend",
            "--disaggregation-ib-device",
            "--enable-pd-role-switch",
            "--enable-pdmux",
        ),
        _SPLIT,
        "leave it out; Fairlead does not split prompts from answers with SGLang yet",
    ),
    (
        (
            "--grpc-mode",
            "--grpc-port",
            "--smg-grpc-mode",
            "--smg-http-sidecar-port",
            "--grpc-http-sidecar-port",
            "--sidecar",
            "--sidecar-args",
            "--enable-http2",
        ),
        _ANOTHER,
        "leave it out",
    ),
    (("--skip-tokenizer-init",), "the engine would take and answer tokens where clients send text", "leave it out"),
    (
        ("--skip-server-warmup", "--checkpoint-engine-wait-weights-before-ready"),
        "readiness means that the engine has answered once, and the first request would find it cold",
        "leave it out",
    ),
    (
        ("--load-format",),
        "spec.model.source decides which weights are loaded; dummy weights would produce nonsense",
        "leave it out",
    ),
    (("--is-embedding",), "Fairlead's probes and scaling are for models that generate text", "leave it out"),
    (
        ("--max-loaded-loras", "--lora-eviction-policy", "--lora-target-modules", "--uno-lora-path"),
        "spec.engine.adapters lists the adapters that are loaded, all of them",
        "leave it out",
    ),
)


def yielding(engine: DesiredEngine) -> Iterator[FlagRule]:
    """Yield the rules of written fields whose flags are free until the field is written."""
    return (owned_by(row) for row in FIELDS if row.written is not None and row.written(engine))


def _rules() -> tuple[FlagRule, ...]:
    reserved = (
        FlagRule(flags=flags, reason=EngineReason.ARGUMENT_RESERVED, because=because, remedy=remedy)
        for flags, because, remedy in RESERVED
    )
    return (*(owned_by(row) for row in FIELDS if row.written is None), *reserved)


RULES: Final = _rules()
