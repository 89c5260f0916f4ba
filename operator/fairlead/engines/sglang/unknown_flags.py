"""Extra arguments that SGLang 0.5.23 does not have: refused if the image holds only that release, else a warning."""

import difflib
from collections.abc import Iterator
from typing import Final, NamedTuple

from fairlead.engines import ambiguous_flags, extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.sglang import abbreviations, flags, release
from fairlead.engines.sglang.parser_flags import LONG
from fairlead.fleet.findings import SpecRefusal, SpecWarning

_ENDS: Final = f'SGLang {release.RELEASE} has no such flag and would fail to start with "unrecognized arguments"'
_MAY: Final = f"SGLang {release.RELEASE} knows no such flag; another release or an image of your own may have it"


class UnknownSglangArgument(NamedTuple):
    """One argument, and what to do about it."""

    field: str
    value: str
    remedy: str


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """`srt/server_args.py: prepare_server_args`: argparse exits with 2. It completes abbreviations of one flag, but
    unlike vLLM's parser accepts neither underscores nor dots."""
    if not release.is_whole(setup.engine):
        return ()
    unknown = (
        SpecRefusal(**one._asdict(), reason=EngineReason.ARGUMENT_UNKNOWN, because=_ENDS)
        for one in _strange(setup, "remove it")
    )
    of = f"SGLang {release.RELEASE}"
    return (*unknown, *ambiguous_flags.refusals(setup.engine.extra_args, flags.RULES, of, _meanings))


def unknown_flag(setup: EngineSetup) -> SpecWarning | None:
    """Only the engine can tell if these tables were not read in its release or image."""
    if release.is_whole(setup.engine):
        return None
    strange = next(_strange(setup, "remove it, or try the image by hand"), None)
    if strange is None:
        return None
    return SpecWarning(**strange._asdict(), reason=EngineReason.ARGUMENT_UNKNOWN, because=_MAY)


def is_taken(word: str) -> bool:
    """Return whether the parser accepts a flag in this spelling."""
    return bool(_meanings(word))


def _meanings(word: str) -> tuple[str, ...]:
    return abbreviations.meanings(word.partition("=")[0])


def nearest(word: str) -> str | None:
    """Return the closest flag."""
    near = difflib.get_close_matches((extra_args.flag(word) or "").removeprefix("--"), LONG, n=1)
    return f"--{near[0]}" if near else None


def _strange(setup: EngineSetup, otherwise: str) -> Iterator[UnknownSglangArgument]:
    """Yield unknown flags that `flags.RULES` does not already refuse."""
    for place, word in enumerate(setup.engine.extra_args):
        name = extra_args.flag(word)
        if name is None or name == "--" or " " in name:
            continue
        if is_taken(word) or extra_args.rule(name, flags.RULES) is not None:
            continue
        near = nearest(word)
        shown = word.partition("=")[0]
        yield UnknownSglangArgument(
            f"{extra_args.FIELD}[{place}]", shown, f"did you mean {near}?" if near else otherwise
        )
