"""What is to be said of an object before it is let in: read, converted, asked of the engine, and sized.

The webhook, the reconcile and the command line all say what this says. Pure: it looks nothing up.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from fairlead.api import into_gateways, into_policies, into_wanted, kinds, reading
from fairlead.api.kinds import Kind
from fairlead.api.problems import ABSENT, HIDDEN, SECRET_LOOK, shown
from fairlead.controller import references, schedules
from fairlead.controller.known import Known
from fairlead.engines import catalogue as engines
from fairlead.engines.asked import Asked
from fairlead.engines.engine import Engine
from fairlead.engines.extra_args import FIELD as EXTRA_ARGS
from fairlead.engines.vllm.adapters import SLOTS
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.fit import Change, Fit, NotFitting, Verdict
from fairlead.fleet.gateways import WantedDeployment
from fairlead.fleet.refusals import Caution, Reason, Refusal, Remark
from fairlead.fleet.shapes import ModelShape
from fairlead.fleet.wanted import ModelSource, SpeculationMethod, WantedDrain
from fairlead.sizing import nearest
from fairlead.sizing.families import Missing
from fairlead.sizing.question import CURRENT, Drafting, Question, Release


class AdmissionReason(Reason):
    """Why an object is refused or warned of, beyond what reading and the engine say."""

    NO_SUCH_KIND = "NoSuchKind"
    NO_NAME = "NoName"
    DOES_NOT_FIT = "DoesNotFit"
    FIT_IS_TIGHT = "FitIsTight"
    FIT_UNKNOWN = "FitUnknown"
    PRODUCT_UNKNOWN = "ProductUnknown"


@dataclass(frozen=True, kw_only=True)
class Review:
    """All that is said of one object."""

    kind: str
    namespace: str = ""
    name: str = ""
    refusals: tuple[Refusal, ...] = ()
    cautions: tuple[Caution, ...] = ()
    fit: Fit | NotFitting | None = None
    engine: Engine | None = None
    asked: Asked | None = None
    """What the engine would be started with; only of what was not refused while reading."""
    drain: WantedDrain | None = None


KINDS: Final[dict[str, Kind[Any]]] = {kind.name: kind for kind in kinds.KINDS}

FIELDS: Final[dict[Change, str]] = {
    Change.SMALLER_CONTEXT: "spec.engine.context.maxTokens",
    Change.FEWER_SEQUENCES: "spec.engine.batching.maxSequences",
    Change.FP8_CACHE: "spec.engine.quantization.kvCache",
    Change.QUANTIZED_WEIGHTS: "spec.engine.quantization.weights",
    Change.MORE_GPUS: "spec.parallelism.tensor",
    Change.OTHER_PRODUCT: "spec.accelerator.product",
}
"""Where each way to make a model fit is written."""

R = TypeVar("R", bound=Remark)


def review(document: object, known: Known) -> Review:
    """Everything there is to say about one object."""
    said = document.get("kind") if isinstance(document, dict) else None
    kind = KINDS.get(said) if isinstance(said, str) else None
    if kind is None:
        no = _no_such_kind(said)
        return Review(kind=no.value, refusals=(no,))
    read = reading.read_strict(document, kind)
    if read.value is None:
        return Review(kind=kind.name, refusals=read.problems)
    named = Review(
        kind=kind.name,
        namespace=read.value.namespace,
        name=read.value.name,
        refusals=tuple(_unnamed(document)),
    )
    if kind is kinds.GATEWAY:
        gateway = into_gateways.gateway(read.value).gateway
        return references.checked(named, references.of_gateway(gateway), known)
    if kind is kinds.POLICY:
        policy = into_policies.policy(read.value.spec)
        named = replace(named, refusals=(*named.refusals, *schedules.refusals(policy.schedules, known.time_zones)))
        return references.checked(named, references.of_policy(policy, named.namespace), known)
    wanted = into_wanted.deployment(read.value, known.releases)
    judged = _judged(named, wanted, known)
    return references.checked(judged, references.of_deployment(wanted), known)


def _judged(named: Review, deployment: WantedDeployment, known: Known) -> Review:
    """What the engine and the arithmetic of memory say."""
    wanted = deployment.wanted
    engine = engines.describe(wanted.engine.kind)
    if isinstance(engine, Refusal):
        return replace(named, refusals=(*named.refusals, engine))
    shape = known.shape(wanted.model.source, dict(wanted.model.shape))
    asked = Asked(
        wanted=wanted,
        shape=shape if isinstance(shape, ModelShape) else None,
        draft_shape=_draft(wanted.engine.speculation.draft, known),
        accelerator=known.accelerator(wanted.product),
    )
    fit = _fit(asked, shape, known)
    refused = engine.refusals(asked)
    return replace(
        named,
        refusals=tuple(_discreet(one) for one in (*named.refusals, *refused, *_unfit(asked, fit))),
        cautions=tuple(_discreet(one) for one in (*engine.cautions(asked), *_doubtful(asked, fit, refused, known))),
        fit=fit,
        engine=engine,
        asked=asked,
        drain=deployment.drain,
    )


def _discreet(remark: R) -> R:
    """Without what may be a secret: a bare value among the extra arguments, or what looks like a token."""
    bare = remark.field.startswith(EXTRA_ARGS) and not remark.value.startswith("-")
    return replace(
        remark,
        value=HIDDEN if bare or SECRET_LOOK.search(remark.value) else remark.value,
        because=SECRET_LOOK.sub(HIDDEN, remark.because),
    )


def _draft(source: ModelSource | None, known: Known) -> ModelShape | None:
    if source is None:
        return None
    shape = known.shape(source, {})
    return shape if isinstance(shape, ModelShape) else None


def _fit(asked: Asked, shape: ModelShape | Missing, known: Known) -> Fit | NotFitting | None:
    """Nothing to say about a GPU nobody knows; `unknown` about a model nobody knows."""
    if asked.accelerator is None:
        return None
    if isinstance(shape, Missing):
        return nearest.unknown(shape.what)
    others = tuple(known.catalogue.accelerators.values())
    return nearest.size(_question(asked, shape, asked.accelerator), others)


def _question(asked: Asked, shape: ModelShape, accelerator: Accelerator) -> Question:
    engine = asked.engine
    guessing = engine.speculation
    ranks = [adapter.rank for adapter in engine.adapters]
    return Question(
        shape=shape,
        accelerator=accelerator,
        context=engine.max_context_tokens or shape.positions,
        parallelism=asked.wanted.parallelism,
        release=Release.read(engine.version) or CURRENT,
        weights=asked.weights,
        kv=engine.kv,
        dtype=engine.dtype,
        max_sequences=engine.max_sequences,
        max_batched_tokens=engine.max_batched_tokens,
        utilization=engine.memory_utilization,
        eager=engine.eager,
        expert_parallel=asked.gives("--enable-expert-parallel", "-ep"),
        images=not asked.gives("--language-model-only"),
        adapters=(max(ranks),) * min(len(ranks), SLOTS) if ranks else (),
        drafting=Drafting(
            tokens=guessing.tokens,
            model=asked.draft_shape,
            mtp=guessing.method is SpeculationMethod.MTP,
        ),
    )


def _unfit(asked: Asked, fit: Fit | NotFitting | None) -> Iterator[Refusal]:
    if not isinstance(fit, NotFitting) or fit.memory is None:
        return
    near = "; or ".join(f"{other.words} ({FIELDS[other.change]})" for other in fit.alternatives)
    yield Refusal(
        field="spec.accelerator.product",
        value=f"{asked.wanted.gpus_per_replica} x {asked.wanted.product}",
        reason=AdmissionReason.DOES_NOT_FIT,
        because=f"{fit.because}; {fit.memory.largest.value} take the most",
        remedy=f"what fits, smallest change first: {near or 'no configuration of this catalogue'}",
    )


def _doubtful(
    asked: Asked, fit: Fit | NotFitting | None, refused: tuple[Refusal, ...], known: Known
) -> Iterator[Caution]:
    if fit is None:
        near = difflib.get_close_matches(asked.wanted.product, known.catalogue.accelerators, n=1)
        yield Caution(
            field="spec.accelerator.product",
            value=asked.wanted.product,
            reason=AdmissionReason.PRODUCT_UNKNOWN,
            because="this product is not in the catalogue, so nothing can be said about fit or cost",
            remedy=f"did you mean {near[0]}?" if near else "write the label as `kubectl get nodes` shows it",
        )
    elif isinstance(fit, NotFitting) and (fit.verdict is Verdict.UNKNOWN or (fit.memory is None and not refused)):
        yield Caution(
            field="spec.model.source",
            value=asked.wanted.model.source.location,
            reason=AdmissionReason.FIT_UNKNOWN,
            because=f"whether it fits is unknown: {fit.because}",
            remedy="the engine itself will tell at its start",
        )
    elif isinstance(fit, Fit) and fit.verdict is Verdict.TIGHT:
        yield Caution(
            field="spec.accelerator.product",
            value=f"{asked.wanted.gpus_per_replica} x {asked.wanted.product}",
            reason=AdmissionReason.FIT_IS_TIGHT,
            because=fit.because,
            remedy="leave more room, for instance by a smaller context.maxTokens",
        )


def _unnamed(document: object) -> Iterator[Refusal]:
    """The server gives a name only to whoever asks for one."""
    facts = document.get("metadata") if isinstance(document, dict) else None
    given = facts if isinstance(facts, dict) else {}
    if not any(isinstance(given.get(field), str) and given[field] for field in ("name", "generateName")):
        yield Refusal(
            field="metadata.name",
            value=ABSENT,
            reason=AdmissionReason.NO_NAME,
            because="every object needs a name",
            remedy="add metadata.name, for instance chat",
        )


def _no_such_kind(said: object) -> Refusal:
    """What is no text is not shown: it may be large, or hold itself."""
    value = shown(said, ("kind",)) if isinstance(said, str) else ABSENT
    near = difflib.get_close_matches(value, KINDS, n=1)
    return Refusal(
        field="kind",
        value=value,
        reason=AdmissionReason.NO_SUCH_KIND,
        because=f"Fairlead knows {', '.join(KINDS)}",
        remedy=f"write kind: {near[0] if near else next(iter(KINDS))}",
    )
