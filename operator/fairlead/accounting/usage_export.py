"""Usage as rows that cost tools read: the columns of FOCUS 1.2, and ours under `x_`; as CSV or JSON.

FOCUS is the FinOps Foundation's open specification of cost and usage data. Rows hold only the columns that a gateway
knows: there is no invoice, no list price apart from the cost, and no discount.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from fairlead.accounting import budget_periods
from fairlead.accounting.usage_ledger import IDLE, UsageKey, UsageTotals
from fairlead.fleet.light_dataclass import light

FocusValue = str | int | float | None
DECIMALS: Final = 12


@light
class BilledParty:
    """The source of the rows."""

    account: str
    """The gateway, as namespace/name."""
    currency: str = "USD"
    provider: str = "Fairlead"


def focus_rows(rows: Iterable[tuple[UsageKey, UsageTotals]], party: BilledParty) -> Iterator[dict[str, FocusValue]]:
    """Yield one row for each ledger row."""
    for key, totals in rows:
        yield {
            **_costs(totals, party),
            **_periods(key),
            **_charge(key, totals),
            **_service(key, party),
            **_ours(key, totals),
        }


def csv_pieces(rows: Iterable[dict[str, FocusValue]]) -> Iterator[str]:
    """Format as CSV, row by row, with a header line also if there is no row; None is an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(), lineterminator="\n")
    writer.writeheader()
    yield text.getvalue()
    for row in rows:
        text.seek(0)
        text.truncate()
        writer.writerow({name: "" if value is None else _plain(value) for name, value in row.items()})
        yield text.getvalue()


def _columns() -> tuple[str, ...]:
    """The same in each row, whatever is in it."""
    return tuple(next(focus_rows([(UsageKey(0, "", "", "", ""), UsageTotals())], BilledParty(account=""))))


def json_pieces(rows: Iterable[dict[str, FocusValue]]) -> Iterator[str]:
    """Format as a list of objects, row by row."""
    before = "["
    for row in rows:
        yield before + json.dumps(row, separators=(",", ":"))
        before = ","
    yield "[]" if before == "[" else "]"


def _costs(totals: UsageTotals, party: BilledParty) -> dict[str, FocusValue]:
    cost = round(totals.cost, DECIMALS)
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "ContractedCost": cost,
        "BillingCurrency": party.currency,
        "BillingAccountId": party.account,
        "BillingAccountName": party.account,
    }


def _periods(key: UsageKey) -> dict[str, FocusValue]:
    month = budget_periods.period_start(key.hour, monthly=True), budget_periods.period_end(key.hour, monthly=True)
    return {
        "BillingPeriodStart": _moment(month[0]),
        "BillingPeriodEnd": _moment(month[1]),
        "ChargePeriodStart": _moment(key.hour),
        "ChargePeriodEnd": _moment(key.hour + key.seconds),
    }


def _charge(key: UsageKey, totals: UsageTotals) -> dict[str, FocusValue]:
    tokens = totals.prompt_tokens + totals.output_tokens
    what = f"Idle capacity of {key.target}" if key.route == IDLE else f"Tokens of {key.route} at {key.target}"
    return {
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": what,
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": tokens,
        "ConsumedUnit": "Tokens",
        "PricingQuantity": tokens,
        "PricingUnit": "Tokens",
    }


def _service(key: UsageKey, party: BilledParty) -> dict[str, FocusValue]:
    return {
        "ProviderName": party.provider,
        "PublisherName": party.provider,
        "InvoiceIssuerName": party.provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "Inference gateway",
        "ResourceId": key.target,
        "ResourceName": key.target,
        "ResourceType": "External API" if key.external else "InferenceDeployment",
        "SubAccountId": key.tenant or None,
        "SubAccountName": key.tenant or None,
        "Tags": json.dumps({"route": key.route, "revision": key.revision}, separators=(",", ":")),
    }


def _ours(key: UsageKey, totals: UsageTotals) -> dict[str, FocusValue]:
    return {
        "x_Route": key.route,
        "x_Revision": key.revision,
        "x_Requests": totals.requests,
        "x_Attempts": totals.attempts,
        "x_Retries": totals.retries,
        "x_Fallbacks": totals.fallbacks,
        "x_Escalations": totals.escalations,
        "x_InvalidAnswers": totals.invalid,
        "x_PromptTokens": totals.prompt_tokens,
        "x_CachedTokens": totals.cached_tokens,
        "x_OutputTokens": totals.output_tokens,
        "x_PrefillCost": round(totals.prefill_cost, DECIMALS),
        "x_CachedCost": round(totals.cached_cost, DECIMALS),
        "x_DecodeCost": round(totals.decode_cost, DECIMALS),
        "x_UnansweredCost": round(totals.unanswered_cost, DECIMALS),
    }


def _plain(value: str | float) -> str:
    """Format numbers without an exponent, which not every reader accepts."""
    return format(value, f".{DECIMALS}f").rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
