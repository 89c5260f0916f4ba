"""Every flag of vLLM 0.32 that users may not give: owned by a typed field, removed, or reserved."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from fairlead.engines.extra_args import FlagRule
from fairlead.engines.field_flags import owned_by
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm.field_flags import FIELDS
from fairlead.fleet.desired_state import DesiredEngine

REMOVED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "--swap-space": "remove it: preempted requests are computed again; --kv-offloading-size keeps KV blocks in RAM",
        "--num-scheduler-steps": "remove it: asynchronous scheduling replaced it and is on by default",
        "--task": "remove it: the task follows from the model",
        "--device": "remove it: the device follows from spec.engine.image",
        "--guided-decoding-backend": "write --structured-outputs-config.backend",
        "--disable-log-requests": "remove it: requests are logged only with --enable-log-requests",
        "--max-num-partial-prefills": "remove it: only spec.engine.batching.maxBatchedTokens limits partial prefills",
        "--max-long-partial-prefills": "write --long-prefill-token-threshold",
        "--use-v2-block-manager": "remove it: there is one block manager",
    }
)
"""Flags of earlier releases; 0.32 ends with "unrecognized arguments"."""

_MULTI_NODE: Final = "a replica is one pod, and the engine would wait for other nodes"
_FLEET: Final = "leave it out, and spread over replicas with spec.replicas or spec.scaling"

RESERVED: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("--host", "--port", "--uds"), "routers and probes look for the engine on port 8000", "leave it out"),
    (
        (
            "--ssl-keyfile",
            "--ssl-certfile",
            "--ssl-ca-certs",
            "--ssl-cert-reqs",
            "--ssl-ciphers",
            "--enable-ssl-refresh",
        ),
        "routers, probes and the autoscaler speak plain HTTP to the engine",
        "leave it out; clients get TLS from spec.router.connections.tls",
    ),
    (
        ("--api-key",),
        "arguments are readable by everyone who may see pods, and the router has no key to send",
        "leave it out and name tenants and their keys in spec.router.tenants",
    ),
    (("--root-path",), "probes and routers ask for /health and /v1 without a prefix", "leave it out"),
    (("--disable-log-stats",), "the autoscaler reads the metrics this switches off", "leave it out"),
    (("--config",), "a file may set any flag, so the spec would no longer show what runs", "write out its flags"),
    (
        ("--shutdown-timeout",),
        "the pod's grace period is computed from it",
        "leave it out; replicas drain before they end",
    ),
    (
        ("--api-server-count", "-asc"),
        "with several API servers, replies in flight are cut at shutdown instead of drained",
        "leave it out and use more replicas",
    ),
    (("--headless",), "an engine without its HTTP server answers no probe", "leave it out"),
    (
        ("--nnodes", "-n", "--node-rank", "-r", "--master-addr", "--master-port", "--distributed-executor-backend"),
        _MULTI_NODE,
        _FLEET,
    ),
    (
        (
            "--data-parallel-size-local",
            "-dpl",
            "--data-parallel-rank",
            "-dpn",
            "--data-parallel-start-rank",
            "-dpr",
            "--data-parallel-address",
            "-dpa",
            "--data-parallel-rpc-port",
            "-dpp",
            "--data-parallel-backend",
            "-dpb",
        ),
        _MULTI_NODE,
        _FLEET,
    ),
    (
        (
            "--data-parallel-external-lb",
            "-dpe",
            "--data-parallel-hybrid-lb",
            "-dph",
            "--data-parallel-multi-port-external-lb",
            "-dpm",
            "--data-parallel-supervisor-port",
        ),
        "one engine pod has one address, and dense models refuse external balancing altogether",
        _FLEET,
    ),
    (
        ("--prefill-context-parallel-size", "-pcp"),
        "Fairlead counts the GPUs of tensor, pipeline and data parallelism, and vLLM multiplies them by this",
        "leave it out and set spec.parallelism.tensor",
    ),
    (
        ("--enable-fault-tolerance", "--enable-elastic-ep"),
        "it needs an external load balancer between the engine's own ranks",
        _FLEET,
    ),
    (("--grpc-port",), "routers speak HTTP", "leave it out"),
    (("--tokens-only",), "the engine would answer tokens where clients expect text", "leave it out"),
)


def yielding(engine: DesiredEngine) -> Iterator[FlagRule]:
    """Yield the rules of written fields whose flags are free until the field is written."""
    return (owned_by(row) for row in FIELDS if row.written is not None and row.written(engine))


def _rules() -> tuple[FlagRule, ...]:
    owned = (owned_by(row) for row in FIELDS if row.written is None)
    removed = (
        FlagRule(
            flags=(flag,),
            reason=EngineReason.ARGUMENT_REMOVED,
            because="vLLM 0.32 no longer has this flag and would not start",
            remedy=remedy,
        )
        for flag, remedy in REMOVED.items()
    )
    reserved = (
        FlagRule(flags=flags, reason=EngineReason.ARGUMENT_RESERVED, because=because, remedy=remedy)
        for flags, because, remedy in RESERVED
    )
    return (*owned, *removed, *reserved)


RULES: Final = _rules()
