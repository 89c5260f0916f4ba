"""An engine that was swept by `fairlead calibrate --sweep`: its measured step times, and what its command leaves open.

Its KV cache and the limits of its batch are those that were seen, so neither its model nor its GPU must be known.
"""

from dataclasses import replace

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.vllm import command
from fairlead.fleet.accelerators import CPU
from fairlead.simulator.sweep import errors
from fairlead.simulator.sweep.measurements import SweepRecord
from fairlead.simulator.sweep.step_table import TooFewMeasurements
from fairlead.simulator.timing.measured_step_times import MeasuredStepTimes
from fairlead.sizing.sizing_input import SizingInput


def arguments(served: ServeArguments, found: SweepRecord) -> ServeArguments:
    """The command, with what was measured where it says nothing itself."""
    swept, limits, memory = found.deployment, served.limits, served.memory
    if found.capacity is not None and _takes_as_much(served, found):
        memory = replace(memory, blocks=memory.blocks or found.capacity.blocks)
        limits = limits if limits.block_size_set else replace(limits, block_tokens=found.capacity.block_tokens)
    limits = replace(
        limits,
        context=limits.context or swept.context,
        max_sequences=limits.max_sequences or swept.sequences,
        batch_tokens=limits.batch_tokens or swept.batch_tokens,
        asynchronous=limits.asynchronous and swept.product != CPU,
    )
    return replace(served, limits=limits, memory=memory)


def step_times(served: ServeArguments, product: str, question: SizingInput, found: SweepRecord) -> MeasuredStepTimes:
    """As measured; `ValueError` names in what the deployment differs, or says that too little was measured."""
    swept = found.deployment
    wanted = {
        "model": served.model,
        "product": product or swept.product,
        "tensor": question.parallelism.tensor,
        "pipeline": question.parallelism.pipeline,
        "weights": question.format.value,
        "dtype": served.memory.dtype,
    }
    for name, value in wanted.items():
        if (was := getattr(swept, name)) != value:
            raise ValueError(f"swept with {name} {was}, asked for {value}; sweep this deployment on its own")
    times = errors.step_times(found)
    if isinstance(times, TooFewMeasurements):
        raise ValueError(str(times))  # noqa: TRY004  # the file's content is at fault
    return times


def _takes_as_much(served: ServeArguments, found: SweepRecord) -> bool:
    """Whether nothing in the command changes how much memory is left for the KV cache."""
    own = command.read(["vllm", "serve", found.deployment.model, *found.deployment.command])
    return _memory(own) == _memory(served)


def _memory(served: ServeArguments) -> tuple[object, ...]:
    limits = served.limits
    return (served.memory, limits.max_sequences, limits.batch_tokens, limits.adapter_slots, limits.speculation)
