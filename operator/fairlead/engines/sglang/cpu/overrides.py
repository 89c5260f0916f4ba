"""Extra arguments and variables that contradict our settings of SGLang 0.5.23 on a processor."""

from typing import Final

from fairlead.engines import extra_variables
from fairlead.engines.extra_args import FlagRule
from fairlead.engines.extra_variables import VariableRule
from fairlead.engines.reasons import EngineReason

FLAG_RULES: Final = (
    FlagRule(
        flags=("--max-total-tokens",),
        reason=EngineReason.NOT_ON_CPU,
        because="the cache size follows from spec.accelerator.memory, and Fairlead sets this flag from it",
        remedy="remove it, and set spec.accelerator.memory",
    ),
    FlagRule(
        flags=("--enable-torch-compile", "--torch-compile-max-bs"),
        reason=EngineReason.NOT_ON_CPU,
        because="compiling on a processor needs a C++ compiler in the image",
        remedy="remove it",
    ),
)
"""In addition to those of every SGLang, which include `--device`."""
VARIABLES: Final = extra_variables.by_name(
    (
        VariableRule(
            names=("OMP_NUM_THREADS",),
            reason=EngineReason.NOT_ON_CPU,
            because="Fairlead sets it from spec.accelerator.cores",
            remedy="remove it, and set spec.accelerator.cores",
        ),
        VariableRule(
            names=("TORCH_COMPILE_DISABLE",),
            reason=EngineReason.NOT_ON_CPU,
            because="what SGLang compiles on its first call would need a C++ compiler in the image",
            remedy="remove it; engines with product CPU compile nothing",
        ),
        VariableRule(
            names=("SGLANG_CPU_OMP_THREADS_BIND",),
            reason=EngineReason.NOT_ON_CPU,
            because="a pod's limit is a share of the cores' time; threads bound to cores would wait for those of other "
            "pods",
            remedy="remove it; a node with static CPU management gives such pods cores of their own",
        ),
    )
)
