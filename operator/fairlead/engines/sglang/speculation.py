"""Speculative decoding: SGLang 0.5.23's algorithm, draft and numbers, and whether they are possible.

k draft tokens of a spec are k steps with one candidate each, and k + 1 tokens to verify: SGLang counts the token that
the model itself adds. Its three numbers are given together or not at all; one alone fails the start with a bare
TypeError.
"""

from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import ModelSource, SpeculationMethod
from fairlead.fleet.draft_cost import DraftCost

ALGORITHMS: Final = {
    SpeculationMethod.NGRAM: "NGRAM",
    SpeculationMethod.DRAFT_MODEL: "STANDALONE",
    SpeculationMethod.EAGLE3: "EAGLE3",
    SpeculationMethod.MTP: "NEXTN",
}
OWN_STEPS: Final = 3
"""Draft tokens of `NEXTN` if no numbers are set, whatever the model's layers."""
COST: Final = DraftCost(own_tokens=OWN_STEPS)


def arguments(setup: EngineSetup) -> tuple[str, ...]:
    """Return the flags; nothing without speculative decoding."""
    speculation = setup.engine.speculation
    algorithm = ALGORITHMS.get(speculation.method)
    if algorithm is None:
        return ()
    return ("--speculative-algorithm", algorithm, *_draft(setup), *_numbers(speculation.method, speculation.tokens))


def _draft(setup: EngineSetup) -> tuple[str, ...]:
    """With the source's revision: SGLang's default is `main`. MTP layers are in the model's own checkpoint."""
    speculation, model = setup.engine.speculation, setup.revision.model.source
    if speculation.method is SpeculationMethod.NGRAM:
        return ()
    if speculation.draft is not None:
        return _opened(speculation.draft, weight_paths.DRAFT)
    return _opened(model, weight_paths.MODEL)


def _opened(source: ModelSource, path: str) -> tuple[str, ...]:
    revision = ("--speculative-draft-model-revision", source.revision) if source.revision else ()
    return ("--speculative-draft-model-path", weight_paths.path_to_open(source, path), *revision)


def _numbers(method: SpeculationMethod, tokens: int) -> tuple[str, ...]:
    """A chain of draft tokens, as in vLLM: several candidates per step need attention backends that can verify a
    tree."""
    if method is SpeculationMethod.NGRAM:
        return ("--speculative-num-draft-tokens", str(tokens + 1), "--speculative-ngram-max-bfs-breadth", "1")
    if tokens == 0:
        return ()
    return (
        *("--speculative-num-steps", str(tokens)),
        *("--speculative-eagle-topk", "1"),
        *("--speculative-num-draft-tokens", str(tokens + 1)),
    )
