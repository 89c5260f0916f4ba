"""Abbreviated flags, which vLLM's parser completes if they are short for one flag only."""

from collections.abc import Iterable

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm.parser_flags import LONG, SHORT


def meanings(name: str) -> tuple[str, ...]:
    """Return the flags that the parser may take this name for, with a value glued to a short one: none, one or several.

    Several end the start. `name` has dashes for underscores, and nothing after a dot or an equals sign.
    """
    if name.startswith("-O"):
        return (name,)
    if not name.startswith("--"):
        glued = len(name) > 2 and name[:2] in SHORT
        return (name,) if name in SHORT or glued else _beginning(name, SHORT)
    plain = name.removeprefix("--")
    denied = plain.startswith("no-")
    if plain in LONG or (denied and plain.removeprefix("no-") in LONG):
        return (name,)
    return _beginning(name, (f"--no-{one}" if denied else f"--{one}" for one in LONG))


def completed(setup: EngineSetup) -> EngineSetup:
    """Return the setup with the whole names of all long flags that are abbreviated in one way only, for checks that
    look for a flag by its name."""
    return setup.with_words(_whole)


def _whole(word: str) -> str:
    """Keep what follows the name: a value, or a key of JSON. Folding keeps the name's length."""
    name = extra_args.flag(word) or ""
    found = meanings(name) if name.startswith("--") else ()
    return found[0] + word[len(name) :] if len(found) == 1 else word


def _beginning(name: str, flags: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(one for one in flags if one.startswith(name)))
