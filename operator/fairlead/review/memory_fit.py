"""Whether a deployment fits into GPU memory, by `sizing`, and the findings: if not, what would fit."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from fairlead.engines import spec_speculation
from fairlead.engines.engine import EngineDescription
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet import accelerators, near_names
from fairlead.fleet.accelerators import Accelerator, gib
from fairlead.fleet.desired_state import DesiredRevision, ModelSource, SpeculationMethod
from fairlead.fleet.draft_cost import DraftCost
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.fit import ConfigurationChange, Fit, FitAlternative, FitCheck, FitVerdict, NoFit
from fairlead.fleet.shapes import ModelShape
from fairlead.objects import engine_placement
from fairlead.review import engine_objections
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason
from fairlead.sizing import fit_alternatives, parameters
from fairlead.sizing.families import MissingFact
from fairlead.sizing.sizing_input import DraftSetup, SizingInput, without_windows

FIELDS: Final[dict[ConfigurationChange, str]] = {
    ConfigurationChange.SMALLER_CONTEXT: "spec.engine.context.maxTokens",
    ConfigurationChange.FEWER_SEQUENCES: "spec.engine.batching.maxSequences",
    ConfigurationChange.FP8_CACHE: "spec.engine.quantization.kvCache",
    ConfigurationChange.QUANTIZED_WEIGHTS: "spec.engine.quantization.weights",
    ConfigurationChange.OTHER_CHECKPOINT: "spec.model.source",
    ConfigurationChange.MORE_MEMORY: "spec.accelerator.memory",
    ConfigurationChange.MORE_GPUS: "spec.parallelism.tensor",
    ConfigurationChange.OTHER_PRODUCT: "spec.accelerator.product",
}
"""The field of the spec for each change that may make a model fit."""
_RAISE: Final = (
    "raise it, since weight files that were just read count as used memory; or write a smaller context.maxTokens"
)
OVERRULED_BY: Final = ("spec.fitCheck", f"{FitCheck.WARN}, if you have seen it run like this")
"""The field and its value for people who have evidence against the estimate."""
_OVERRULE: Final = "; or " + ": ".join(OVERRULED_BY)
CLOSE: Final = 0.05
"""Tolerance of a stated parameter count: model pages round, and some leave the embedding out."""


def fit(
    setup: EngineSetup, shape: ModelShape | MissingFact, engine: EngineDescription, context: ReviewContext
) -> Fit | NoFit | None:
    """Return the fit; None for a GPU that is not in the catalogue, `unknown` for a model without a known shape."""
    if setup.accelerator is None:
        return None
    if isinstance(shape, MissingFact):
        return fit_alternatives.unknown(shape.what)
    others = tuple(context.catalogue.accelerators.values())
    sizing = sizing_question(setup, shape, setup.accelerator, engine)
    return fit_alternatives.size(sizing, others, engine_objections.of(setup, engine))


def engine_inputs(revision: DesiredRevision, context: ReviewContext) -> tuple[EngineSetup, ModelShape | MissingFact]:
    """Return the engine's setup, with known facts of model, draft and GPU; and the model's shape, or what it lacks."""
    shape = context.shape(revision.model.source, dict(revision.model.shape))
    found = EngineSetup(
        revision=revision,
        shape=shape if isinstance(shape, ModelShape) else None,
        draft_shape=_draft(revision.engine.speculation.draft, context),
        accelerator=context.accelerator_of(revision),
    )
    return found, shape


def _draft(source: ModelSource | None, context: ReviewContext) -> ModelShape | None:
    if source is None:
        return None
    shape = context.shape(source, {})
    return shape if isinstance(shape, ModelShape) else None


def sizing_question(
    setup: EngineSetup, shape: ModelShape, accelerator: Accelerator, engine: EngineDescription
) -> SizingInput:
    """Return the input of `sizing`: the deployment's settings; absent ones are left to the engine's defaults."""
    settings = setup.engine
    memory = engine.memory_settings(setup)
    return SizingInput(
        shape=shape if memory.windows else without_windows(shape),
        accelerator=accelerator,
        context=settings.max_context_tokens or shape.positions,
        parallelism=setup.revision.parallelism,
        release=engine.memory(settings.version),
        weights=setup.weights,
        kv=settings.kv,
        dtype=settings.dtype,
        max_sequences=settings.max_sequences,
        max_batched_tokens=settings.max_batched_tokens,
        batch_factor=memory.batch_factor,
        whole_prompts=memory.whole_prompts,
        utilization=settings.memory_utilization,
        graph_tokens=settings.cuda_graph_tokens,
        eager=settings.eager or accelerator.is_cpu,
        expert_parallel=memory.expert_parallel,
        expert_block=memory.expert_block,
        redundant_experts=memory.redundant_experts,
        moves_experts=memory.moves_experts,
        attention_ranks=memory.attention_ranks,
        rank_each_gpu=memory.rank_each_gpu,
        context_ranks=memory.context_ranks,
        images=memory.images,
        prompt_images=memory.prompt_images,
        adapters=memory.adapter_ranks,
        adapter_modules=memory.adapter_modules,
        adapter_experts=memory.adapter_experts,
        caches_states=memory.caches_states,
        cache_bytes=memory.cache_bytes,
        cache_blocks=memory.cache_blocks,
        offload=memory.offload,
        host_cache_bytes=memory.host_cache.replica_bytes,
        drafting=drafting(setup, engine.draft_cost),
    )


def drafting(setup: EngineSetup, cost: DraftCost) -> DraftSetup:
    """Return the memory and step cost of speculative decoding."""
    speculation, on_cpu = setup.engine.speculation, setup.revision.cpu is not None
    head = speculation.method is SpeculationMethod.EAGLE3
    return DraftSetup(
        tokens=spec_speculation.draft_tokens(setup, cost),
        model=None if head else setup.draft_shape,
        mtp=speculation.method is SpeculationMethod.MTP,
        head=head,
        lookup=cost.lookup(speculation.method, on_cpu=on_cpu),
        layer_launch_s=cost.layer_launch_s(speculation.method, on_cpu=on_cpu),
    )


def with_sizes(setup: EngineSetup, fit: Fit | NoFit | None) -> EngineSetup:
    """Add the weights that stay in main memory, or the KV cache size to configure on a processor, where known."""
    if fit is not None and fit.memory is not None and not setup.on_cpu:
        return replace(setup, offloaded_bytes=int(fit.memory.offloaded))
    if not setup.on_cpu or not isinstance(fit, Fit):
        return setup
    return replace(setup, kv_bytes=int(fit.memory.kv.likely), kv_tokens=int(fit.kv_tokens.likely))


def shape_warnings(setup: EngineSetup) -> Iterator[SpecWarning]:
    """Warn if the stated number of parameters contradicts the model's other stated numbers."""
    stated = dict(setup.revision.model.shape).get("parameters")
    if stated is None or setup.shape is None:
        return
    made = parameters.text_total(setup.shape)
    if abs(stated - made) > CLOSE * made:
        yield SpecWarning(
            field="spec.model.shape.parameters",
            value=f"{stated:,}",
            reason=AdmissionReason.SHAPE_CONTRADICTS,
            because=f"the other numbers of the model make {made:,} parameters, and fit is decided by those",
            remedy="correct spec.model.shape, or remove parameters",
        )


