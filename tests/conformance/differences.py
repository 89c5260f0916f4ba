"""Where `fairlead engine` deliberately differs from vLLM 0.32: every difference, with its reason.

A case that expects two answers refers to its difference by name; a name that no case refers to fails a test, and so
does a case that refers to an unknown name.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What each side does, and why ours may differ."""

    real: str
    ours: str
    because: str


MEANT: Final[dict[str, Difference]] = {
    "metrics of our own": Difference(
        real="/metrics has vLLM's families and its libraries'",
        ours="also `fairlead_engine_lag_seconds`, `fairlead_engine_behind` and `fairlead_engine_late_steps`",
        because="a simulation that cannot keep up with its model must be able to report it",
    ),
    "the tool parser's counter": Difference(
        real="with a tool parser, `vllm:tool_call_parser_invocations_total` counts how often it was run",
        ours="no such metric",
        because="calls are made from the function's schema and no parser runs; nothing in Fairlead reads the count",
    ),
    "a reply that SIGTERM breaks off": Difference(
        real="one of three, depending on which of its processes is faster: the error event (or 500), a last chunk with "
        "reason `abort` (or 200 with what there was), or silence until the client disconnects",
        ours="always the error event, or 500",
        because="vLLM's engine tries to abort while its parent kills it: ours shows what clients must be ready for",
    ),
    "a value that could be read in several ways": Difference(
        real="the body's parser lists what is wrong with a message's role or an answer's form for each way to read it, "
        "up to ten of them",
        ours="one line with the allowed values",
        because="the list names Python classes inside vLLM; status, type and the place of the value are the same",
    ),
    "the words about a structure that cannot be kept": Difference(
        real="what the grammar's compiler says (xgrammar or llguidance)",
        ours="what Python's own parser of regular expressions says",
        because="no grammar is compiled here; status and type are the same",
    ),
    "headers for browsers": Difference(
        real="`Vary: Origin` on every answer, `Allow` on a 405",
        ours="neither",
        because="browsers do not use a simulated engine, and each header costs time in every answer",
    ),
    "a description of its routes": Difference(
        real="/docs and /openapi.json",
        ours="404",
        because="a description of emulated routes would be taken for vLLM's",
    ),
    "the whole configuration": Difference(
        real="in development mode /server_info shows every configuration object of vLLM",
        ours="the model, its context and the version",
        because="the others' values would be made up",
    ),
}
