"""A tenant's page of usage, as its clients read it."""

import json
from collections.abc import Iterable
from typing import Any

from fairlead.accounting import openai_usage
from fairlead.accounting.usage_ledger import UsageKey, UsageTotals


def page_of(rows: Iterable[tuple[UsageKey, UsageTotals]], tenant: str, start: int, end: int) -> dict[str, Any]:
    """A tenant's page, as it reads it."""
    found: dict[str, Any] = json.loads("".join(openai_usage.usage_pieces(rows, tenant, start, end)))
    return found
