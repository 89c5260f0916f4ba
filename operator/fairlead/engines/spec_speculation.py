"""Speculative decoding as every engine has it: whether method, draft, tokens and vocabulary fit together."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet import draft_cost
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.draft_cost import DraftCost
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count

FIELD: Final = "spec.engine.speculation"
_WITH_DRAFT: Final = frozenset({SpeculationMethod.DRAFT_MODEL, SpeculationMethod.EAGLE3})
_OWN_TOKENS: Final = frozenset({SpeculationMethod.OFF, SpeculationMethod.MTP})


def draft_tokens(setup: EngineSetup, cost: DraftCost = draft_cost.USUAL) -> int:
    """Return the draft tokens of each step: the spec's number, else, of the model's own layers, the engine's."""
    speculation = setup.engine.speculation
    if speculation.method is SpeculationMethod.OFF:
        return 0
    if speculation.method is SpeculationMethod.MTP and speculation.tokens == 0:
        return cost.tokens_of_own_layers(setup.shape.mtp_layers if setup.shape else 0)
    return speculation.tokens


def draft_missing(setup: EngineSetup) -> SpecRefusal | None:
    """A method that loads a second model, with none named."""
    speculation = setup.engine.speculation
    if speculation.method not in _WITH_DRAFT or speculation.draft is not None:
        return None
    return refusal(
        "method",
        speculation.method,
        EngineReason.SPECULATION_INCOMPLETE,
        "this method needs a draft model, and none is named",
        f"set {FIELD}.draft.source, or write ngram, which needs no model",
    )


def draft_unused(setup: EngineSetup) -> SpecRefusal | None:
    """A second model is named, and the method ignores it."""
    speculation = setup.engine.speculation
    if speculation.method is not SpeculationMethod.NGRAM or speculation.draft is None:
        return None
    return refusal(
        "draft",
        speculation.draft.location,
        EngineReason.SPECULATION_NOT_POSSIBLE,
        f"{speculation.method} uses no second model",
        f"remove it, or write draftModel as {FIELD}.method",
    )


def tokens_missing(setup: EngineSetup) -> SpecRefusal | None:
    """Only the model's own MTP layers bring a default number."""
    speculation = setup.engine.speculation
    if speculation.tokens > 0 or (speculation.method in _OWN_TOKENS and speculation.tokens == 0):
        return None
    return refusal(
        "tokens",
        str(speculation.tokens),
        EngineReason.SPECULATION_OUT_OF_RANGE,
        "speculation must draft at least one token a step",
        "write 3, or off as the method",
    )


def no_mtp_layers(setup: EngineSetup) -> SpecRefusal | None:
    """The model has no MTP layers, and no draft brings them."""
    speculation, shape = setup.engine.speculation, setup.shape
    if speculation.method is not SpeculationMethod.MTP or shape is None or speculation.draft is not None:
        return None
    if shape.mtp_layers > 0:
        return None
    return refusal(
        "method",
        speculation.method,
        EngineReason.SPECULATION_NOT_POSSIBLE,
        f"{shape.name} was trained without layers for multi-token prediction",
        "write ngram, or draftModel with a small model of the same vocabulary",
    )


def vocabulary_differs(setup: EngineSetup) -> SpecRefusal | None:
    """A draft shares the model's token ids."""
    target, draft = setup.shape, setup.draft_shape
    if setup.engine.speculation.method is not SpeculationMethod.DRAFT_MODEL or target is None or draft is None:
        return None
    if target.vocab == draft.vocab:
        return None
    return refusal(
        "draft.source",
        draft.name,
        EngineReason.VOCABULARY_DIFFERS,
        f"its vocabulary has {count(draft.vocab, 'token')}, that of {target.name} {target.vocab:,}: they must be equal",
        f"name a small model of {target.name}'s family, or write ngram as {FIELD}.method",
    )


def refusal(name: str, value: str, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    """Refuse a speculation field."""
    return SpecRefusal(field=f"{FIELD}.{name}", value=value, reason=reason, because=because, remedy=remedy)
