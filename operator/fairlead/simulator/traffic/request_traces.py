"""Recorded single requests, line by line: Azure's CSV and Mooncake's JSON lines, timed from the first request.

`sizing.traces` reads the same files whole, to describe them; here each line becomes an arrival and is not kept.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.prefix_blocks import BlockConversion

MOONCAKE_BLOCK = 512
_DIGITS = 26
"""Characters of a time stamp down to microseconds; the trace has one digit more."""


def azure(lines: Iterable[str]) -> Iterator[RequestArrival]:
    """`TIMESTAMP,ContextTokens,GeneratedTokens`, in order of time."""
    start: datetime | None = None
    for number, row in enumerate(csv.DictReader(lines), start=2):
        try:
            moment = datetime.fromisoformat(row["TIMESTAMP"][:_DIGITS])
            prompt, output = int(row["ContextTokens"]), int(row["GeneratedTokens"])
        except (KeyError, ValueError, TypeError) as problem:
            raise UnreadableTraffic(
                f"line {number}: {problem!r}; expected TIMESTAMP,ContextTokens,GeneratedTokens"
            ) from problem
        start = start or moment
        yield RequestArrival(
            time=(moment - start).total_seconds(), prompt_tokens=max(prompt, 1), output_tokens=max(output, 1)
        )


def mooncake(lines: Iterable[str], page_tokens: int) -> Iterator[RequestArrival]:
    """`timestamp` in ms, lengths, and one id for each block of 512 tokens."""
    paging = BlockConversion(block_tokens=MOONCAKE_BLOCK, page_tokens=page_tokens)
    start: float | None = None
    for number, line in enumerate(lines, start=1):
        try:
            one = json.loads(line)
            moment, prompt, output = float(one["timestamp"]), int(one["input_length"]), int(one["output_length"])
            prefix = paging.pages(one["hash_ids"], prompt)
        except (KeyError, ValueError, TypeError) as problem:
            raise UnreadableTraffic(
                f"line {number}: {problem!r}; expected timestamp, input_length, output_length, hash_ids"
            ) from problem
        start = moment if start is None else start
        seconds = (moment - start) / 1000
        yield RequestArrival(time=seconds, prompt_tokens=max(prompt, 1), output_tokens=max(output, 1), prefix=prefix)
