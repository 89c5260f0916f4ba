"""Environment variables that users may not set for SGLang 0.5.23: ours, and those that break what we rely on."""

from typing import Final

from fairlead.engines import extra_variables
from fairlead.engines.extra_variables import CACHE_REMEDY, OF_THE_HUB, OF_THE_POD, VariableRule
from fairlead.engines.reasons import EngineReason

VARIABLES: Final = extra_variables.by_name(
    (
        *OF_THE_HUB,
        VariableRule(
            names=(
                *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "XDG_CACHE_HOME"),
                *("TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "FLASHINFER_WORKSPACE_BASE", "SGLANG_CACHE_DIR"),
            ),
            reason=EngineReason.VARIABLE_OWNED,
            because="downloads and compiled kernels must outlive the pod",
            remedy=CACHE_REMEDY,
        ),
        VariableRule(
            names=("SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION", "SGLANG_HEALTH_CHECK_TIMEOUT", "SGLANG_WARMUP_TIMEOUT"),
            because="probes and their time-outs depend on what it changes",
            remedy="remove it",
        ),
        VariableRule(
            names=("SGLANG_FORCE_SHUTDOWN", "SGL_FORCE_SHUTDOWN", "SGLANG_TIMEOUT_KEEP_ALIVE"),
            because="running replies would be cut when a replica ends, or connections closed while routers keep them",
            remedy="remove it; replicas drain before they end",
        ),
        VariableRule(
            names=("SGLANG_RUST_SERVER", "SGLANG_GRPC_PORT", "SGLANG_USE_CPU_ENGINE", "SGLANG_USE_MLX"),
            because="the operator was never tested with that server's health, shutdown and metrics",
            remedy="remove it",
        ),
        VariableRule(
            names=("SGLANG_ENABLE_REQUEST_HEADER_OVERRIDES",),
            reason=EngineReason.VARIABLE_OWNED,
            because="Fairlead sets it where the engine serves by priority",
            remedy="remove it; add --enable-priority-scheduling to spec.engine.extraArgs",
        ),
        VariableRule(
            names=("SGLANG_USE_MODELSCOPE",),
            because="hf:// sources would be read from another hub",
            remedy="remove it; set HF_ENDPOINT for a mirror, or use a pvc:// or oci:// source",
        ),
        VariableRule(
            names=("PROMETHEUS_MULTIPROC_DIR",),
            because="SGLang chooses this folder itself, a new one at each start; an old one would mix in metrics "
            "of engines that ended",
            remedy="remove it",
        ),
        *OF_THE_POD,
    )
)
