"""What free extra arguments must agree with: the typed fields."""

from collections.abc import Iterator
from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.tensorrt_llm import flags, options
from fairlead.engines.tensorrt_llm.field_keys import KEYS
from fairlead.fleet.findings import SpecRefusal

_EXPERTS: Final = ("--ep-size", "--moe-expert-parallel-size", "--enable-attention-dp")


def assignments(setup: EngineSetup) -> Iterator[str]:
    """Yield the value of each `--set`, as PATH=VALUE."""
    words = setup.engine.extra_args
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == flags.SET:
            yield value if equals else "".join(words[index + 1 : index + 2])


def key_of_a_field(setup: EngineSetup) -> SpecRefusal | None:
    """`commands/_config_overrides.py`: `--set` overrides the file, so the spec would no longer say what runs."""
    owned = {key: row.field for row in KEYS for key in row.keys}
    for assignment in assignments(setup):
        path = assignment.partition("=")[0]
        field = next((field for key, field in owned.items() if _touches(path, key)), None)
        if field is not None:
            return _refusal(f"{flags.SET} {path}", f"{field} owns this key", f"set {field} instead")
    return None


def key_that_we_rely_on(setup: EngineSetup) -> SpecRefusal | None:
    """Without these keys `serve/openai_server.py` has no metrics page."""
    for assignment in assignments(setup):
        path = assignment.partition("=")[0]
        if path in options.NEEDED:
            return _refusal(f"{flags.SET} {path}", "routers and the autoscaler read metrics through it", "leave it out")
    return None


def adapters_beside_experts(setup: EngineSetup) -> SpecRefusal | None:
    """The feature matrix of NVIDIA's documentation: LoRA with expert parallelism or attention DP is "Untested"."""
    if not setup.engine.adapters or not setup.gives(*_EXPERTS):
        return None
    return _refusal(
        next(flag for flag in _EXPERTS if setup.gives(flag)),
        "NVIDIA has not tested adapters with experts or attention spread this way",
        "remove it, or remove spec.engine.adapters",
    )


def _touches(path: str, key: str) -> bool:
    """Match the key, and those above or below it."""
    return f"{path}.".startswith(f"{key}.") or f"{key}.".startswith(f"{path}.")


def _refusal(value: str, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(
        field=extra_args.FIELD, value=value, reason=EngineReason.ARGUMENT_CONFLICTS, because=because, remedy=remedy
    )
