"""Whether a draft model is small enough for speculative decoding to pay, by the parameters of both models. Pure."""

from collections.abc import Iterator
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.plurals import count
from fairlead.review.result import AdmissionReason
from fairlead.sizing import parameters

FIELD: Final = "spec.engine.speculation.draft.source"
MUCH: Final = 1.0
"""Cost of the draft tokens of one step, in steps of the model itself: above it speculation seldom pays."""
WELL: Final = 0.5
"""The same cost for a draft that a remedy suggests."""
_BILLION: Final = 1e9


def refusals(setup: EngineSetup) -> Iterator[SpecRefusal]:
    """Refuse a draft that costs as much per token as the model itself."""
    draft, model = setup.engine.speculation.draft, setup.revision.model.source
    if draft is None:
        return
    because = ""
    if draft.location == model.location:
        because = "the draft is the model itself, so a draft token takes as long as a token of the answer"
    elif setup.shape is not None and setup.draft_shape is not None:
        large, small = parameters.text_total(setup.draft_shape), parameters.text_total(setup.shape)
        if large >= small:
            because = f"the draft has {_billions(large)} parameters and the model itself {_billions(small)}"
    if because:
        yield SpecRefusal(
            field=FIELD,
            value=draft.location,
            reason=AdmissionReason.DRAFT_TOO_LARGE,
            because=because,
            remedy="name a draft of at most a tenth of the model's size, or write method: ngram, which needs none",
        )


def warnings(setup: EngineSetup) -> Iterator[SpecWarning]:
    """Warn of a draft whose tokens cost more than one step of the model: accepted tokens must outweigh that."""
    speculation, shape, draft = setup.engine.speculation, setup.shape, setup.draft_shape
    if speculation.method is not SpeculationMethod.DRAFT_MODEL or shape is None or draft is None:
        return
    model, small = parameters.active(shape), parameters.active(draft)
    tokens = speculation.tokens
    share = tokens * small / model
    if share <= MUCH or parameters.text_total(draft) >= parameters.text_total(shape):
        return
    most = model * WELL / tokens
    yield SpecWarning(
        field=FIELD,
        value=draft.name,
        reason=AdmissionReason.DRAFT_TOO_LARGE,
        because=f"{count(tokens, 'draft token')} at {_billions(small)} parameters each cost {share:.1f} steps of "
        f"the model ({_billions(model)}): they pay off only if more are accepted",
        remedy=f"name a draft of {_billions(most)} parameters or less, or lower spec.engine.speculation.tokens",
    )


def _billions(number: float) -> str:
    return f"{number / _BILLION:.1f} billion" if number >= _BILLION / 10 else f"{number / 1e6:.0f} million"
