"""TensorRT-LLM's use of GPU memory: it runs its largest step once, and its cache is a part of what is left.

`_torch/pyexecutor/_util.py`: the cache is 0.9 of what weights and that run leave; graphs are captured in the rest. None
of its starts was measured, so its cache is as uncertain as SGLang's: three times as much as vLLM's. Its blocks have 32
tokens and are counted as 16, and its adapter store takes 2 percent: both are less than that uncertainty.
"""

from typing import Final

from fairlead.engines import captured_graphs
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.tensorrt_llm import extra_keys, host_cache
from fairlead.engines.tensorrt_llm.adapters import SLOTS
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.engine_memory import (
    BatchLimits,
    HostCache,
    HostMemory,
    LongerStages,
    MemorySettings,
    ReplicaLayout,
    SpreadRules,
)
from fairlead.fleet.quantization import KvFormat
from fairlead.fleet.shapes import ModelShape


class TensorRtMemory:
    """The release that these tables are for; other releases are treated as this one."""

    share = 0.9
    """`free_gpu_memory_fraction`."""
    shares_the_rest = True
    logit_bytes = 12.4
    """As vLLM's: not measured with TensorRT-LLM."""
    context_gib = 0.25
    switched_gib = 2.07
    """The driver's and its library's, as measured on vLLM's starts; not measured with TensorRT-LLM."""
    sets_graphs_aside = False
    spread = SpreadRules(divides_experts=False, longer=LongerStages.FIRST, divides_dense=False)
    """A server runs one copy of the model; layers by `mapping.py: Mapping.pp_layers`. With attention DP
    `models/modeling_deepseekv3.py` and `modeling_utils.py` divide nothing but experts."""
    counts_requests = False
    adapts_experts = False
    host: HostMemory | None = None
    sequences = 2048
    """`max_batch_size`."""
    tokens = 8192
    """`max_num_tokens`."""

    def static_share(self, accelerator: Accelerator, layout: ReplicaLayout) -> None:
        """None: it measures its work first."""

    def own_cache(self, shape: ModelShape, accelerator: Accelerator) -> KvFormat:  # noqa: ARG002 - the same on every GPU
        """What ModelOpt states: `_torch/model_config.py: validate_and_set_kv_cache_quant`."""
        return shape.stored.cache if shape.stored.cache_by_modelopt else KvFormat.AUTO

    def batch(self, accelerator: Accelerator) -> BatchLimits:  # noqa: ARG002 - the same on every GPU
        """The same on every GPU."""
        return BatchLimits(sequences=self.sequences, tokens=self.tokens)

    def graph_sizes(self, tokens: int, longest: int | None = None) -> int:
        """As vLLM's: not measured with TensorRT-LLM."""
        return captured_graphs.number(tokens, longest)

    def doubt(self, accelerator: Accelerator) -> float:  # noqa: ARG002 - not measured
        """None of its starts was measured."""
        return 3.0


MEMORY: Final = TensorRtMemory()


def settings(setup: EngineSetup) -> MemorySettings:
    """Read memory settings from extra arguments, `--set` among them."""
    ranks = [adapter.rank for adapter in setup.engine.adapters]
    in_ranks = extra_keys.attention_in_ranks(setup)
    return MemorySettings(
        expert_parallel=extra_keys.expert_degree(setup) > 1,
        attention_ranks=setup.revision.parallelism.tensor if in_ranks else 1,
        rank_each_gpu=in_ranks,
        adapter_ranks=(max(ranks),) * min(len(ranks), SLOTS) if ranks else (),
        host_cache=_host_cache(setup),
    )


def _host_cache(setup: EngineSetup) -> HostCache:
    """By the field, or by `--set`."""
    size = setup.engine.host_memory_bytes
    if size is not None:
        return HostCache(replica_bytes=size, copies=False)
    return host_cache.of_bytes(extra_keys.whole(setup, host_cache.KEY) or 0, setup.revision.parallelism)
