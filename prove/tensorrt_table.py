"""The part of docs/reference/engines.md about TensorRT-LLM, from its tables."""

from typing import Final

from fairlead.engines.emulator import NOT_IN_TENSORRT_LLM
from fairlead.engines.tensorrt_llm import (
    checks,
    flags,
    formats,
    limits,
    options,
    parsers,
    reserved_variables,
    unknown_flags,
    warning_checks,
)
from fairlead.engines.tensorrt_llm.field_keys import COMMAND, KEYS
from fairlead.fleet.quantization import KvFormat
from prove import kind_table
from prove.kind_table import KindTables
from prove.table_text import code, section, table

_HEAD: Final = """\
## TensorRT-LLM

From files of its repository of late 2026, with names below `tensorrt_llm/`, and NVIDIA's documentation; release 1.4 is
the closest. We ran and measured none of it: it needs CUDA, and no release was compared with these tables.
"""
_TABLES: Final = KindTables(
    name="TensorRT-LLM",
    limits=limits.LIMITS,
    refusals=(*checks.REFUSAL_CHECKS, unknown_flags.refusals),
    warnings=warning_checks.WARNING_CHECKS,
    tools=parsers.OF_TOOLS,
    reasoning=parsers.OF_REASONING,
    reserved=flags.RESERVED,
    variables=reserved_variables.VARIABLES,
)


def sections() -> tuple[str, ...]:
    """A heading, and one section per table."""
    return (
        _HEAD,
        section(
            "TensorRT-LLM: keys and flags owned by fields",
            "Most fields are keys of the file that `--config` names, which the pod gets from its own annotation "
            f"`fairlead.dev/engine-options`. Always in it: {code(options.OURS)} and `{options.PIECES}`. Options must "
            "be spelled in full; `--set=PATH=VALUE` sets a key that no field has, if the release knows it.",
            table(
                ("field", "keys", "flags", "memory"),
                (
                    *(
                        (f"`{row.field}`", "", code(row.flags) or "the first argument", ", ".join(row.memory))
                        for row in COMMAND
                    ),
                    *((f"`{row.field}`", code(row.keys), code(row.options), ", ".join(row.memory)) for row in KEYS),
                ),
            ),
        ),
        section(
            "TensorRT-LLM: reserved keys",
            "Keys that `--set` may not set. Keys of the fields above may not be set either.",
            table(
                ("keys", "why", "what to do"),
                ((code(keys), because, remedy) for keys, because, remedy in flags.RESERVED_KEYS),
            ),
        ),
        *kind_table.decisions(
            _TABLES, "What would make its start fail, or serve less than the spec says, by model, GPU and numbers."
        ),
        section(
            "TensorRT-LLM: weight formats",
            "Of checkpoints, with the lowest compute capability by NVIDIA's hardware table. No option sets a format.",
            table(
                ("format", "TensorRT-LLM's name", "from"),
                ((f"`{one}`", code(row.algorithm.split(", ")), str(row.least)) for one, row in formats.WEIGHTS.items()),
            ),
        ),
        section(
            "TensorRT-LLM: formats of the KV cache",
            "All others but `auto` are refused.",
            table(
                ("format", "TensorRT-LLM's name", "from"),
                (
                    (f"`{kv}`", f"`{formats.KV[kv].word}`", str(formats.KV[kv].least))
                    for kv in KvFormat
                    if kv in formats.KV
                ),
            ),
        ),
        *kind_table.words(
            _TABLES,
            "As for vLLM, with TensorRT-LLM's names, of which there are fewer. With `parser: auto`, its start fails "
            "if it has none for the model. A name that is not listed gets a warning, and is refused if the engine is "
            "emulated.",
        ),
        _not_emulated(),
    )


def _not_emulated() -> str:
    return section(
        "TensorRT-LLM: not emulated",
        "Options that TensorRT-LLM accepts and `engine.kind: Simulated-TensorRT-LLM` refuses, since it does not "
        "emulate their effect.",
        table(
            ("flags", "why", "what to do"),
            ((code(row.flags), row.because, row.remedy) for row in NOT_IN_TENSORRT_LLM),
        ),
    )
