"""vLLM's own command line, as far as a pretended engine acts on it; every other flag is passed over.

Reads the words that `engines` writes, and what people add to them; never checks what vLLM would refuse.
"""

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

BLOCK_TOKENS: Final = 16
_UNITS: Final = {"": 1, "k": 1000, "K": 1024, "m": 10**6, "M": 2**20, "g": 10**9, "G": 2**30}
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)([kKmMgG]?)")
_LONGEST_UNSAID: Final = 32_768
"""The context when the command names none: there is no config.json to read it from."""
_LEAST_CACHE: Final = 131_072


class Misunderstood(ValueError):
    """The words are no command of vLLM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the engine is to pretend to be."""

    model: str
    """What it would open; `root` of its card."""
    names: tuple[str, ...]
    """What clients may call it; the first stands in answers and metrics."""
    adapters: tuple[tuple[str, str], ...] = ()
    """Name and path of each LoRA adapter."""
    host: str = "127.0.0.1"
    port: int = 8000
    max_sequences: int = 256
    max_unfinished: int | None = None
    """Requests running and waiting, together; one more gets 503."""
    context_tokens: int = _LONGEST_UNSAID
    shutdown_seconds: int = 0

    @property
    def callable_names(self) -> tuple[str, ...]:
        """Everything a request may write as its model."""
        return (*self.names, *(name for name, _ in self.adapters))

    @property
    def cache_blocks(self) -> int:
        """Pages of the KV cache: enough for one longest request, and a plain number otherwise."""
        return -(-max(_LEAST_CACHE, self.context_tokens) // BLOCK_TOKENS) + 1


def read(words: Sequence[str]) -> Served:
    """`vllm serve MODEL --flags`, with or without the `--` in front of it."""
    command = list(words)
    if command[:1] == ["--"]:
        del command[0]
    if command[:2] != ["vllm", "serve"]:
        shown = " ".join(command[:3]) or "nothing"
        raise Misunderstood(f"the engine's command: {shown}: must be `vllm serve MODEL ...`; write it after `--`")
    rest = [_dashed(word) for word in command[2:]]
    bare = rest.pop(0) if rest and not rest[0].startswith("-") else None
    found, _ = _parser().parse_known_args(rest)
    model = bare or found.model
    return Served(
        model=model,
        names=tuple(found.served_model_name or (model,)),
        adapters=tuple(_adapter(word) for word in found.lora_modules),
        host=found.host,
        port=found.port,
        max_sequences=found.max_num_seqs,
        max_unfinished=found.max_num_queued_reqs,
        context_tokens=_LONGEST_UNSAID if found.max_model_len <= 0 else found.max_model_len,
        shutdown_seconds=found.shutdown_timeout,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A value, not an exit: whoever asked decides how the process ends."""
        raise Misunderstood(f"the engine's command: {message}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--model", default="Qwen/Qwen3-0.6B")
    parser.add_argument("--served-model-name", nargs="+")
    parser.add_argument("--lora-modules", nargs="+", default=[])
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - as vLLM listens when it is told nothing
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--max-num-seqs", type=_amount, default=256)
    parser.add_argument("--max-num-queued-reqs", type=_amount)
    parser.add_argument("--max-model-len", type=_amount, default=-1)
    parser.add_argument("--shutdown-timeout", type=int, default=0)
    return parser


def _dashed(word: str) -> str:
    """vLLM takes `--max_model_len` for `--max-model-len`."""
    if not word.startswith("--"):
        return word
    flag, equals, value = word.partition("=")
    return flag.replace("_", "-") + equals + value


def _amount(word: str) -> int:
    """A count as vLLM takes it: `16k` is 16,000 and `16K` 16,384; `auto` and -1 leave it to the engine."""
    if word in ("auto", "-1"):
        return -1
    found = _AMOUNT.fullmatch(word)
    if found is None:
        raise argparse.ArgumentTypeError(f"{word}: must be a count like 8192, 8k or 8K")
    return int(float(found[1]) * _UNITS[found[2]])


def _adapter(word: str) -> tuple[str, str]:
    """`name=path`, or the same as JSON."""
    if word.startswith("{"):
        told = json.loads(word)
        return str(told["name"]), str(told["path"])
    name, _, path = word.partition("=")
    return name, path
