"""Extra arguments that the files read for these tables do not have: a warning, since releases differ."""

import difflib
from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm import flags, release
from fairlead.engines.tensorrt_llm.parser_flags import FLAGS
from fairlead.fleet.findings import SpecWarning

_MAY: Final = (
    f"TensorRT-LLM {release.RELEASE} is not known to have this option, and one it lacks ends its start; options are "
    "spelt in full there"
)


def unknown_flag(setup: EngineSetup) -> SpecWarning | None:
    """click ends the start with "No such option"; it completes nothing and takes no dashes for underscores."""
    for place, word in enumerate(setup.engine.extra_args):
        name = extra_args.flag(word)
        shown = word.partition("=")[0]
        if name is None or " " in name or shown in FLAGS or extra_args.rule(name, flags.RULES) is not None:
            continue
        near = difflib.get_close_matches(shown, FLAGS, n=1)
        return SpecWarning(
            field=f"{extra_args.FIELD}[{place}]",
            value=shown,
            reason=EngineReason.ARGUMENT_UNKNOWN,
            because=_MAY,
            remedy=f"did you mean {near[0]}?" if near else "remove it, or try the image by hand",
        )
    return None
