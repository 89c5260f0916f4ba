"""An emulated SGLang of Llama 8B on L4s, with these flags, on a clock that jumps or inside the test's own loop."""

from fairlead.emulator import dialects
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.live_engine import EngineClocks, LiveEngine
from fairlead.emulator.engine.provision import EmulatedMachine, EngineProvision
from fairlead.emulator.serve_arguments import ServeArguments
from tests.emulator.engine.virtual import L4, LLAMA, NOON, PACED, PACKAGED
from tests.virtual_time import now


def read(*flags: str, model: str = LLAMA) -> ServeArguments:
    """Parse the command."""
    return dialects.read(["--", "sglang", "serve", model, "--served-model-name", "chat", *flags], {})


def provided(*flags: str, knobs: EmulationKnobs = PACED, machine: EmulatedMachine = L4) -> EngineProvision:
    """With a context that fits."""
    return provision.provide(read("--context-length", "8192", "--enable-metrics", *flags), machine, knobs, PACKAGED)


def engine(*flags: str, knobs: EmulationKnobs = PACED, machine: EmulatedMachine = L4) -> LiveEngine:
    """The same, live."""
    clocks = EngineClocks(steady=now, day=lambda: NOON + now())
    return LiveEngine(provided(*flags, knobs=knobs, machine=machine), knobs, clocks)
