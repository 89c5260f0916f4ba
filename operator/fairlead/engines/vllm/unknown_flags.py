"""Extra arguments that vLLM 0.32 does not have: refused if the image holds only that release, else a warning."""

import difflib
from collections.abc import Iterator
from typing import Final, NamedTuple

from fairlead.engines import ambiguous_flags, extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import abbreviations, flags, release
from fairlead.engines.vllm.parser_flags import LONG, SHORT
from fairlead.fleet.findings import SpecRefusal, SpecWarning

_ENDS: Final = 'vLLM 0.32 has no such flag and would fail to start with "unrecognized arguments"'


class _UnknownArgument(NamedTuple):
    field: str
    value: str
    remedy: str


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """Mirrors "unrecognized arguments" and "ambiguous option", with exit code 2: the parser completes an abbreviated
    flag that is short for one only."""
    if not release.is_whole(setup.engine):
        return ()
    unknown = (
        SpecRefusal(**one._asdict(), reason=EngineReason.ARGUMENT_UNKNOWN, because=_ENDS)
        for one in _strange(setup, "remove it")
    )
    return (*unknown, *ambiguous_flags.refusals(setup.engine.extra_args, flags.RULES, "vLLM 0.32", _meanings))


def unknown_flag(setup: EngineSetup) -> SpecWarning | None:
    """Only the engine can tell if these tables were not read in its release or image."""
    if release.is_whole(setup.engine):
        return None
    strange = next(_strange(setup, "remove it, or try the image by hand"), None)
    if strange is None:
        return None
    because = (
        "vLLM 0.32 does not know this flag and would fail to start; another release or an image of your own may have it"
    )
    return SpecWarning(**strange._asdict(), reason=EngineReason.ARGUMENT_UNKNOWN, because=because)


def is_vllm_flag(word: str) -> bool:
    """Return whether a word is a flag in a spelling that the parser accepts, or no flag at all.

    Optimisation levels and values glued to a letter are the parser's own spellings.
    """
    name = extra_args.flag(word)
    if name is None or name == "--":
        return True
    if not name.startswith("--"):
        return name.startswith("-O") or any(_is_short(name, short) for short in SHORT)
    plain = name.removeprefix("--")
    spellings = {plain, plain.removeprefix("no-")}
    return any(flag.startswith(one) for flag in LONG for one in spellings)


def nearest(word: str) -> str | None:
    """Return the closest flag."""
    plain = (extra_args.flag(word) or "").removeprefix("--")
    near = difflib.get_close_matches(plain, LONG, n=1)
    return f"--{near[0]}" if near else None


def _strange(setup: EngineSetup, otherwise: str) -> Iterator[_UnknownArgument]:
    """Yield unknown flags that `flags.RULES` does not already refuse."""
    for place, word in enumerate(setup.engine.extra_args):
        name = extra_args.flag(word)
        if name is None or " " in name or is_vllm_flag(word) or extra_args.rule(name, flags.RULES) is not None:
            continue
        near = nearest(word)
        yield _UnknownArgument(f"{extra_args.FIELD}[{place}]", name, f"did you mean {near}?" if near else otherwise)


def _meanings(word: str) -> tuple[str, ...]:
    """Return none of a negation: which flags have one is not in the tables."""
    name = extra_args.flag(word) or ""
    return () if name.startswith("--no-") else abbreviations.meanings(name)


def _is_short(name: str, flag: str) -> bool:
    """Match abbreviations, and one letter with its value glued to it; `-tp2` is neither."""
    return flag.startswith(name) or (len(flag) == 2 and name.startswith(flag))
