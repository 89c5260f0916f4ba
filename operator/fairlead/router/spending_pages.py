"""What a tenant reads and says of its own spending: its usage by hour, and whether its tasks succeeded."""

from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from fairlead.accounting import openai_usage
from fairlead.accounting.task_outcomes import NAME_CHARACTERS, OutcomeReceipt
from fairlead.accounting.usage_ledger import IDLE
from fairlead.router import refusals
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.routing.refusal import Refusal

USAGE: Final = b"/v1/usage"
OUTCOMES: Final = b"/fairlead/v1/outcomes"
DAY: Final = 86_400
MOST_BODY: Final = 4096
"""Bytes of a report of an outcome."""
LATEST: Final = 10**11


class TaskOutcome(msgspec.Struct, gc=False):
    """A report of how a task ended."""

    task: str
    success: bool


_decode: Final = msgspec.json.Decoder(TaskOutcome).decode


def usage(context: RouterContext, head: RequestHead) -> dict[str, Any] | Problem:
    """The tenant's own usage from `start_time` on and before `end_time`; without them, of the last day."""
    account = context.account(head.key)
    if isinstance(account, Refusal):
        return refusals.of(account)
    query = parse_qs(head.query.decode("latin-1"))
    end = _moment(query, "end_time", int(context.spending.wall(context.now())) + 1)
    start = _moment(query, "start_time", 0 if end is None else max(0, end - DAY))
    if start is None or end is None:
        return refusals.no_moment()
    rows = (row for row in context.spending.ledger.rows() if row[0].route != IDLE)
    return openai_usage.usage_page(rows, account.name, start, end)


def outcome(context: RouterContext, head: RequestHead, body: bytes) -> dict[str, Any] | Problem:
    """Whether a task of the tenant succeeded; its requests named it in `x-fairlead-task`."""
    account = context.account(head.key)
    if isinstance(account, Refusal):
        return refusals.of(account)
    try:
        report = _decode(body[: MOST_BODY + 1])
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        return refusals.no_outcome(str(problem))
    receipt = context.spending.outcomes.report(account.name, report.task, success=report.success)
    if receipt is OutcomeReceipt.UNKNOWN_TASK:
        return refusals.unknown_task(report.task[:NAME_CHARACTERS])
    return {"task": report.task[:NAME_CHARACTERS], "success": report.success, "result": receipt.value}


def _moment(query: dict[str, list[str]], name: str, default: int | None) -> int | None:
    """Seconds since the epoch; nothing for what is no number."""
    given = query.get(name)
    if given is None:
        return default
    return min(int(given[-1]), LATEST) if given[-1].isascii() and given[-1].isdigit() else None
