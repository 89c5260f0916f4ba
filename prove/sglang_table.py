"""The part of docs/reference/engines.md about SGLang, from the tables it is decided by."""

from collections.abc import Iterator

from fairlead.engines.emulator import NOT_IN_SGLANG
from fairlead.engines.family_parsers import FamilyParser
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
from fairlead.engines.sglang.field_flags import FIELDS
from fairlead.fleet.quantization import KvFormat
from prove.table_text import code, rules, section, table

_HEAD = """\
## SGLang

Read in the source of SGLang 0.5.23, with file names below `sglang/`; its server, its metrics and its end were also seen
in a run on a processor. Its pods were not yet run by Fairlead on a GPU.
"""


def sections() -> tuple[str, ...]:
    """A heading, and one section a table."""
    return (_HEAD, *_of_fields(), *_of_words(), _of_the_emulator())


def _of_the_emulator() -> str:
    """What is refused with `Simulated-SGLang` beside all the rest."""
    return section(
        "SGLang: not emulated",
        "Flags that SGLang takes and `engine.kind: Simulated-SGLang` refuses, since clients or routers would miss what "
        "they do.",
        table(
            ("flags", "why", "what to do"),
            ((code(row.flags), row.because, row.remedy) for row in NOT_IN_SGLANG),
        ),
    )


def _of_fields() -> tuple[str, ...]:
    """What the fields become, and what of them is refused or warned of."""
    return (
        section(
            "SGLang: flags owned by fields",
            "Always given beside them: `--enable-metrics`, `--enable-cache-report`, bounds for times to a first token, "
            f"and gauges that are at most {arguments.LOG_INTERVAL} steps old. Its parser completes abbreviations, and "
            "takes no underscores.",
            table(("field", "flags"), ((f"`{row.field}`", code(row.flags)) for row in FIELDS)),
        ),
        section(
            "SGLang: what it cannot do",
            "Fields that SGLang cannot express, or that Fairlead does not use there yet. A setting that neither this "
            "table nor the one above knows is refused as well.",
            table(
                ("field", "what", "why", "what to do", "read in"),
                ((f"`{row.field}`", row.refuses, row.because, row.remedy, row.source) for row in limits.LIMITS),
            ),
        ),
        section(
            "SGLang: refusals",
            "What would end its start, or let it start and hang, by model, GPU and numbers.",
            table(("about", "rule", "where and how"), rules((*checks.REFUSAL_CHECKS, unknown_flags.refusals))),
        ),
        section(
            "SGLang: warnings",
            "Allowed, and said once in the object's conditions.",
            table(("about", "warning", "why"), rules(warning_checks.WARNING_CHECKS)),
        ),
    )


def _of_words() -> tuple[str, ...]:
    """Names of formats and parsers, and words that users may not give."""
    return (
        section(
            "SGLang: weight formats",
            "From which compute capability on, by the methods' own minimum. The flag is given where the checkpoint "
            "does not say the format itself.",
            table(("format", "SGLang's name", "from", "made while loading"), _weights()),
        ),
        section(
            "SGLang: formats of the KV cache",
            "All others but `auto` are refused.",
            table(
                ("format", "SGLang's name"), ((f"`{kv}`", f"`{formats.KV[kv]}`") for kv in KvFormat if kv in formats.KV)
            ),
        ),
        section(
            "SGLang: parsers by model family",
            "As for vLLM, with SGLang's names, which differ. `parser: auto` lets SGLang guess from the chat template.",
            table(("for", "family", "models named", "parser"), _parsers()),
        ),
        section(
            "SGLang: reserved flags",
            "Flags that would break what routers, probes and the autoscaler rely on.",
            table(
                ("flags", "why", "what to do"),
                ((code(names), because, remedy) for names, because, remedy in flags.RESERVED),
            ),
        ),
        section(
            "SGLang: reserved variables",
            "Environment variables that may not be set in `spec.engine.env`.",
            table(
                ("variable", "why", "what to do"),
                ((f"`{name}`", because, remedy) for name, (_, because, remedy) in reserved_variables.VARIABLES.items()),
            ),
        ),
    )


def _weights() -> Iterator[tuple[str, ...]]:
    for format_, row in formats.WEIGHTS.items():
        made = "of experts" if row.experts_only else "yes"
        yield f"`{format_}`", f"`{row.flag}`", formats.words(row.least), made if row.loading else "no"


def _parsers() -> Iterator[tuple[str, ...]]:
    yield from (family("tools", row) for row in parsers.OF_TOOLS)
    yield from (family("reasoning", row) for row in parsers.OF_REASONING)


def family(what: str, row: FamilyParser) -> tuple[str, ...]:
    """One row of a table of parsers."""
    named = " or ".join(f"*{word}*" for word in row.named if word) or "any"
    but = f", not {' or '.join(f'*{word}*' for word in row.but)}" if row.but else ""
    return what, f"`{row.family}`", named + but, f"`{row.parser}`"
