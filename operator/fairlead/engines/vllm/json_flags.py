"""Keys of flags that take JSON: written as one object, or each by itself after a dot.

vLLM collects the keys after a dot into one object per spelling of the flag and puts these last, where the last of
several objects wins.
"""

from collections.abc import Mapping, Sequence

from fairlead.documents import json_document
from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup


def keys(setup: EngineSetup, *flags: str) -> Mapping[str, object]:
    """Return the first keys that vLLM sees in the extra arguments."""
    return of_words(setup.engine.extra_args, *flags)


def of_words(words: Sequence[str], *flags: str) -> Mapping[str, object]:
    """Return the first keys that vLLM sees; of keys within keys only the outer one is complete."""
    whole: Mapping[str, object] = {}
    dotted: dict[str, dict[str, object]] = {}
    for place, word in enumerate(words):
        if extra_args.flag(word) not in flags:
            continue
        spelled, equals, written = word.partition("=")
        value = written if equals else "".join(words[place + 1 : place + 2])
        name, dot, path = spelled.partition(".")
        if dot:
            key, _, inner = path.removesuffix("+").partition(".")
            dotted.setdefault(name, {})[key] = {inner: value} if inner else _value(value)
        else:
            whole = parsed(value)
    return list(dotted.values())[-1] if dotted else whole


def parsed(written: str | None) -> dict[str, object]:
    """Parse a JSON object; anything else is left to vLLM's parser to refuse."""
    read = _value(written or "")
    return read if isinstance(read, dict) else {}


def _value(written: str) -> object:
    """A value that is no JSON is text."""
    try:
        return json_document.read(written, as_python=True)
    except ValueError:
        return written
