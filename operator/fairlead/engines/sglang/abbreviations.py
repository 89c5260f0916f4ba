"""Abbreviated flags: SGLang's parser completes them, so a check that looks for a flag must see its whole name."""

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang.parser_flags import LONG


def meanings(name: str) -> tuple[str, ...]:
    """Return the flags that the parser may take this name for: none, one, or several, which end the start."""
    plain = name.removeprefix("--")
    if plain == name:
        return ()
    return (name,) if plain in LONG else tuple(sorted(f"--{flag}" for flag in LONG if flag.startswith(plain)))


def completed(setup: EngineSetup) -> EngineSetup:
    """Return the setup with the whole names of all flags that are abbreviated in one way only."""
    return setup.with_words(_whole)


def _whole(word: str) -> str:
    if extra_args.flag(word) is None:
        return word
    name, equals, value = word.partition("=")
    found = meanings(name)
    return f"{found[0]}{equals}{value}" if len(found) == 1 else word
