"""From a wanted deployment to a question of memory, and from the answer to words: does it fit, and what would."""

import difflib
from collections.abc import Iterator
from typing import Final

from fairlead.controller.known import Known
from fairlead.controller.review import AdmissionReason
from fairlead.engines.asked import Asked
from fairlead.engines.engine import Engine
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.fit import Change, Fit, NotFitting, Verdict
from fairlead.fleet.refusals import Caution, Refusal
from fairlead.fleet.shapes import ModelShape
from fairlead.fleet.wanted import ModelSource, SpeculationMethod, Wanted
from fairlead.sizing import nearest, parameters
from fairlead.sizing.families import Missing
from fairlead.sizing.question import CURRENT, Drafting, Question, Release

FIELDS: Final[dict[Change, str]] = {
    Change.SMALLER_CONTEXT: "spec.engine.context.maxTokens",
    Change.FEWER_SEQUENCES: "spec.engine.batching.maxSequences",
    Change.FP8_CACHE: "spec.engine.quantization.kvCache",
    Change.QUANTIZED_WEIGHTS: "spec.engine.quantization.weights",
    Change.MORE_GPUS: "spec.parallelism.tensor",
    Change.OTHER_PRODUCT: "spec.accelerator.product",
}
"""Where each way to make a model fit is written."""
CLOSE: Final = 0.05
"""Model pages round, and some of them leave the embedding out."""


def fit(asked: Asked, shape: ModelShape | Missing, engine: Engine, known: Known) -> Fit | NotFitting | None:
    """Nothing to say about a GPU nobody knows; `unknown` about a model nobody knows."""
    if asked.accelerator is None:
        return None
    if isinstance(shape, Missing):
        return nearest.unknown(shape.what)
    others = tuple(known.catalogue.accelerators.values())
    return nearest.size(question(asked, shape, asked.accelerator, engine), others)


def asked(wanted: Wanted, known: Known) -> tuple[Asked, ModelShape | Missing]:
    """What the engine is asked, with all that is known of model, draft and GPU; and why the model is not."""
    shape = known.shape(wanted.model.source, dict(wanted.model.shape))
    found = Asked(
        wanted=wanted,
        shape=shape if isinstance(shape, ModelShape) else None,
        draft_shape=_draft(wanted.engine.speculation.draft, known),
        accelerator=known.accelerator(wanted.product),
    )
    return found, shape


def _draft(source: ModelSource | None, known: Known) -> ModelShape | None:
    if source is None:
        return None
    shape = known.shape(source, {})
    return shape if isinstance(shape, ModelShape) else None


def question(asked: Asked, shape: ModelShape, accelerator: Accelerator, engine: Engine) -> Question:
    """What sizing is asked: the deployment's settings, absent ones left to the engine's own defaults."""
    settings = asked.engine
    guessing = settings.speculation
    ranks = [adapter.rank for adapter in settings.adapters]
    return Question(
        shape=shape,
        accelerator=accelerator,
        context=settings.max_context_tokens or shape.positions,
        parallelism=asked.wanted.parallelism,
        release=Release.read(settings.version) or CURRENT,
        weights=asked.weights,
        kv=settings.kv,
        dtype=settings.dtype,
        max_sequences=settings.max_sequences,
        max_batched_tokens=settings.max_batched_tokens,
        utilization=settings.memory_utilization,
        eager=settings.eager,
        expert_parallel=asked.gives("--enable-expert-parallel", "-ep"),
        images=not asked.gives("--language-model-only"),
        adapters=(max(ranks),) * min(len(ranks), engine.adapter_slots) if ranks else (),
        drafting=Drafting(
            tokens=guessing.tokens,
            model=asked.draft_shape,
            mtp=guessing.method is SpeculationMethod.MTP,
        ),
    )


def misstated(asked: Asked) -> Iterator[Caution]:
    """That the number of parameters people wrote is not the one that their other numbers make."""
    stated = dict(asked.wanted.model.shape).get("parameters")
    if stated is None or asked.shape is None:
        return
    made = parameters.text_total(asked.shape)
    if abs(stated - made) > CLOSE * made:
        yield Caution(
            field="spec.model.shape.parameters",
            value=f"{stated:,}",
            reason=AdmissionReason.SHAPE_CONTRADICTS,
            because=f"the other numbers of the model make {made:,} parameters, and fit is decided by those",
            remedy="correct spec.model.shape, or remove parameters",
        )


def unfit(asked: Asked, fit: Fit | NotFitting | None) -> Iterator[Refusal]:
    """That it does not fit, with the numbers and what would."""
    if not isinstance(fit, NotFitting) or fit.memory is None:
        return
    near = "; or ".join(f"{other.words} ({FIELDS[other.change]})" for other in fit.alternatives)
    yield Refusal(
        field="spec.accelerator.product",
        value=f"{asked.wanted.gpus_per_replica} x {asked.wanted.product}",
        reason=AdmissionReason.DOES_NOT_FIT,
        because=f"{fit.because}; {fit.memory.largest.takes} the most",
        remedy=f"what fits, smallest change first: {near or 'no configuration of this catalogue'}",
    )


def doubtful(
    asked: Asked, fit: Fit | NotFitting | None, refused: tuple[Refusal, ...], known: Known
) -> Iterator[Caution]:
    """That nobody can tell, or that it is tight."""
    if fit is None:
        near = difflib.get_close_matches(asked.wanted.product, known.catalogue.accelerators, n=1)
        yield Caution(
            field="spec.accelerator.product",
            value=asked.wanted.product,
            reason=AdmissionReason.PRODUCT_UNKNOWN,
            because="this product is not in the catalogue, so fit and cost are unknown",
            remedy=f"did you mean {near[0]}?" if near else "write the label as `kubectl get nodes` shows it",
        )
    elif isinstance(fit, NotFitting) and (fit.verdict is Verdict.UNKNOWN or (fit.memory is None and not refused)):
        yield Caution(
            field="spec.model.source",
            value=asked.wanted.model.source.location,
            reason=AdmissionReason.FIT_UNKNOWN,
            because=f"whether it fits is unknown: {fit.because}",
            remedy="state spec.model.shape, or read the engine's log when it starts",
        )
    elif isinstance(fit, Fit) and fit.verdict is Verdict.TIGHT:
        yield Caution(
            field="spec.accelerator.product",
            value=f"{asked.wanted.gpus_per_replica} x {asked.wanted.product}",
            reason=AdmissionReason.FIT_IS_TIGHT,
            because=fit.because,
            remedy="leave more room, for instance by a smaller context.maxTokens",
        )
