"""Numbers beyond the limits that vLLM's configuration sets, refused with the words of its validation."""

from argparse import Namespace
from typing import Final

from fairlead.emulator.command_line import ParserExit
from fairlead.engines.vllm import value_kinds
from fairlead.engines.vllm.parser_flags import BOUNDS

_WORDS: Final = {
    ">": "greater than",
    ">=": "greater than or equal to",
    "<": "less than",
    "<=": "less than or equal to",
}


def check(found: Namespace) -> None:
    """Raise `ParserExit` for the first number that breaks a limit."""
    written = vars(found)
    for name in BOUNDS:
        field = name.replace("-", "_")
        number = written.get(field)
        if isinstance(number, int | float) and (broken := value_kinds.broken_limits(name, number)):
            sign, limit = broken[0]
            why = f"Input should be {_WORDS[sign]} {limit} [input_value={number}]"
            raise ParserExit(f"1 validation error for VllmConfig\n{field}\n  {why} (simulated)")
