"""The part of docs/reference/engines.md about SGLang, from its tables."""

from collections.abc import Iterator
from typing import Final

from fairlead.engines.emulator import NOT_IN_SGLANG
from fairlead.engines.sglang import (
    arguments,
    checks,
    flags,
    formats,
    limits,
    parsers,
    reserved_variables,
    unknown_flags,
    warning_checks,
)
from fairlead.engines.sglang.cpu import limits as cpu_limits
from fairlead.engines.sglang.cpu import overrides
from fairlead.engines.sglang.cpu import warning_checks as cpu_warnings
from fairlead.engines.sglang.field_flags import FIELDS
from fairlead.fleet.quantization import KvFormat
from prove import kind_table
from prove.kind_table import KindTables
from prove.table_text import FIELD_HEADS, code, field_row, rules, section, table

_HEAD: Final = """\
## SGLang

From the source of SGLang 0.5.23, with file names below `sglang/`; its server, metrics and shutdown were also observed
in a run on a CPU. Fairlead has not yet run its pods on a GPU.
"""
_TABLES: Final = KindTables(
    name="SGLang",
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
            "SGLang: flags owned by fields",
            "Always passed as well: `--enable-metrics`, `--enable-cache-report`, bounds for times to a first token, "
            f"and gauges that are at most {arguments.LOG_INTERVAL} steps old. Its parser completes abbreviations but "
            "does not accept underscores.",
            table(FIELD_HEADS, map(field_row, FIELDS)),
        ),
        *kind_table.decisions(
            _TABLES, "What would make its start fail, or let it start and hang, by model, GPU and numbers."
        ),
        section(
            "SGLang: weight formats",
            "The lowest compute capability, by the methods' own minimum. The flag is passed if the checkpoint does "
            "not state the format itself.",
            table(("format", "SGLang's name", "from", "made while loading"), _weights()),
        ),
        section(
            "SGLang: formats of the KV cache",
            "All others but `auto` are refused.",
            table(
                ("format", "SGLang's name"), ((f"`{kv}`", f"`{formats.KV[kv]}`") for kv in KvFormat if kv in formats.KV)
            ),
        ),
        *kind_table.words(
            _TABLES,
            "As for vLLM, with SGLang's names, which differ. `parser: auto` lets SGLang guess from the chat template.",
        ),
        section(
            "SGLang: refused on a processor",
            "With `spec.accelerator.product: CPU` ([how to use it](../cpu.md#sglang)), these rules replace those about "
            "a GPU's generation.",
            table(
                ("field", "what", "why", "what to do", "read in"),
                ((f"`{row.field}`", row.refuses, row.because, row.remedy, row.source) for row in cpu_limits.LIMITS),
            ),
        ),
        section(
            "SGLang: arguments and variables refused on a processor",
            "With product CPU only.",
            table(("words", "why", "what to do"), _processor_words()),
        ),
        section(
            "SGLang: warnings on a processor",
            "Allowed with product CPU, with a warning.",
            table(("about", "warning", "why"), rules(cpu_warnings.WARNING_CHECKS)),
        ),
        section(
            "SGLang: not emulated",
            "Flags that SGLang accepts and `engine.kind: Simulated-SGLang` refuses, since it does not emulate an "
            "effect that clients or routers would notice.",
            table(
                ("flags", "why", "what to do"),
                ((code(row.flags), row.because, row.remedy) for row in NOT_IN_SGLANG),
            ),
        ),
    )


def _weights() -> Iterator[tuple[str, ...]]:
    for format_, row in formats.WEIGHTS.items():
        made = "of experts" if row.experts_only else "yes"
        yield f"`{format_}`", f"`{row.flag}`", str(row.least), made if row.loading else "no"


def _processor_words() -> Iterator[tuple[str, ...]]:
    yield from ((code(row.flags), row.because, row.remedy) for row in overrides.FLAG_RULES)
    yield from ((code((name,)), row.because, row.remedy) for name, row in overrides.VARIABLES.items())
