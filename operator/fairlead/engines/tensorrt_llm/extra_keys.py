"""The configuration keys that extra arguments set: with `--set PATH=VALUE`, or by an option of the same meaning.

`commands/serve.py` applies `--set` last: it wins over options, and both over the file of the typed fields.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.tensorrt_llm.flags import SET

ATTENTION: Final = "enable_attention_dp"
EXPERTS: Final = "moe_expert_parallel_size"
POOL: Final = "kv_cache_config.max_tokens"
SWITCHES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "--enable-attention-dp": ATTENTION,
        "--enable-chunked-prefill": "enable_chunked_prefill",
        "--allow-request-chat-template": "allow_request_chat_template",
    }
)
"""Options without a value, and their keys."""
UNREADABLE: Final = object()
"""Stands for a value that is not YAML."""
_NUMBERS: Final = {"--moe-expert-parallel-size": EXPERTS, "--ep-size": EXPERTS}


def assignments(setup: EngineSetup) -> Iterator[str]:
    """Yield the value of each `--set`, as PATH=VALUE."""
    words = setup.engine.extra_args
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == SET:
            yield value if equals else "".join(words[index + 1 : index + 2])


def paths(setup: EngineSetup) -> Iterator[str]:
    """Yield the key that each `--set` names."""
    return (assignment.partition("=")[0] for assignment in assignments(setup))


def values(setup: EngineSetup) -> Mapping[str, Any]:
    """Return what extra arguments set, by key; what TensorRT-LLM cannot read is left out."""
    found: dict[str, Any] = {key: True for option, key in SWITCHES.items() if setup.gives(option)}
    for option, key in _NUMBERS.items():
        written = setup.value(option)
        found |= {} if written is None else {key: written}
    found |= dict(assignment.partition("=")[::2] for assignment in assignments(setup) if is_readable(assignment))
    return {key: value_of(written) if isinstance(written, str) else written for key, written in found.items()}


def is_readable(assignment: str) -> bool:
    """Return whether it is PATH=VALUE with a value in YAML."""
    _, equals, written = assignment.partition("=")
    return bool(equals and written.strip()) and value_of(written) is not UNREADABLE


def attention_in_ranks(setup: EngineSetup) -> bool:
    """Return whether each GPU holds all of attention, and has requests and a cache of its own."""
    found = values(setup).get(ATTENTION)
    return isinstance(found, int) and found != 0


def expert_degree(setup: EngineSetup) -> int:
    """Return over how many GPUs whole experts are spread; 1 where each is divided."""
    return whole(setup, EXPERTS) or 1


def whole(setup: EngineSetup, key: str) -> int | None:
    """Return a key's whole number; None if it has none."""
    found = values(setup).get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def value_of(written: str) -> Any:  # noqa: ANN401 - any YAML
    """Read a value; `UNREADABLE` if it is not YAML."""
    from fairlead.documents import yaml_document, yaml_loaders  # noqa: PLC0415 - routers need no YAML

    try:
        return yaml_document.read(written, yaml_loaders.FastLoader)
    except ValueError:
        return UNREADABLE
