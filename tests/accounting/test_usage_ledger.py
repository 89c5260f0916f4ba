"""Usage by hour, tenant, route, target and revision; exported, and bounded."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.accounting import usage_export
from fairlead.accounting.usage_export import BilledParty
from fairlead.accounting.usage_ledger import IDLE, OTHERS, UsageKey, UsageLedger, UsageTotals
from tests.accounting import tenant_pages
from tests.accounting.costs import LARGE, NOON, OUTSIDE, SMALL, attempt, request

HOUR = int(NOON)
DAY = HOUR - 12 * 3600
PARTY = BilledParty(account="ns/gateway", currency="EUR")


def test_each_attempt_is_counted_where_it_ran_and_the_request_where_it_was_answered() -> None:
    ledger = UsageLedger()
    ledger.add(
        request(
            attempt(cost=0.1, answered=False, invalid=True),
            attempt(cost=0.2, retry=True, answered=False, invalid=True),
            attempt(LARGE, cost=0.5, escalation=True, invalid=False),
        ),
        NOON + 1800,
    )
    assert {key.target: row for key, row in ledger.rows()}.keys() == {SMALL, LARGE}
    (small_key, small), (large_key, large) = sorted(ledger.rows(), key=lambda one: one[0].target, reverse=True)
    assert small_key == UsageKey(HOUR, "acme", "chat", SMALL, "r1")
    assert (small.requests, small.attempts, small.retries, small.unanswered, small.invalid) == (0, 2, 1, 2, 2)
    assert (small.cost, small.unanswered_cost) == pytest.approx((0.3, 0.3))
    assert (small.prompt_tokens, small.cached_tokens, small.output_tokens, small.validated) == (200, 80, 20, 2)
    assert large_key == UsageKey(HOUR, "acme", "chat", LARGE, "r1")
    assert (large.requests, large.escalations, large.invalid, large.cost) == (1, 1, 0, 0.5)


def test_idle_capacity_has_rows_of_its_own() -> None:
    ledger = UsageLedger()
    ledger.add_idle(SMALL, "r1", 0.75, NOON)
    ledger.add_idle(SMALL, "r1", 0.25, NOON + 60)
    ((key, row),) = ledger.rows()
    assert (key, row.cost, row.attempts) == (UsageKey(HOUR, "", IDLE, SMALL, "r1"), 1.0, 0)


def test_the_last_full_hour_is_summed_by_target_with_its_idle_time() -> None:
    ledger = UsageLedger()
    ledger.add(request(attempt(cost=0.1), attempt(LARGE, cost=0.5)), NOON)
    ledger.add(request(attempt(cost=0.2)), NOON + 3599)
    ledger.add_idle(SMALL, "r1", 0.7, NOON + 60)
    assert ledger.last_hour(NOON + 3599) == {}
    ledger.add(request(attempt(cost=9.0)), NOON + 3600)
    sums = ledger.last_hour(NOON + 3601)
    assert sums.keys() == {SMALL, LARGE}
    assert sums[SMALL] == pytest.approx((1.0, 2 * 110))
    assert sums[LARGE] == (0.5, 110)
    assert ledger.last_hour(NOON + 7199) is sums, "reckoned once an hour"


def test_exported_hours_are_dropped() -> None:
    ledger = UsageLedger()
    ledger.add(request(attempt()), NOON)
    ledger.add(request(attempt()), NOON + 3600)
    ledger.drop_before(HOUR + 3600)
    assert [key.hour for key, _ in ledger.rows()] == [HOUR + 3600]


def test_beyond_its_rows_the_book_gets_coarser_and_its_sums_stay_true() -> None:
    ledger = UsageLedger(max_rows=2)
    for number in range(10):
        ledger.add(request(attempt(cost=1.0), tenant=f"t{number}"), NOON)
    rows = dict(ledger.rows())
    assert len(rows) == 5
    assert sum(row.cost for row in rows.values()) == 10.0
    assert rows[UsageKey(HOUR, "t2", OTHERS, OTHERS, "")].cost == 1.0
    assert rows[UsageKey(DAY, OTHERS, OTHERS, OTHERS, "", seconds=86_400)].cost == 6.0


def test_a_full_ledger_adds_up_its_oldest_hours_and_keeps_the_latest_as_they_are() -> None:
    ledger = UsageLedger(max_rows=600)
    tenants = ("acme", "shop")
    for hour in range(24 * 14):
        for tenant in tenants:
            ledger.add(request(attempt(cost=1.0), attempt(LARGE, cost=2.0), tenant=tenant), DAY + hour * 3600)
        ledger.add_idle(SMALL, "r1", 0.5, DAY + hour * 3600)
    rows = dict(ledger.rows())
    today, first = DAY + 13 * 86_400, rows[UsageKey(DAY, "acme", OTHERS, OTHERS, "", seconds=86_400)]

    assert sum(row.cost for row in rows.values()) == 24 * 14 * 6.5
    assert (first.cost, first.requests, first.attempts, first.prompt_tokens) == (72.0, 48, 48, 4800)
    assert rows[UsageKey(DAY, "", IDLE, OTHERS, "", seconds=86_400)].cost == 12.0
    assert {key.seconds for key in rows if key.hour > today - 2 * 86_400} == {3600}
    assert ledger.last_hour(today + 86_400) == {SMALL: (2.5, 220), LARGE: (4.0, 220)}

    page = tenant_pages.page_of(ledger.rows(), "acme", DAY, today + 86_400)
    bucket = page["data"][0]
    assert (bucket["start_time"], bucket["end_time"]) == (DAY, DAY + 86_400)
    exported = next(iter(usage_export.focus_rows(ledger.rows(), PARTY)))
    assert (exported["ChargePeriodStart"], exported["ChargePeriodEnd"]) == (
        "2025-11-26T00:00:00Z",
        "2025-11-27T00:00:00Z",
    )


def test_days_that_are_exported_one_after_the_other_hold_every_cost_once_and_a_tenants_page_lacks_no_hour() -> None:
    ledger, exported, tenants = UsageLedger(max_rows=600), 0.0, [f"t{number}" for number in range(20)]
    for hour in range(24 * 4 + 7):
        for tenant in tenants:
            ledger.add(request(attempt(cost=1.0), tenant=tenant), DAY + hour * 3600)
        midnight = DAY + hour // 24 * 86_400
        if hour % 24 == 6 and hour > 24:
            rows = list(ledger.rows(midnight - 86_400, midnight))
            assert any(key.seconds == 86_400 for key, _ in rows)
            exported += sum(float(str(one["BilledCost"])) for one in usage_export.focus_rows(rows, PARTY))
    assert exported == 4 * 24 * len(tenants)

    now = DAY + (24 * 4 + 7) * 3600
    page = tenant_pages.page_of(ledger.rows(), "t1", now - 86_400, now)
    first, *hours = page["data"]
    assert (first["start_time"], first["end_time"]) == (DAY + 3 * 86_400, DAY + 4 * 86_400)
    assert [one["start_time"] for one in hours] == list(range(hours[0]["start_time"], now, 3600))
    assert tenant_pages.page_of(ledger.rows(), "t1", DAY + 4 * 86_400, now)["data"] == hours[-7:]


def test_an_export_that_takes_a_while_holds_every_cost_once_although_rows_are_added_up_meanwhile() -> None:
    ledger, tenants = UsageLedger(max_rows=600), [f"t{number}" for number in range(20)]

    def hours(first: int, last: int) -> None:
        for hour in range(first, last):
            for tenant in tenants:
                ledger.add(request(attempt(cost=1.0), tenant=tenant), DAY + hour * 3600)

    hours(0, 31)
    days = {key for key, _ in ledger.rows() if key.seconds == 86_400}
    reading = ledger.rows(DAY, DAY + 86_400)
    found = [next(reading)]
    hours(31, 60)
    assert days < {key for key, _ in ledger.rows() if key.seconds == 86_400}, "more were added up"
    assert sum(row.cost for _, row in (*found, *reading)) == 24 * len(tenants)


def test_a_ledger_whose_days_have_too_many_tenants_adds_them_up_too() -> None:
    ledger = UsageLedger(max_rows=100)
    for hour in range(48):
        for number in range(60):
            ledger.add(request(attempt(cost=1.0), tenant=f"t{number}"), DAY + hour * 3600)
    rows = dict(ledger.rows())

    assert sum(row.cost for row in rows.values()) == 48 * 60
    assert rows[UsageKey(DAY, OTHERS, OTHERS, OTHERS, "", seconds=86_400)].cost == 24 * 60
    assert [rows[UsageKey(DAY + 47 * 3600, f"t{number}", "chat", SMALL, "r1")].cost for number in (0, 29)] == [1.0, 1.0]
    assert len(rows) <= 200


def test_a_day_is_dropped_when_its_last_hour_is_too_old() -> None:
    ledger = UsageLedger(max_rows=2)
    for hour in range(4):
        ledger.add(request(attempt(cost=1.0)), DAY + hour * 3600)
    ledger.drop_before(DAY + 86_399)
    assert [key.seconds for key, _ in ledger.rows()] == [86_400]
    ledger.drop_before(DAY + 86_400)
    assert list(ledger.rows()) == []


@given(st.lists(st.tuples(st.text(max_size=2), st.floats(0, 5), st.integers(0, 9)), max_size=60))
def test_the_sum_of_all_rows_is_always_what_all_attempts_cost(story: list[tuple[str, float, int]]) -> None:
    ledger = UsageLedger(max_rows=5)
    for tenant, cost, hour in story:
        ledger.add(request(attempt(cost=cost), tenant=tenant), NOON + hour * 3600)
    assert sum(row.cost for _, row in ledger.rows()) == pytest.approx(sum(cost for _, cost, _ in story))
    assert len(list(ledger.rows())) <= 11


def exported() -> UsageLedger:
    ledger = UsageLedger()
    ledger.add(request(attempt(cost=0.1), attempt(OUTSIDE, cost=0.00000025, fallback=True)), NOON)
    ledger.add(request(attempt(cost=0.5), tenant='o"ther,'), NOON)
    ledger.add_idle(SMALL, "r1", 1.0, NOON)
    return ledger


def test_rows_have_the_columns_of_focus() -> None:
    idle, outside, own, *_ = list(usage_export.focus_rows(exported().rows(), PARTY))
    assert own == {
        "BilledCost": 0.1,
        "EffectiveCost": 0.1,
        "ListCost": 0.1,
        "ContractedCost": 0.1,
        "BillingCurrency": "EUR",
        "BillingAccountId": "ns/gateway",
        "BillingAccountName": "ns/gateway",
        "BillingPeriodStart": "2025-11-01T00:00:00Z",
        "BillingPeriodEnd": "2025-12-01T00:00:00Z",
        "ChargePeriodStart": "2025-11-26T12:00:00Z",
        "ChargePeriodEnd": "2025-11-26T13:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": "Tokens of chat at ns/small",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": 110,
        "ConsumedUnit": "Tokens",
        "PricingQuantity": 110,
        "PricingUnit": "Tokens",
        "ProviderName": "Fairlead",
        "PublisherName": "Fairlead",
        "InvoiceIssuerName": "Fairlead",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "Inference gateway",
        "ResourceId": "ns/small",
        "ResourceName": "ns/small",
        "ResourceType": "InferenceDeployment",
        "SubAccountId": "acme",
        "SubAccountName": "acme",
        "Tags": '{"route":"chat","revision":"r1"}',
        "x_Route": "chat",
        "x_Revision": "r1",
        "x_Requests": 1,
        "x_Attempts": 1,
        "x_Retries": 0,
        "x_Fallbacks": 0,
        "x_Escalations": 0,
        "x_InvalidAnswers": 0,
        "x_PromptTokens": 100,
        "x_CachedTokens": 40,
        "x_OutputTokens": 10,
        "x_PrefillCost": 0.0625,
        "x_CachedCost": 0.0125,
        "x_DecodeCost": 0.025,
        "x_UnansweredCost": 0.0,
    }
    assert (outside["ResourceType"], outside["x_Fallbacks"]) == ("External API", 1)
    assert (idle["SubAccountId"], idle["ChargeDescription"]) == (None, "Idle capacity of ns/small")


def test_csv_and_json_say_the_same() -> None:
    rows = list(usage_export.focus_rows(exported().rows(), PARTY))
    table = "".join(usage_export.csv_pieces(rows))
    read = list(csv.DictReader(io.StringIO(table)))
    assert [float(one["BilledCost"]) for one in read] == [one["BilledCost"] for one in rows]
    assert [one["SubAccountId"] for one in read] == [one["SubAccountId"] or "" for one in rows]
    assert "0.00000025," in table
    assert json.loads("".join(usage_export.json_pieces(rows))) == rows
    assert "".join(usage_export.csv_pieces([])) == f"{table.splitlines()[0]}\n"
    assert list(usage_export.json_pieces([])) == ["[]"]


def test_totals_begin_at_nothing() -> None:
    assert UsageTotals().cost == 0.0
