"""Abbreviated flags that an engine's parser could complete in several ways, which ends its start."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.extra_args import FlagRule
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import SpecRefusal

SHOWN: Final = 2
"""Flags that a message names."""


def refusals(
    arguments: Sequence[str], rules: Sequence[FlagRule], engine: str, meanings: Callable[[str], Sequence[str]]
) -> Iterator[SpecRefusal]:
    """Yield one refusal for each ambiguous flag that `rules` do not refuse; `meanings` are of a word."""
    for place, word in enumerate(arguments):
        name = extra_args.flag(word)
        if name is None or " " in name or extra_args.rule(name, rules) is not None:
            continue
        found = meanings(word)
        if len(found) > 1:
            yield SpecRefusal(
                field=f"{extra_args.FIELD}[{place}]",
                value=word.partition("=")[0],
                reason=EngineReason.ARGUMENT_MALFORMED,
                because=f'it is short for {len(found)} flags of {engine}, which would fail to start with "ambiguous '
                'option"',
                remedy=f"write one of them in full: {_shown(found)}",
            )


def _shown(flags: Sequence[str]) -> str:
    return f"{', '.join(flags[:SHOWN])}{', …' if len(flags) > SHOWN else ''}"
