"""Environment variables that users may not set for TensorRT-LLM: ours, and those that break what we rely on."""

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
                *("TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "FLASHINFER_WORKSPACE_BASE"),
            ),
            reason=EngineReason.VARIABLE_OWNED,
            because="downloads and compiled kernels must outlive the pod",
            remedy=CACHE_REMEDY,
        ),
        VariableRule(
            names=("TRTLLM_NO_USAGE_STATS",),
            reason=EngineReason.VARIABLE_OWNED,
            because="usage is never reported",
            remedy="remove it",
        ),
        VariableRule(
            names=("PROMETHEUS_MULTIPROC_DIR",),
            because="TensorRT-LLM chooses this folder itself; an old one would mix in metrics of engines that ended",
            remedy="remove it",
        ),
        *OF_THE_POD,
    )
)
