"""The value of `--speculative-config`: vLLM 0.32's method, draft and numbers as JSON."""

import json
from typing import Any, Final

from fairlead.engines import spec_speculation, weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import ModelSource, SpeculationMethod

METHODS: Final = {
    SpeculationMethod.NGRAM: "ngram",
    SpeculationMethod.DRAFT_MODEL: "draft_model",
    SpeculationMethod.EAGLE3: "eagle3",
    SpeculationMethod.MTP: "mtp",
}

BY_GPU: Final = "ngram_gpu"


def arguments(setup: EngineSetup) -> tuple[str, ...]:
    """Return the flag and its value; nothing without speculative decoding.

    vLLM 0.32 reads the number for `mtp` from the model only if a draft is named, and otherwise does not start.
    """
    speculation = setup.engine.speculation
    method = _method(setup)
    if method is None:
        return ()
    config: dict[str, Any] = {"method": method}
    config |= _draft(speculation.draft)
    tokens = spec_speculation.draft_tokens(setup)
    config["num_speculative_tokens"] = tokens
    if speculation.max_concurrency is not None:
        config["num_speculative_tokens_per_batch_size"] = _schedule(speculation.max_concurrency, tokens)
    if speculation.lookup_min is not None:
        config["prompt_lookup_min"] = speculation.lookup_min
    if speculation.lookup_max is not None:
        config["prompt_lookup_max"] = speculation.lookup_max
    return ("--speculative-config", json.dumps(config, separators=(",", ":")))


def _method(setup: EngineSetup) -> str | None:
    """On GPUs drafts are looked up there: vLLM's `ngram` uses the host, which then schedules while the GPU waits."""
    method = setup.engine.speculation.method
    return BY_GPU if method is SpeculationMethod.NGRAM and setup.revision.cpu is None else METHODS.get(method)


def _draft(draft: ModelSource | None) -> dict[str, str]:
    if draft is None:
        return {}
    revision = {"revision": draft.revision} if draft.revision else {}
    return {"model": weight_paths.path_to_open(draft, weight_paths.DRAFT)} | revision


def _schedule(most: int, tokens: int) -> list[list[int]]:
    """Draft for up to `most` running requests and not above; vLLM applies the last row to any larger batch."""
    return [[1, most, tokens], [most + 1, most + 1, 0]]
