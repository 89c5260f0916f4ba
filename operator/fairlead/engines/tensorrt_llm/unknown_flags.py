"""Extra arguments that the sources of these tables do not have: a warning, since releases differ.

The emulator has these options and no others, so it refuses them.
"""

import difflib
from collections.abc import Iterator
from typing import Final, NamedTuple

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm import flags, release
from fairlead.engines.tensorrt_llm.parser_flags import FLAGS
from fairlead.fleet.findings import SpecRefusal, SpecWarning

_MAY: Final = (
    f"TensorRT-LLM {release.RELEASE} is not known to have this option, and does not start with one it lacks; "
    "write options in full"
)
_ENDS: Final = (
    f"the simulated TensorRT-LLM {release.RELEASE} has no such option, and would fail to start; write options in full"
)


class UnknownOption(NamedTuple):
    """One argument, and what to do about it."""

    field: str
    value: str
    remedy: str


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """click exits with "No such option"; it completes nothing and accepts no dashes for underscores."""
    if not release.is_whole(setup.engine):
        return ()
    return tuple(
        SpecRefusal(**one._asdict(), reason=EngineReason.ARGUMENT_UNKNOWN, because=_ENDS)
        for one in _strange(setup, "remove it")
    )


def unknown_flag(setup: EngineSetup) -> SpecWarning | None:
    """click exits with "No such option"; it completes nothing and accepts no dashes for underscores."""
    if release.is_whole(setup.engine):
        return None
    strange = next(_strange(setup, "remove it, or try the image by hand"), None)
    if strange is None:
        return None
    return SpecWarning(**strange._asdict(), reason=EngineReason.ARGUMENT_UNKNOWN, because=_MAY)


def _strange(setup: EngineSetup, otherwise: str) -> Iterator[UnknownOption]:
    """Yield unknown options that `flags.RULES` does not already refuse."""
    for place, word in enumerate(setup.engine.extra_args):
        name = extra_args.flag(word)
        shown = word.partition("=")[0]
        if name is None or " " in name or shown in FLAGS or extra_args.rule(name, flags.RULES) is not None:
            continue
        near = difflib.get_close_matches(shown, FLAGS, n=1)
        yield UnknownOption(f"{extra_args.FIELD}[{place}]", shown, f"did you mean {near[0]}?" if near else otherwise)
