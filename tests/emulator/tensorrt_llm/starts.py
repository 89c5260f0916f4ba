"""An emulated TensorRT-LLM of Llama 8B on L4s, with these options, on a clock that jumps or in the test's own loop."""

from typing import Final

from fairlead.emulator import dialects
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.live_engine import EngineClocks, LiveEngine
from fairlead.emulator.engine.provision import EmulatedMachine, EngineProvision
from fairlead.emulator.serve_arguments import ServeArguments
from tests.emulator.engine.virtual import LLAMA, NOON, PACED, PACKAGED
from tests.virtual_time import now

H100: Final = EmulatedMachine("NVIDIA-H100-80GB-HBM3", 1)
METRICS: Final = ("--set=return_perf_metrics=true", "--set=enable_iter_perf_stats=true")


def read(*options: str, model: str = LLAMA) -> ServeArguments:
    """Parse the command."""
    return dialects.read(["--", "trtllm-serve", model, "--served_model_name", "chat", *options], {})


def provided(*options: str, knobs: EmulationKnobs = PACED, machine: EmulatedMachine = H100) -> EngineProvision:
    """With a context that fits, and metrics."""
    serve_arguments = read("--max_seq_len", "8192", "--enable_chunked_prefill", *METRICS, *options)
    return provision.provide(serve_arguments, machine, knobs, PACKAGED)


def engine(*options: str, knobs: EmulationKnobs = PACED) -> LiveEngine:
    """The same, live."""
    clocks = EngineClocks(steady=now, day=lambda: NOON + now())
    return LiveEngine(provided(*options, knobs=knobs), knobs, clocks)
