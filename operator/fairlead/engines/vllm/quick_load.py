"""The few numbers of vLLM's metrics that a router needs every second, found in the page's bytes without parsing it.

A page has some 600 lines and a router reads one of each engine a second, so only the wanted lines are parsed.
Scaling uses the checked figures of `load_parser`; these only break ties between engines.
"""

import re
from typing import Final

from fairlead.engines.http_api import QuickLoad

RUNNING: Final = b"\nvllm:num_requests_running{"
WAITING: Final = b"\nvllm:num_requests_waiting{"
USAGE: Final = b"\nvllm:kv_cache_usage_perc{"
CAPACITY: Final = b"\nvllm:cache_config_info{"
_KV_TOKENS: Final = re.compile(rb'[{,]kv_cache_size_tokens="(\d{1,15})"')
_BLOCKS: Final = re.compile(rb'[{,]num_gpu_blocks="(\d{1,15})"')
_BLOCK_TOKENS: Final = re.compile(rb'[{,]block_size="(\d{1,15})"')


def read(page: bytes) -> QuickLoad | None:
    """None for a page that is not vLLM's, or whose running, waiting or cache figures are broken."""
    running, waiting, usage = _values(page, RUNNING), _values(page, WAITING), _values(page, USAGE)
    if not running or not waiting or not usage:
        return None
    return QuickLoad(running=sum(running), waiting=sum(waiting), kv_usage=max(usage), kv_tokens=_kv_tokens(page))


def _values(page: bytes, beginning: bytes) -> list[float]:
    """The numbers of all lines that begin so; a time stamp may follow each."""
    found: list[float] = []
    at = page.find(beginning)
    while at >= 0:
        end = page.find(b"\n", at + 1)
        line = page[at + 1 : end if end >= 0 else len(page)]
        words = line.rpartition(b"}")[2].split()
        try:
            value = float(words[0])
        except (IndexError, ValueError):
            return []
        if not 0.0 <= value < 1e12:
            return []
        found.append(value)
        at = page.find(beginning, end) if end >= 0 else -1
    return found


def _kv_tokens(page: bytes) -> int | None:
    at = page.find(CAPACITY)
    if at < 0:
        return None
    end = page.find(b"\n", at + 1)
    line = page[at : end if end >= 0 else len(page)]
    if (tokens := _KV_TOKENS.search(line)) is not None:
        return int(tokens[1])
    blocks, size = _BLOCKS.search(line), _BLOCK_TOKENS.search(line)
    return None if blocks is None or size is None else int(blocks[1]) * int(size[1])
