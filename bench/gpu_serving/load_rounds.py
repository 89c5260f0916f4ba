"""`vllm bench serve` several times in one process, since importing it takes longer than a round.

Run by vLLM's interpreter; reads rounds as JSON from standard input, and prints each result at once as a line of JSON.
"""

import importlib
import json
import sys
from typing import Any, Final

MARK: Final = "round "
"""Prefix of a result's line: vLLM prints lines of its own."""

KEPT: Final = (
    *("completed", "failed", "duration", "output_throughput", "total_token_throughput"),
    *("median_ttft_ms", "p99_ttft_ms", "median_tpot_ms", "p99_tpot_ms", "median_itl_ms", "p99_itl_ms"),
)


def main() -> int:
    """Run every round in turn."""
    serve = importlib.import_module("vllm.benchmarks.serve")
    parser = importlib.import_module("vllm.utils.argparse_utils").FlexibleArgumentParser()
    serve.add_cli_args(parser)
    for words in json.load(sys.stdin):
        found: dict[str, Any] = serve.main(parser.parse_args(words))
        print(MARK + json.dumps({name: found.get(name) for name in KEPT}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