def fit_refusals(setup: EngineSetup, fit: Fit | NoFit | None) -> Iterator[SpecRefusal]:
    """Refuse what does not fit, with the numbers and what would fit."""
    if not isinstance(fit, NoFit) or fit.memory is None:
        return
    advised = [advice(setup, other) for other in fit.alternatives]
    near = "; or ".join(f"{words} ({field})" for field, words in advised)
    yield SpecRefusal(
        field=_field(setup),
        value=_hardware(setup),
        reason=AdmissionReason.DOES_NOT_FIT,
        because=f"{fit.because}; {fit.memory.largest.takes} the most",
        remedy=f"what fits, smallest change first: {near or 'no configuration of this catalogue'}{_OVERRULE}",
    )


def overruled(refusal: SpecRefusal) -> SpecWarning:
    """Return the warning in place of a refusal that spec.fitCheck overrules."""
    return SpecWarning(
        field=refusal.field,
        value=refusal.value,
        reason=refusal.reason,
        because=f"{refusal.because}; it starts nevertheless, since spec.fitCheck is {FitCheck.WARN}",
        remedy=refusal.remedy.removesuffix(_OVERRULE),
    )


def advice(setup: EngineSetup, other: FitAlternative) -> tuple[str, str]:
    """Return the field to change, and to what; a resource that names a slice or a share changes with the product."""
    if other.change is not ConfigurationChange.OTHER_PRODUCT or not engine_placement.names_part(
        setup.revision.resource
    ):
        return FIELDS[other.change], other.words
    product, resource = engine_placement.request_of(other.product)
    if product == setup.revision.product:
        return "spec.accelerator.resource", resource
    return "spec.accelerator", f"product {product} and resource {resource}"


def _field(setup: EngineSetup) -> str:
    """Return the field that sets how much memory there is."""
    return "spec.accelerator.product" if setup.revision.cpu is None else "spec.accelerator.memory"


def _hardware(setup: EngineSetup) -> str:
    revision = setup.revision
    if revision.cpu is not None:
        return gib(revision.cpu.memory_bytes)
    return f"{revision.gpus_per_replica} x {engine_placement.gpu_product(revision)}"


def fit_warnings(
    setup: EngineSetup, fit: Fit | NoFit | None, refused: tuple[SpecRefusal, ...], context: ReviewContext
) -> Iterator[SpecWarning]:
    """Warn if the fit is unknown or tight."""
    if fit is None:
        yield _unknown_product(setup, context)
    elif isinstance(fit, NoFit) and (fit.verdict is FitVerdict.UNKNOWN or (fit.memory is None and not refused)):
        yield SpecWarning(
            field="spec.model.source",
            value=setup.revision.model.source.location,
            reason=AdmissionReason.FIT_UNKNOWN,
            because=f"whether it fits is unknown: {fit.because}",
            remedy="set spec.model.shape, which starts a new revision, or read the engine's log when it starts",
        )
    elif isinstance(fit, Fit) and fit.verdict is FitVerdict.TIGHT:
        yield SpecWarning(
            field=_field(setup),
            value=_hardware(setup),
            reason=AdmissionReason.FIT_IS_TIGHT,
            because=fit.because,
            remedy="leave more room, for instance by a smaller context.maxTokens"
            if setup.revision.cpu is None
            else _RAISE,
        )


def _unknown_product(setup: EngineSetup, context: ReviewContext) -> SpecWarning:
    """Warn of a product that is not in the catalogue; a part of a GPU is not taken for the whole."""
    product = engine_placement.gpu_product(setup.revision)
    because, remedy = "this product is not in the catalogue", f"describe {product} in the chart's value products"
    near = near_names.near_names(product, context.catalogue.accelerators)
    if accelerators.is_part(product):
        because = "this part of a GPU is not in the catalogue"
    elif near:
        remedy = f"did you mean {' or '.join(near)}?"
    else:
        remedy = "write the node's label nvidia.com/gpu.product, or describe it in the chart's value products"
    return SpecWarning(
        field="spec.accelerator.product",
        value=product,
        reason=AdmissionReason.PRODUCT_UNKNOWN,
        because=f"{because}, so fit and cost are unknown",
        remedy=remedy,
    )
