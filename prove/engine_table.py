"""docs/reference/engines.md: what the operator knows of its engines, from the tables it uses. Never hand-edited.

`python -m prove.engine_table` prints the page; a test fails when the committed one differs.
"""

from collections.abc import Iterator
from typing import Final

from fairlead.engines.vllm import checks, flags, formats, parsers, unknown_flags, user_overrides, warning_checks
from fairlead.engines.vllm.cpu import limits, overrides
from fairlead.engines.vllm.cpu import warning_checks as cpu_warnings
from fairlead.engines.vllm.field_flags import FIELDS
from fairlead.fleet.accelerators import ComputeCapability
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.quantization import WHILE_LOADING
from prove import kind_table, sglang_table, tensorrt_table
from prove.table_text import FIELD_HEADS, code, field_row, rules, section, table

_HEAD: Final = """\
# Engines

What Fairlead knows about the engines it starts: vLLM 0.32, which is the default, [SGLang 0.5.23](#sglang) and
[TensorRT-LLM 1.4](#tensorrt-llm), the last from its source alone. vLLM's rules also apply to `Simulated`, which gets
the same command, and SGLang's to `Simulated-SGLang`, except for [what is not emulated](#sglang-not-emulated), and
TensorRT-LLM's to `Simulated-TensorRT-LLM`, [with such exceptions too](#tensorrt-llm-not-emulated).
[Kinds of engines](../engines.md) compares them.

This page is rendered from the tables in the code: `python -m prove.engine_table > docs/reference/engines.md`.
"""

_PART: Final = {
    "owned": "Each typed field owns its flags. In `spec.engine.extraArgs` they are refused in every spelling the "
    "engine's parser accepts: `--flag=value`, underscores, short names, abbreviations, `--no-…`, and the dotted keys "
    "of JSON flags. The last column names what a field changes of the engine's memory, in the words of the fit "
    "(`fairlead validate`); the KV cache gets what is left of the budget.",
    "yielding": "These fields were added later: their flags are refused only if the field is set, so that specs with "
    "the flags keep working.",
    "parsers": "What `spec.engine.tools: {}` and `spec.engine.reasoning: {}` use if no parser is set: the first "
    "matching row. If no row matches the model, it is refused until you set a parser. Several parsers need a chat "
    "template that teaches the model the same format: if the model's own does not, set `spec.engine.chatTemplate`.",
    "removed": "Flags of earlier releases. The engine would end with `unrecognized arguments`; Fairlead says what to "
    "use instead.",
    "reserved": "Flags that would break what routers, probes and the autoscaler rely on.",
    "variables": "Environment variables that may not be set in `spec.engine.env`.",
    "formats": "A checkpoint that is already in a format can need a higher capability than quantizing while loading. "
    "Below the capability in the column *computes in it*, memory is saved and arithmetic stays in 16 bits.",
    "refusals": "Checked before anything is started; each mirrors one error with which vLLM would end its start. Rules "
    "that need unknown facts about the model or the GPU are skipped.",
    "warnings": "Allowed, with a warning in the object's conditions.",
    "processor": "With `spec.accelerator.product: CPU` ([how to use it](../cpu.md)), vLLM's CPU build runs. These "
    "rules replace those about GPUs; each names the file and symbol of vLLM 0.32.0 that it was read in.",
    "processor-words": "Extra arguments and variables that are refused with product CPU only.",
    "processor-warnings": "Allowed with product CPU, with a warning.",
}


def page() -> str:
    """Build the whole page."""
    sections = (
        _part("Flags owned by fields", "owned", table(FIELD_HEADS, _owned())),
        _part("Flags owned once a field is written", "yielding", table(FIELD_HEADS, _yielding())),
        _part("Parsers by model family", "parsers", table(("for", "family", "models named", "parser"), _parsers())),
        _part("Removed flags", "removed", table(("flag", "what to do"), _removed())),
        _part("Reserved flags", "reserved", table(("flags", "why", "what to do"), _reserved())),
        _part("Reserved variables", "variables", table(("variable", "why", "what to do"), _variables())),
        _part(
            "Weight formats",
            "formats",
            table(("format", "vLLM's name", "made while loading", "in a checkpoint", "computes in it"), _formats()),
        ),
        _part(
            "Refusals",
            "refusals",
            table(("about", "rule", "what it mirrors"), rules((*checks.REFUSAL_CHECKS, unknown_flags.refusals))),
        ),
        _part("Warnings", "warnings", table(("about", "warning", "why"), rules(warning_checks.WARNING_CHECKS))),
        _part(
            "Refused on a processor",
            "processor",
            table(("field", "what", "why", "what to do", "read in"), _limits()),
        ),
        _part(
            "Arguments and variables refused on a processor",
            "processor-words",
            table(("words", "why", "what to do", "read in"), _overrides()),
        ),
        _part(
            "Warnings on a processor",
            "processor-warnings",
            table(("about", "warning", "why"), rules(cpu_warnings.WARNING_CHECKS)),
        ),
    )
    return "\n".join((_HEAD, *sections, *sglang_table.sections(), *tensorrt_table.sections()))


def kinds() -> frozenset[str]:
    """The engines on the page."""
    return frozenset(kind for kind in EngineKind if kind in _HEAD)


def _part(title: str, part: str, rows: str) -> str:
    return section(title, _PART[part], rows)


def _owned() -> Iterator[tuple[str, ...]]:
    return (field_row(row) for row in FIELDS if row.written is None)


def _yielding() -> Iterator[tuple[str, ...]]:
    return (field_row(row) for row in FIELDS if row.written is not None)


def _parsers() -> Iterator[tuple[str, ...]]:
    return kind_table.families(parsers.OF_TOOLS, parsers.OF_REASONING)


def _removed() -> Iterator[tuple[str, ...]]:
    return ((f"`{flag}`", remedy) for flag, remedy in flags.REMOVED.items())


def _reserved() -> Iterator[tuple[str, ...]]:
    return ((code(names), because, remedy) for names, because, remedy in flags.RESERVED)


def _variables() -> Iterator[tuple[str, ...]]:
    return ((f"`{name}`", because, remedy) for name, (_, because, remedy) in user_overrides.VARIABLES.items())


def _formats() -> Iterator[tuple[str, ...]]:
    for format_, row in formats.WEIGHTS.items():
        loading = format_ in WHILE_LOADING
        brought = not loading or row.stored_least is not None
        yield (
            f"`{format_}`" + (" (experts only)" if row.experts_only else ""),
            f"`{row.flag}`",
            _needs(row.needs(stored=False)[0]) if loading else "no",
            _needs(row.needs(stored=True)[0]) if brought else "no",
            _needs(row.native) if row.native else "",
        )


def _limits() -> Iterator[tuple[str, ...]]:
    return ((f"`{row.field}`", row.refuses, row.because, row.remedy, row.source) for row in limits.LIMITS)


def _overrides() -> Iterator[tuple[str, ...]]:
    rows = (*overrides.FLAGS, *overrides.VARIABLES)
    return ((code(row.words), row.because, row.remedy, row.source) for row in rows)


def _needs(capability: ComputeCapability) -> str:
    return f"from {capability}"


def main() -> None:
    """Print the page."""
    print(page(), end="")


if __name__ == "__main__":
    main()
