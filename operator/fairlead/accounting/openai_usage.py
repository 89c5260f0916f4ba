"""A tenant's own usage, in the format of OpenAI's usage endpoint for completions, so that its clients can read it."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from fairlead.accounting.usage_ledger import HOUR_SECONDS, UsageKey, UsageTotals


def usage_pieces(rows: Iterable[tuple[UsageKey, UsageTotals]], tenant: str, start: int, end: int) -> Iterator[str]:
    """Format one bucket per hour of only this tenant, with one result and its cost for each model that it named.

    A day whose hours were added up is one bucket, which is there if any of it is in the period.
    """
    own = [one for one in rows if one[0].tenant == tenant and _first(one[0], start) <= one[0].hour < end]
    before = '{"object": "page", "data": ['
    for hour, group in groupby(sorted(own, key=_hour_and_route), key=_hour):
        yield from _bucket(before, hour, list(group))
        before = ", "
    yield f'{"" if own else before}], "has_more": false, "next_page": null}}'


def _first(key: UsageKey, start: int) -> int:
    """Return the earliest start of a bucket in the period: an hour begins in it, a day may have begun before."""
    return start if key.seconds == HOUR_SECONDS else start - key.seconds + 1


def _hour(row: tuple[UsageKey, UsageTotals]) -> int:
    return row[0].hour


def _hour_and_route(row: tuple[UsageKey, UsageTotals]) -> tuple[int, str]:
    return row[0].hour, row[0].route


def _bucket(before: str, hour: int, rows: list[tuple[UsageKey, UsageTotals]]) -> Iterator[str]:
    end = hour + max(key.seconds for key, _ in rows)
    before += f'{{"object": "bucket", "start_time": {hour}, "end_time": {end}, "results": ['
    for route, group in groupby(rows, key=_route):
        yield before + json.dumps(_result(route, [totals for _, totals in group]))
        before = ", "
    yield "]}"


def _route(row: tuple[UsageKey, UsageTotals]) -> str:
    return row[0].route


def _result(route: str, totals: list[UsageTotals]) -> dict[str, object]:
    return {
        "object": "organization.usage.completions.result",
        "model": route,
        "num_model_requests": sum(one.requests for one in totals),
        "input_tokens": sum(one.prompt_tokens for one in totals),
        "input_cached_tokens": sum(one.cached_tokens for one in totals),
        "output_tokens": sum(one.output_tokens for one in totals),
        "cost": round(sum(one.cost for one in totals), 12),
    }
