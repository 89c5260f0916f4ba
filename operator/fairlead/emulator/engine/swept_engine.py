"""An engine swept by `fairlead calibrate --sweep`: its measured step times, and values for what its command omits.

The KV cache and batch limits are the observed ones, so neither the model nor the GPU has to be in the catalogue.
"""

from dataclasses import replace

from fairlead.emulator import dialects
from fairlead.emulator.serve_arguments import CacheArguments, ServeArguments
from fairlead.fleet.accelerators import CPU
from fairlead.fleet.quantization import Dtype, KvFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.fleet.sweeps import KvCapacity
from fairlead.simulator.sweep import errors
from fairlead.simulator.sweep.measurements import SweepRecord, SweptDeployment
from fairlead.simulator.sweep.step_table import TooFewMeasurements
from fairlead.simulator.timing import drafted_step
from fairlead.simulator.timing.drafted_step import DraftedStep
from fairlead.simulator.timing.measured_step_times import MeasuredStepTimes
from fairlead.sizing.sizing_input import DraftSetup, SizingInput


def arguments(serve_arguments: ServeArguments, record: SweepRecord) -> ServeArguments:
    """Return the command, with measured values for what it omits."""
    swept, limits, memory = record.deployment, serve_arguments.limits, serve_arguments.memory
    if record.capacity is not None and _takes_as_much(serve_arguments, record):
        own = dialects.DIALECTS[swept.kind].start.keeps_blocks
        memory = _with_capacity(memory, record.capacity, own_blocks=own)
        if own and not limits.block_size_set:
            limits = replace(limits, block_tokens=record.capacity.block_tokens)
    limits = replace(
        limits,
        context=limits.context or swept.context,
        max_sequences=limits.max_sequences or swept.sequences,
        batch_tokens=limits.batch_tokens or swept.batch_tokens,
        asynchronous=limits.asynchronous and swept.product != CPU,
    )
    return replace(serve_arguments, limits=limits, memory=memory)


def step_times(
    serve_arguments: ServeArguments, product: str, sizing: SizingInput, record: SweepRecord
) -> MeasuredStepTimes:
    """Use the measured ones; `ValueError` says how the deployment differs, or that too little was measured."""
    swept = record.deployment
    wanted = {
        "model": serve_arguments.model,
        "product": product or swept.product,
        "tensor": sizing.parallelism.tensor,
        "pipeline": sizing.parallelism.pipeline,
        "weights": sizing.format.value,
        "dtype": serve_arguments.memory.dtype,
    }
    if sizing.attention_ranks > 1:
        raise ValueError(f"swept with one rank, asked for {sizing.attention_ranks} ranks of attention; leave it out")
    for name, value in wanted.items():
        if (was := getattr(swept, name)) != value:
            raise ValueError(f"swept with {name} {was}, asked for {value}; sweep this deployment on its own")
    times = errors.step_times(record, sizing.graph_tokens)
    if isinstance(times, TooFewMeasurements):
        raise ValueError(str(times))  # noqa: TRY004  # the file's content is at fault
    return MeasuredStepTimes(times.table, times.provenance, _drafting(swept.product, sizing))


def is_alike(swept: SweptDeployment, sizing: SizingInput, shape: ModelShape | None) -> bool:
    """Match deployments that equal the sweep in all that steps depend on."""
    parallelism = sizing.parallelism
    measured = (swept.product, swept.tensor, swept.pipeline, 1, swept.weights)
    wanted = (sizing.accelerator.product, parallelism.tensor, parallelism.pipeline, sizing.ranks, sizing.format.value)
    plain = sizing.kv is KvFormat.AUTO and sizing.dtype is Dtype.AUTO and not sizing.eager
    return shape is not None and plain and measured == wanted and shape == replace(sizing.shape, name=shape.name)


def relative(swept: SweptDeployment, sizing: SizingInput, shape: ModelShape | None) -> SizingInput | None:
    """Return the sweep's input if it differs only in weight or cache formats."""
    if shape is None:
        return None
    plain = replace(sizing, shape=shape, weights=None, kv=KvFormat.AUTO, drafting=DraftSetup())
    same = replace(sizing.shape, name=shape.name, stored=shape.stored) == shape
    return plain if same and is_alike(swept, plain, shape) else None


def shipped_step_times(record: SweepRecord, sizing: SizingInput) -> MeasuredStepTimes:
    """Return those of a sweep in the package; its measurements suffice."""
    times = errors.step_times(record, sizing.graph_tokens)
    assert not isinstance(times, TooFewMeasurements)
    source = f"Fairlead's own sweep of {record.deployment.engine} on this GPU (docs/reference/gpu.md)"
    drafting = _drafting(record.deployment.product, sizing)
    return MeasuredStepTimes(times.table, replace(times.provenance, source=source), drafting)


def _drafting(product: str, sizing: SizingInput) -> DraftedStep | None:
    """Return the deployment's drafting; a draft model without catalogue rates for its card is treated as a lookup."""
    card = sizing.accelerator
    rated = card.product == product and card.bandwidth_gbs and card.bf16_tflops
    return drafted_step.of(sizing) if rated or not sizing.drafting.tokens else DraftedStep()


def _takes_as_much(serve_arguments: ServeArguments, record: SweepRecord) -> bool:
    """Check that the command does not change the memory left for the KV cache."""
    swept = record.deployment
    own = dialects.read([*dialects.DIALECTS[swept.kind].words, swept.model, *swept.command], {})
    return _memory(own) == _memory(serve_arguments)


def _with_capacity(memory: CacheArguments, capacity: KvCapacity, *, own_blocks: bool) -> CacheArguments:
    """With the observed number of blocks if they are the engine's own, else with the observed tokens."""
    if own_blocks:
        return replace(memory, blocks=memory.blocks or capacity.blocks)
    return replace(memory, most_tokens=memory.most_tokens or capacity.tokens)


def _memory(serve_arguments: ServeArguments) -> tuple[object, ...]:
    limits = serve_arguments.limits
    return (serve_arguments.memory, limits.max_sequences, limits.batch_tokens, limits.adapter_slots, limits.speculation)
