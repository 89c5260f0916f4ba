"""Which words vLLM 0.32's parser takes for flags, abbreviations among them, and what it says of the others.

A server that passed over what it does not know would serve where the real one ends its start.
"""

from collections.abc import Iterable, Sequence

from fairlead.emulator.flags import ParserExit, dashed
from fairlead.engines import extra_args
from fairlead.engines.vllm.parser_flags import LONG, SHORT


def completed(words: Sequence[str]) -> list[str]:
    """The words with each flag in full; `ParserExit` says what the parser would say of the first it does not take.

    Flags and values that nobody takes are told together, in their order, by the program and not by its command.
    """
    taken: list[str] = []
    left: list[str] = []
    strange = False
    for word in map(dashed, words):
        name = extra_args.flag(word)
        if name is not None and name != "--" and " " not in name:
            full = _full(name)
            strange = full is None
            taken += [] if full is None else [full + word[len(name) :]]
            left += [word] if full is None else []
        else:
            (left if strange else taken).append(word)
    if left:
        raise ParserExit(f"vllm: error: unrecognized arguments: {' '.join(left)}")
    return taken


def _full(name: str) -> str | None:
    """The flag that is named in full, by its beginning, or with its value glued to its one letter."""
    if name.startswith("-O"):
        return name
    if not name.startswith("--"):
        glued = len(name) > 2 and name[:2] in SHORT
        return name if name in SHORT or glued else _only(name, SHORT)
    plain = name[2:]
    denied = plain.startswith("no-")
    if plain in LONG or (denied and plain[3:] in LONG):
        return name
    return _only(name, (f"--no-{one}" if denied else f"--{one}" for one in LONG))


def _only(name: str, known: Iterable[str]) -> str | None:
    """The one flag that begins so; several are an error of their own."""
    found = sorted(one for one in known if one.startswith(name))
    if len(found) > 1:
        raise ParserExit(f"vllm serve: error: ambiguous option: {name} could match {', '.join(found)}")
    return found[0] if found else None
