"""vLLM 0.32's flags, as far as the emulator acts on them: their spellings and values.

Every other flag of vLLM is ignored with its value, and what vLLM's parser does not accept gets its error: an emulator
that ignored unknown flags would serve where the real vLLM exits.
"""

import argparse
import re
from collections.abc import Sequence
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.emulator.command_line import FlagParser, ParserExit
from fairlead.engines import extra_args, written_amounts
from fairlead.engines.vllm import abbreviations, adapters, expert_blocks, host_cache
from fairlead.simulator.engine.settings import SchedulingPolicy

_UNITS: Final = {"": 1, "k": 1000, "K": 1024, "m": 10**6, "M": 2**20, "g": 10**9, "G": 2**30}
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)([kKmMgG]?)")
PROGRAM: Final = "vllm serve"
FIT_CONTEXT: Final = -1
"""`auto`: the engine chooses the largest context that fits."""


def parser() -> FlagParser:
    """Return a parser of all these flags, each under vLLM's name."""
    parser = FlagParser(prog=PROGRAM, add_help=False, allow_abbrev=False)
    for add in (_server, _scheduler, _memory, _features, _answers):
        add(parser)
    return parser


def dashed(word: str) -> str:
    """Return a flag with dashes: vLLM accepts `--max_model_len` for `--max-model-len`. Keys after a dot stay."""
    if not word.startswith("--"):
        return word
    flag = word.partition("=")[0].partition(".")[0]
    return flag.replace("_", "-") + word[len(flag) :]


def amount(word: str) -> int:
    """Parse a count as vLLM does: `16k` is 16,000 and `16K` 16,384; with `auto` or -1 the engine chooses."""
    if word in ("auto", "-1"):
        return FIT_CONTEXT
    found = _AMOUNT.fullmatch(word)
    if found is None:
        raise argparse.ArgumentTypeError(f"{word}: must be a count like 8192, 8k or 8K")
    return int(float(found[1]) * _UNITS[found[2]])


def gib(word: str) -> float:
    """Parse an optional number of GiB as vLLM does: nothing and `None` are none."""
    try:
        return written_amounts.gib(str(float("0" if word in ("", "None") else word)))
    except ValueError:
        raise argparse.ArgumentTypeError(f"Value {word} cannot be converted to <class 'float'>.") from None


def from_json(word: str) -> dict[str, Any]:
    """Parse the value of a flag that takes a JSON object."""
    try:
        read = json_document.read(word, as_python=True)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise argparse.ArgumentTypeError(f"Value {word} cannot be converted to <function loads>.")
    return read


def _server(parser: FlagParser) -> None:
    parser.add_argument("--model", default="Qwen/Qwen3-0.6B")
    parser.add_argument("--served-model-name", nargs="+")
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104 - vLLM's default
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--root-path", default="")
    parser.add_argument("--api-key", nargs="+", default=[])
    parser.add_argument("--shutdown-timeout", type=int, default=0)


def _scheduler(parser: FlagParser) -> None:
    for flag in ("--max-num-seqs", "--max-num-active-seqs", "--max-num-batched-tokens", "--max-model-len"):
        parser.add_argument(flag, type=amount)
    for flag in ("--max-num-queued-reqs", "--max-num-queued-tokens"):
        parser.add_argument(flag, type=amount)
    parser.add_argument("--cudagraph-capture-sizes", type=int, nargs="+")
    parser.add_argument("--max-cudagraph-capture-size", type=int)
    parser.add_argument("--block-size", type=int)
    parser.add_argument("--long-prefill-token-threshold", type=int, default=0)
    parser.add_argument("--watermark", type=float, default=0.0)
    parser.add_argument(
        "--scheduling-policy",
        choices=[policy.value for policy in SchedulingPolicy],
        default=SchedulingPolicy.FCFS.value,
    )
    for flag in ("--enable-prefix-caching", "--enable-chunked-prefill"):
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--scheduler-reserve-full-isl", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--async-scheduling", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--prefix-caching-hash-algo", default="sha256")


def _memory(parser: FlagParser) -> None:
    parser.add_argument("--gpu-memory-utilization", "--device-memory-utilization", type=float)
    parser.add_argument("--kv-cache-memory-bytes", "--kv-cache-memory", type=amount)
    parser.add_argument("--num-gpu-blocks-override", type=int)
    parser.add_argument("--kv-cache-dtype", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--quantization", "-q")
    parser.add_argument("--tensor-parallel-size", "-tp", type=int, default=1)
    parser.add_argument("--pipeline-parallel-size", "-pp", type=int, default=1)
    parser.add_argument("--data-parallel-size", "-dp", type=int, default=1)
    parser.add_argument("--enable-expert-parallel", "-ep", action="store_true")
    parser.add_argument(expert_blocks.BALANCED, action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--decode-context-parallel-size", "-dcp", type=int, default=1)
    parser.add_argument("--disable-hybrid-kv-cache-manager", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--cpu-offload-gb", type=float, default=0.0)
    parser.add_argument("--cpu-offload-params", nargs="+", default=[])
    parser.add_argument("--offload-backend", choices=("auto", "uva", "prefetch"), default="auto")
    parser.add_argument("--offload-group-size", type=int, default=0)
    parser.add_argument(host_cache.SIZE, type=gib, default=0.0)
    parser.add_argument(host_cache.BACKEND, choices=("native", "lmcache"), default=host_cache.NATIVE)
    parser.add_argument("--enforce-eager", action="store_true")
    parser.add_argument("--performance-mode", default="balanced")


def _features(parser: FlagParser) -> None:
    parser.add_argument("--speculative-config", "-sc", type=from_json)
    parser.add_argument("--spec-method")
    parser.add_argument("--spec-model")
    parser.add_argument("--spec-tokens", type=int)
    parser.add_argument("--enable-lora", action="store_true")
    parser.add_argument("--lora-modules", nargs="+", default=[])
    parser.add_argument("--max-loras", type=int, default=1)
    parser.add_argument("--max-lora-rank", type=int, default=16)
    parser.add_argument(adapters.TARGETS, nargs="+")
    parser.add_argument("--enable-moe-shared-loras", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--kv-events-config", type=from_json)
    parser.add_argument("--enable-sleep-mode", action="store_true")
    parser.add_argument("--runner", default="auto")


def _answers(parser: FlagParser) -> None:
    for flag in (
        "--enable-request-id-headers",
        "--enable-prompt-tokens-details",
        "--enable-force-include-usage",
        "--enable-per-request-metrics",
        "--enable-server-load-tracking",
        "--enable-auto-tool-choice",
    ):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--tool-call-parser")
    parser.add_argument("--reasoning-parser", default="")
    for flag in ("--tool-parser-plugin", "--reasoning-parser-plugin"):
        parser.add_argument(flag, default="")
    parser.add_argument("--language-model-only", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--max-logprobs", type=int, default=20)


def completed(words: Sequence[str]) -> list[str]:
    """Expand each flag to its full name; `ParserExit` has the message of vLLM's parser for flags it does not accept.

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
    """Return the full flag for a name, a unique prefix, or a short flag with its value attached."""
    found = abbreviations.meanings(name)
    if len(found) > 1:
        raise ParserExit(f"{PROGRAM}: error: ambiguous option: {name} could match {', '.join(found)}")
    return found[0] if found else None
