"""Every option of `trtllm-serve` that users may not give: owned by a typed field, or reserved."""

from dataclasses import replace
from typing import Final

from fairlead.engines.extra_args import FlagRule
from fairlead.engines.field_flags import owned_by
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm.field_keys import FIELDS

SET: Final = "--set"

RESERVED: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("--host", "--port", "--report_addr"), "routers and probes look for the engine on port 8000", "leave it out"),
    (
        ("--config", "--extra_llm_api_options"),
        "Fairlead passes a file with the spec's fields there",
        "write --set=PATH=VALUE for a key that no field has",
    ),
    (
        ("--backend",),
        "Fairlead's checks are for the backend pytorch, and the other one is deprecated",
        "leave it out",
    ),
    (("--grpc", "--grpc-protocol"), "routers speak HTTP", "leave it out"),
    (
        ("--num_serve_frontends",),
        "with several servers in a pod each metrics page covers one server",
        "leave it out and use more replicas",
    ),
    (
        ("--context_parallel_size", "--cp_size"),
        "Fairlead counts the GPUs of tensor and pipeline parallelism, and these would be added to them",
        "leave it out and set spec.parallelism.tensor",
    ),
    (("--gpus_per_node",), "Kubernetes chooses the GPUs of a pod", "leave it out"),
    (
        ("--server_role", "--disagg_cluster_uri", "--metadata_server_config_file"),
        "routers send each request to one engine, and half of one would serve nothing",
        "leave it out; Fairlead does not split prompts from answers with TensorRT-LLM yet",
    ),
    (
        ("--middleware",),
        "routers, probes and the autoscaler send no key and expect the server's own answers",
        "leave it out and name tenants and their keys in spec.router.tenants",
    ),
    (
        ("--enable_visual_gen", "--visual_gen_args"),
        "this deployment serves a language model, so it does not apply",
        "leave it out",
    ),
    (("--telemetry",), "usage is never reported", "leave it out"),
)


def _rules() -> tuple[FlagRule, ...]:
    reserved = (
        FlagRule(flags=flags, reason=EngineReason.ARGUMENT_RESERVED, because=because, remedy=remedy)
        for flags, because, remedy in RESERVED
    )
    return tuple(folded(rule) for rule in (*(owned_by(row) for row in FIELDS), *reserved))


def folded(rule: FlagRule) -> FlagRule:
    """Use dashes, as `extra_args.flag` does with what a user wrote."""
    return replace(rule, flags=tuple(flag.replace("_", "-") for flag in rule.flags))


RULES: Final = _rules()
