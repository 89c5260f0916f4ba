"""SGLang 0.5.23's flags, as far as the emulator acts on them: `srt/arg_groups/fields`.

Every other flag of SGLang is ignored with its value, whatever that is; what its parser does not accept of these gets
its error. It completes abbreviations, but accepts no underscores.
"""

import argparse
from collections.abc import Sequence
from typing import Final

from fairlead.emulator.command_line import FlagParser, ParserExit
from fairlead.emulator.sglang import choices
from fairlead.engines import extra_args
from fairlead.engines.sglang import abbreviations, host_cache, parsers, written_numbers

PROGRAM: Final = "sglang serve"
LOG_INTERVAL: Final = 40
"""Steps between two updates of the gauges, unless a flag says otherwise."""


def parser() -> FlagParser:
    """Return a parser of all these flags, each under SGLang's name."""
    parser = FlagParser(prog=PROGRAM, add_help=False, allow_abbrev=False)
    for add in (_server, _scheduler, _memory, _features, _answers):
        add(parser)
    return parser


def completed(words: Sequence[str]) -> list[str]:
    """Expand flags to full names; raise `ParserExit` for those that SGLang's parser does not accept."""
    taken: list[str] = []
    left: list[str] = []
    strange = False
    for word in words:
        name = word.partition("=")[0]
        if extra_args.flag(word) is not None and name != "--" and " " not in name:
            full = _full(name)
            strange = full is None
            (left if full is None else taken).append(word if full is None else full + word[len(name) :])
        else:
            (left if strange else taken).append(word)
    if left:
        raise ParserExit(f"{PROGRAM}: error: unrecognized arguments: {' '.join(left)}")
    return taken


def _full(name: str) -> str | None:
    found = abbreviations.meanings(name)
    if len(found) > 1:
        raise ParserExit(f"{PROGRAM}: error: ambiguous option: {name} could match {', '.join(found)}")
    return found[0] if found else None


def _tokens(word: str) -> int:
    try:
        return written_numbers.tokens(word)
    except ValueError as no:
        raise argparse.ArgumentTypeError(str(no)) from None


def _server(parser: FlagParser) -> None:
    parser.add_argument("--model-path", "--model", dest="model")
    parser.add_argument("--served-model-name")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=30000)
    parser.add_argument("--api-key")
    parser.add_argument("--admin-api-key")


def _scheduler(parser: FlagParser) -> None:
    for flag in ("--max-running-requests", "--max-queued-requests", "--chunked-prefill-size", "--page-size"):
        parser.add_argument(flag, type=int)
    parser.add_argument("--context-length", type=_tokens)
    parser.add_argument("--disable-radix-cache", action="store_true")
    parser.add_argument("--disable-overlap-schedule", action="store_true")
    parser.add_argument("--enable-priority-scheduling", action="store_true")
    parser.add_argument("--schedule-policy", choices=choices.POLICIES, default="fcfs")
    parser.add_argument("--load-balance-method", choices=choices.BALANCES)
    parser.add_argument("--schedule-low-priority-values-first", action="store_true")
    parser.add_argument("--default-priority-value", type=int)
    parser.add_argument("--allow-auto-truncate", action="store_true")


def _memory(parser: FlagParser) -> None:
    parser.add_argument("--mem-fraction-static", type=float)
    parser.add_argument("--max-total-tokens", type=_tokens)
    parser.add_argument("--kv-cache-dtype", choices=choices.CACHES, default="auto")
    parser.add_argument("--dtype", choices=choices.DTYPES, default="auto")
    parser.add_argument("--quantization", choices=choices.QUANTIZATIONS)
    parser.add_argument("--tp-size", "--tensor-parallel-size", dest="tensor", type=int, default=1)
    parser.add_argument("--pp-size", "--pipeline-parallel-size", dest="pipeline", type=int, default=1)
    parser.add_argument("--dp-size", "--data-parallel-size", dest="data", type=int, default=1)
    parser.add_argument("--ep-size", "--ep", "--expert-parallel-size", dest="experts", type=int, default=1)
    parser.add_argument("--ep-num-redundant-experts", dest="redundant", type=int, default=0)
    parser.add_argument("--attn-dp-size", "--attention-data-parallel-size", dest="attention", type=int, default=1)
    parser.add_argument("--enable-dp-attention", dest="by_copies", action="store_true")
    parser.add_argument("--cpu-offload-gb", type=int, default=0)
    parser.add_argument(*host_cache.SWITCHES, dest="hierarchical", action="store_true")
    parser.add_argument(host_cache.SIZE, dest="host_gigabytes", type=int, default=0)
    for flag in ("--disable-cuda-graph", "--disable-decode-cuda-graph"):
        parser.add_argument(flag, dest="eager", action="store_true")


def _features(parser: FlagParser) -> None:
    parser.add_argument("--speculative-algorithm")
    parser.add_argument("--speculative-draft-model-path", "--speculative-draft-model", dest="draft")
    parser.add_argument("--speculative-num-draft-tokens", type=int)
    parser.add_argument("--enable-lora", action="store_true")
    parser.add_argument("--lora-paths", nargs="*", default=[])
    parser.add_argument("--max-loras-per-batch", type=int, default=8)
    parser.add_argument("--max-lora-rank", type=int)
    parser.add_argument("--lora-target-modules", nargs="*", default=[])
    parser.add_argument("--language-model-only", action="store_true")


def _answers(parser: FlagParser) -> None:
    parser.add_argument("--enable-metrics", action="store_true")
    parser.add_argument("--enable-cache-report", action="store_true")
    parser.add_argument("--decode-log-interval", type=int, default=LOG_INTERVAL)
    parser.add_argument("--bucket-time-to-first-token", nargs="+", type=float, default=[])
    parser.add_argument("--tool-call-parser", choices=parsers.TOOLS)
    parser.add_argument("--reasoning-parser", choices=parsers.REASONING)
