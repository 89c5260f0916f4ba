"""Extra arguments that vLLM 0.32 does not know: let in, since somebody's own image may, and said."""

import difflib

from fairlead.engines import extra_args
from fairlead.engines.asked import Asked
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm.known_flags import LONG, SHORT
from fairlead.fleet.refusals import Caution


def unknown_flag(asked: Asked) -> Caution | None:
    """ "unrecognized arguments": the parser ends the start with 2. An abbreviation of one flag it completes."""
    arguments = asked.engine.extra_args
    strange = [(place, name) for place, word in enumerate(arguments) if (name := _strange(word)) is not None]
    if not strange:
        return None
    place, name = strange[0]
    near = difflib.get_close_matches(name.removeprefix("--"), LONG, n=1)
    return Caution(
        field=f"{extra_args.FIELD}[{place}]",
        value=name,
        reason=EngineReason.ARGUMENT_UNKNOWN,
        because="vLLM 0.32 knows no such flag and would end its start; an image of your own may",
        remedy=f"did you mean --{near[0]}?" if near else "remove it, or try the image by hand",
    )


def _strange(word: str) -> str | None:
    """The flag, if it is none; optimisation levels and glued values of short flags are the parser's own spellings."""
    name = extra_args.flag(word)
    if name is None or name == "--":
        return None
    if not name.startswith("--"):
        return None if any(name.startswith(short) for short in SHORT) or name.startswith("-O") else name
    plain = name.removeprefix("--")
    asked = {plain, plain.removeprefix("no-")}
    return None if any(known.startswith(one) for known in LONG for one in asked) else name
