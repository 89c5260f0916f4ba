"""Which extra arguments an engine may be given: those that typed fields, its release and our contract leave free.

Extra arguments reach the same parser as our own flags, and the last value of a flag wins: one that slips through under
another spelling would override the spec. So every spelling the parser accepts is folded first.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import SpecRefusal

NOT_SHOWN: Final = "(not shown)"
"""Shown instead of an element that is not a flag: it may be a secret written there by mistake."""

FIELD: Final = "spec.engine.extraArgs"
_NUMBER: Final = re.compile(r"-\d+(\.\d*)?$|-\.\d+$")
"""Negative numbers, which argparse takes for values rather than flags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRule:
    """Flags that users may not give, and what to do instead."""

    flags: tuple[str, ...]
    """Long and short flags, in full, without `--no-`."""
    reason: EngineReason
    because: str
    remedy: str


def refusals(arguments: Sequence[str], rules: Sequence[FlagRule]) -> tuple[SpecRefusal, ...]:
    """Return one refusal for each argument that is not allowed, in their order."""
    return tuple(_refusals(arguments, rules))


def flag(argument: str) -> str | None:
    """Return the flag an argument names, folded to one spelling; None for a value.

    `--max_num_seqs=4` and `--max-num-seqs` are one flag; so are `--speculative-config.method` and
    `--speculative-config`.
    """
    if not argument.startswith("-") or argument == "-" or _NUMBER.match(argument):
        return None
    name = argument.partition("=")[0].partition(".")[0]
    return name.replace("_", "-") if name.startswith("--") else name


def rule(name: str, rules: Sequence[FlagRule]) -> FlagRule | None:
    """Find a flag's rule: by full name first, else by what the parser completes it to."""
    names = (name, "--" + name.removeprefix("--no-")) if name.startswith("--no-") else (name,)
    for same in (_equal, _completes):
        for each in rules:
            if any(same(one, spelling) for one in names for spelling in each.flags):
                return each
    return None


def _refusals(arguments: Sequence[str], rules: Sequence[FlagRule]) -> Iterator[SpecRefusal]:
    for index, argument in enumerate(arguments):
        name = flag(argument)
        field = f"{FIELD}[{index}]"
        if name is None:
            if index == 0:
                yield _malformed(field, NOT_SHOWN, "a value must follow its flag", "write the flag before it")
        elif name == "--" or " " in argument.partition("=")[0]:
            yield _malformed(
                field,
                argument.split()[0],
                "one element takes one flag or one value, and this has more",
                "write each flag and each value as its own element",
            )
        elif found := rule(name, rules):
            yield SpecRefusal(field=field, value=name, reason=found.reason, because=found.because, remedy=found.remedy)


def _malformed(field: str, value: str, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field=field, value=value, reason=EngineReason.ARGUMENT_MALFORMED, because=because, remedy=remedy)


def _equal(name: str, spelling: str) -> bool:
    return name == spelling


def _completes(name: str, spelling: str) -> bool:
    """Argparse completes `--tensor` and `-t`, and reads `-qfp8` as `-q fp8`."""
    if name.startswith("--") or spelling.startswith("--"):
        return name.startswith("--") and spelling.startswith(name)
    return spelling.startswith(name) or (len(spelling) == 2 and name.startswith(spelling))
