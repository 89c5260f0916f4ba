"""Every option of `trtllm-serve` that users may not give: owned by a typed field, or reserved."""

from dataclasses import replace
from typing import Final

from fairlead.engines.extra_args import FlagRule
from fairlead.engines.field_flags import owned_by
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm.field_keys import FIELDS

SET: Final = "--set"
_COUNTED: Final = "Fairlead counts the GPUs of tensor and pipeline parallelism, and these would be added to them"
_TENSOR: Final = "leave it out and set spec.parallelism.tensor"
_PYTORCH: Final = "Fairlead's checks are for the backend pytorch, and the other one is deprecated"
_KUBERNETES: Final = "Kubernetes chooses the GPUs of a pod"
_SERVERS: Final = "with several servers in a pod each metrics page covers one server"
_REPLICAS: Final = "leave it out and use more replicas"
_HALF: Final = "routers send each request to one engine, and half of one would serve nothing"
_TOGETHER: Final = "leave it out; Fairlead does not split prompts from answers with TensorRT-LLM yet"
_NO_USE: Final = "usage is never reported"
_NOT_BY_SET: Final = f"TensorRT-LLM takes no such key from {SET}, and would fail to start"

RESERVED: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("--host", "--port", "--report_addr"), "routers and probes look for the engine on port 8000", "leave it out"),
    (
        ("--config", "--extra_llm_api_options"),
        "Fairlead passes a file with the spec's fields there",
        "write --set=PATH=VALUE for a key that no field has",
    ),
    (("--backend",), _PYTORCH, "leave it out"),
    (("--grpc", "--grpc-protocol"), "routers speak HTTP", "leave it out"),
    (("--num_serve_frontends",), _SERVERS, _REPLICAS),
    (("--context_parallel_size", "--cp_size"), _COUNTED, _TENSOR),
    (("--gpus_per_node",), _KUBERNETES, "leave it out"),
    (("--server_role", "--disagg_cluster_uri", "--metadata_server_config_file"), _HALF, _TOGETHER),
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
    (("--telemetry",), _NO_USE, "leave it out"),
)
RESERVED_KEYS: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (("context_parallel_size", "cp_config"), _COUNTED, _TENSOR),
    (("gpus_per_node",), _KUBERNETES, "leave it out"),
    (("num_serve_frontends",), _SERVERS, _REPLICAS),
    (("disagg_cluster", "internal_request_auth_key"), _HALF, _TOGETHER),
    (("telemetry_config",), _NO_USE, "leave it out"),
    (("backend",), _PYTORCH, "leave it out"),
    (("model",), "spec.model.source decides which model is served", "leave it out"),
    (
        ("load_format",),
        "spec.model.source decides which weights are loaded; dummy weights would produce nonsense",
        "leave it out",
    ),
    (("allow_request_chat_template",), _NOT_BY_SET, "write --allow_request_chat_template"),
    (("env_overrides",), _NOT_BY_SET, "write variables in spec.engine.env"),
    (("batched_logits_processor", "checkpoint_loader", "mpi_session"), _NOT_BY_SET, "leave it out"),
)
"""Keys that `--set` may not set: those of reserved options, and those that `_config_overrides.py` refuses."""


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
