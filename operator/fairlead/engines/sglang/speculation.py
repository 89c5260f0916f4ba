"""Speculative decoding: SGLang 0.5.23's algorithm, draft and numbers, and whether they are possible.

k draft tokens of a spec are k steps with one candidate each, and k + 1 tokens to verify: SGLang counts the token that
the model itself adds. Its three numbers are given together or not at all; one alone ends its start with a bare
TypeError.
"""

from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.desired_state import ModelSource, SpeculationMethod
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count

FIELD: Final = "spec.engine.speculation"
ALGORITHMS: Final = {
    SpeculationMethod.NGRAM: "NGRAM",
    SpeculationMethod.DRAFT_MODEL: "STANDALONE",
    SpeculationMethod.EAGLE3: "EAGLE3",
    SpeculationMethod.MTP: "NEXTN",
}
_WITH_DRAFT: Final = frozenset({SpeculationMethod.DRAFT_MODEL, SpeculationMethod.EAGLE3})


def arguments(setup: EngineSetup) -> tuple[str, ...]:
    """The flags; nothing without speculative decoding."""
    speculation = setup.engine.speculation
    algorithm = ALGORITHMS.get(speculation.method)
    if algorithm is None:
        return ()
    return ("--speculative-algorithm", algorithm, *_draft(setup), *_numbers(speculation.method, speculation.tokens))


def _draft(setup: EngineSetup) -> tuple[str, ...]:
    """A revision always: its own default is `main`. The layers of MTP are in the model's own checkpoint."""
    speculation, model = setup.engine.speculation, setup.wanted.model.source
    if speculation.method is SpeculationMethod.NGRAM:
        return ()
    if speculation.draft is not None:
        return _opened(speculation.draft, weight_paths.DRAFT)
    return _opened(model, weight_paths.MODEL)


def _opened(source: ModelSource, path: str) -> tuple[str, ...]:
    revision = ("--speculative-draft-model-revision", source.revision) if source.revision else ()
    return ("--speculative-draft-model-path", weight_paths.path_to_open(source, path), *revision)


def _numbers(method: SpeculationMethod, tokens: int) -> tuple[str, ...]:
    """A chain of guesses, as vLLM makes: several candidates a step need attention backends that can verify a tree."""
    if method is SpeculationMethod.NGRAM:
        return ("--speculative-num-draft-tokens", str(tokens + 1), "--speculative-ngram-max-bfs-breadth", "1")
    if tokens == 0:
        return ()
    return (
        *("--speculative-num-steps", str(tokens)),
        *("--speculative-eagle-topk", "1"),
        *("--speculative-num-draft-tokens", str(tokens + 1)),
    )


def draft_missing(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/speculative/standalone_worker_v2.py` and `eagle_worker_v2.py` load a draft, and there is none."""
    speculation = setup.engine.speculation
    if speculation.method not in _WITH_DRAFT or speculation.draft is not None:
        return None
    return _refusal(
        "method",
        speculation.method,
        EngineReason.SPECULATION_INCOMPLETE,
        "this method needs a draft model, and none is named",
        f"set {FIELD}.draft.source, or write ngram, which needs no model",
    )


def draft_unused(setup: EngineSetup) -> SpecRefusal | None:
    """No error in SGLang, which leaves the model aside; whoever named it expects it to work."""
    speculation = setup.engine.speculation
    if speculation.method is not SpeculationMethod.NGRAM or speculation.draft is None:
        return None
    return _refusal(
        "draft",
        speculation.draft.location,
        EngineReason.SPECULATION_NOT_POSSIBLE,
        "ngram uses no second model",
        f"remove it, or write draftModel as {FIELD}.method",
    )


def tokens_missing(setup: EngineSetup) -> SpecRefusal | None:
    """Only MTP has numbers of its own: `srt/arg_groups/speculative_hook.py: _auto_choose_speculative_params`."""
    speculation = setup.engine.speculation
    own = speculation.method in {SpeculationMethod.OFF, SpeculationMethod.MTP}
    if speculation.tokens > 0 or (own and speculation.tokens == 0):
        return None
    return _refusal(
        "tokens",
        str(speculation.tokens),
        EngineReason.SPECULATION_OUT_OF_RANGE,
        "speculation must draft at least one token a step",
        "write 3, or off as the method",
    )


def no_mtp_layers(setup: EngineSetup) -> SpecRefusal | None:
    """`_handle_eagle_family` takes the model itself for the draft, which has no such layers to load."""
    speculation, shape = setup.engine.speculation, setup.shape
    if speculation.method is not SpeculationMethod.MTP or shape is None or speculation.draft is not None:
        return None
    if shape.mtp_layers > 0:
        return None
    return _refusal(
        "method",
        speculation.method,
        EngineReason.SPECULATION_NOT_POSSIBLE,
        f"{shape.name} was trained without layers for multi-token prediction",
        "write ngram, or draftModel with a small model of the same vocabulary",
    )


def vocabulary_differs(setup: EngineSetup) -> SpecRefusal | None:
    """`srt/speculative/standalone_worker_v2.py`: the draft's tokens are the target's, by number."""
    target, draft = setup.shape, setup.draft_shape
    if setup.engine.speculation.method is not SpeculationMethod.DRAFT_MODEL or target is None or draft is None:
        return None
    if target.vocab == draft.vocab:
        return None
    return _refusal(
        "draft.source",
        draft.name,
        EngineReason.VOCABULARY_DIFFERS,
        f"its vocabulary has {count(draft.vocab, 'token')}, that of {target.name} {target.vocab:,}: they must be equal",
        f"name a small model of {target.name}'s family, or write ngram as {FIELD}.method",
    )


def _refusal(name: str, value: str, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field=f"{FIELD}.{name}", value=value, reason=reason, because=because, remedy=remedy)
