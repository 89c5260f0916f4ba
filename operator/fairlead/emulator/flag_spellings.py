"""Which words vLLM 0.32's parser accepts as flags, abbreviations included, and its errors for the others.

An emulator that ignored unknown flags would serve where the real vLLM ends its start.
"""

from collections.abc import Iterable, Sequence

from fairlead.emulator.flags import ParserExit, dashed
from fairlead.engines import extra_args
from fairlead.engines.vllm.parser_flags import LONG, SHORT


def completed(words: Sequence[str]) -> list[str]:
    """The words with each flag in full; `ParserExit` has the message of vLLM's parser for those it does not accept.

    Unknown flags and values are reported together, in their order, and by the program `vllm`, not by `vllm serve`.
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
    """The full flag of a name, a unique prefix, or a short flag with its value attached."""
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


def _only(name: str, flags: Iterable[str]) -> str | None:
    """The only flag with this prefix; several are an error of their own."""
    found = sorted(one for one in flags if one.startswith(name))
    if len(found) > 1:
        raise ParserExit(f"vllm serve: error: ambiguous option: {name} could match {', '.join(found)}")
    return found[0] if found else None
