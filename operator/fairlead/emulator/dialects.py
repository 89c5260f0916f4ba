"""The kinds of engines that can be emulated; a new one is a folder beside this module and a row in `DIALECTS`."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fairlead.emulator.command_line import InvalidCommandLine
from fairlead.emulator.dialect import EngineDialect
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.sglang.dialect import SglangDialect
from fairlead.emulator.tensorrt_llm.dialect import TensorRtDialect
from fairlead.emulator.vllm.dialect import VllmDialect
from fairlead.fleet.desired_state import EngineKind

DIALECTS: Final[Mapping[EngineKind, EngineDialect]] = MappingProxyType(
    {
        EngineKind.VLLM: VllmDialect(),
        EngineKind.SGLANG: SglangDialect(),
        EngineKind.TENSORRT_LLM: TensorRtDialect(),
    }
)
_LAST_PORT: Final = 65_535


def of(serve_arguments: ServeArguments) -> EngineDialect:
    """Return the dialect for a parsed command."""
    return DIALECTS[serve_arguments.kind]


def read(words: Sequence[str], environment: Mapping[str, str]) -> ServeArguments:
    """Parse the command of any kind, with or without a leading `--`; its first words select the kind."""
    command = list(words)
    if command[:1] == ["--"]:
        del command[0]
    found = next((one for one in DIALECTS.values() if tuple(command[: len(one.words)]) == one.words), None)
    if found is None:
        names = " or ".join(f"`{' '.join(one.words)} MODEL ...`" for one in DIALECTS.values())
        shown = " ".join(command[:3]) or "nothing"
        raise InvalidCommandLine(f"the engine's command: {shown}: must be {names}; write it after `--`")
    arguments = found.read(command, environment)
    if not 0 <= arguments.port <= _LAST_PORT:
        raise InvalidCommandLine(f"--port {arguments.port}: a port is a number from 0 to {_LAST_PORT}; write one")
    return arguments
