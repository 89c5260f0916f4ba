"""Pages on spending: a tenant's own usage by hour, everyone's usage for cost tools, and reports of how tasks ended."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from fairlead.accounting import openai_usage, usage_export
from fairlead.accounting.task_outcomes import NAME_CHARACTERS, OutcomeReceipt
from fairlead.accounting.usage_export import BilledParty, FocusValue
from fairlead.fleet.light_dataclass import light
from fairlead.router import refusals
from fairlead.router.long_pages import LongPage
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.routing.refusal import Refusal

USAGE: Final = b"/v1/usage"
EXPORT: Final = b"/fairlead/v1/usage"
JSON: Final = b"application/json"
CSV: Final = b"text/csv; charset=utf-8"
OUTCOMES: Final = b"/fairlead/v1/outcomes"
DAY: Final = 86_400
MAX_BODY: Final = 4096
"""Bytes of an outcome report."""
LATEST: Final = 10**11
MAX_DIGITS: Final = 12
"""Enough for any later moment; Python refuses to read a number of thousands of them."""


@light
class ExportFormat:
    """A format of the export."""

    content_type: bytes
    pieces: Callable[[Iterable[dict[str, FocusValue]]], Iterator[str]]


FORMATS: Final = {
    "json": ExportFormat(content_type=JSON, pieces=usage_export.json_pieces),
    "csv": ExportFormat(content_type=CSV, pieces=usage_export.csv_pieces),
}


class TaskOutcome(msgspec.Struct, gc=False):
    """A report of how a task ended."""

    task: str
    success: bool


_decode: Final = msgspec.json.Decoder(TaskOutcome).decode


def usage(context: RouterContext, head: RequestHead) -> LongPage | Problem:
    """Return the tenant's own usage from `start_time` to before `end_time`; by default, of the last day."""
    account = context.account(head.key)
    if isinstance(account, Refusal):
        return refusals.of(account)
    period = _period(context, parse_qs(head.query.decode("latin-1")))
    if period is None:
        return refusals.no_moment()
    return LongPage(pieces=_usage_pieces(context, account.name, period), content_type=JSON)


def _usage_pieces(context: RouterContext, tenant: str, period: tuple[int, int]) -> Iterator[str]:
    """Yield the page; its rows are looked for when its turn comes, so that pages that wait hold none."""
    yield from openai_usage.usage_pieces(context.spending.ledger.of(tenant), tenant, *period)


def export(context: RouterContext, head: RequestHead) -> LongPage | Problem:
    """Return everyone's usage and all idle time of a period in FOCUS' columns.

    A row that begins before the period is not in it, or a tool that reads one period after the other bills it twice.
    """
    query = parse_qs(head.query.decode("latin-1"))
    period, wanted = _period(context, query), query.get("format", ["json"])[-1]
    form = FORMATS.get(wanted)
    if period is None:
        return refusals.no_moment()
    if form is None:
        return refusals.no_format(wanted, FORMATS)
    rows = context.spending.ledger.rows(*period)
    found = usage_export.focus_rows(rows, BilledParty(account=context.settings.rendered_from.rpartition(" ")[2]))
    return LongPage(pieces=form.pieces(found), content_type=form.content_type)


def outcome(context: RouterContext, head: RequestHead, body: bytes) -> dict[str, Any] | Problem:
    """Record whether a task of the tenant succeeded; its requests named it in `x-fairlead-task`."""
    account = context.account(head.key)
    if isinstance(account, Refusal):
        return refusals.of(account)
    try:
        report = _decode(body[: MAX_BODY + 1])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return refusals.no_outcome(str(problem))
    receipt = context.spending.outcomes.report(account.name, report.task, success=report.success)
    if receipt is OutcomeReceipt.UNKNOWN_TASK:
        return refusals.unknown_task(report.task[:NAME_CHARACTERS])
    return {"task": report.task[:NAME_CHARACTERS], "success": report.success, "result": receipt.value}


def _period(context: RouterContext, query: dict[str, list[str]]) -> tuple[int, int] | None:
    """Parse a period, by default the last day: from its start to before its end; None if either is invalid."""
    end = _moment(query, "end_time", int(context.spending.wall(context.now())) + 1)
    start = _moment(query, "start_time", 0 if end is None else max(0, end - DAY))
    return None if start is None or end is None else (start, end)


def _moment(query: dict[str, list[str]], name: str, default: int | None) -> int | None:
    """Parse seconds since the epoch; None if it is not a number."""
    given = query.get(name)
    if given is None:
        return default
    digits = given[-1]
    return min(int(digits[:MAX_DIGITS]), LATEST) if digits.isascii() and digits.isdigit() else None
