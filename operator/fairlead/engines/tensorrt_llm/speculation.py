"""Speculative decoding as TensorRT-LLM's `speculative_config`: method, draft and numbers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import SpeculationMethod

TYPES: Final[Mapping[SpeculationMethod, str]] = MappingProxyType(
    {
        SpeculationMethod.NGRAM: "NGram",
        SpeculationMethod.DRAFT_MODEL: "Draft_Target",
        SpeculationMethod.EAGLE3: "Eagle3",
        SpeculationMethod.MTP: "MTP",
    }
)
"""`decoding_type` of each class in `llmapi/llm_args.py`."""


def keys(setup: EngineSetup) -> Mapping[str, Any]:
    """Nothing without speculation. MTP takes its layers from the model's own checkpoint: all of them if no number is
    set."""
    speculation = setup.engine.speculation
    kind = TYPES.get(speculation.method)
    if kind is None:
        return {}
    draft = speculation.draft
    number = "num_nextn_predict_layers" if speculation.method is SpeculationMethod.MTP else "max_draft_len"
    written = {
        "decoding_type": kind,
        number: speculation.tokens or None,
        "speculative_model": None if draft is None else weight_paths.path_to_open(draft, weight_paths.DRAFT),
        "max_matching_ngram_size": speculation.lookup_max,
        "max_concurrency": speculation.max_concurrency,
    }
    return {"speculative_config": {name: value for name, value in written.items() if value is not None}}
