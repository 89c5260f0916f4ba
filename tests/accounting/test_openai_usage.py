"""A tenant's own usage, as OpenAI's clients read it."""

import json

from fairlead.accounting import openai_usage
from fairlead.accounting.usage_ledger import UsageLedger
from tests.accounting.costs import NOON, attempt, request
from tests.accounting.tenant_pages import page_of
from tests.accounting.test_usage_ledger import HOUR, exported


def test_a_tenant_reads_its_own_usage_as_openais_clients_do() -> None:
    ledger = exported()
    ledger.add(request(attempt(), route="code"), NOON + 3600)
    page = page_of(ledger.rows(), "acme", HOUR, HOUR + 7200)
    result = {
        "object": "organization.usage.completions.result",
        "model": "chat",
        "num_model_requests": 2,
        "input_tokens": 200,
        "input_cached_tokens": 80,
        "output_tokens": 20,
        "cost": 0.10000025,
    }
    later = {**result, "model": "code", "num_model_requests": 1, "input_tokens": 100, "input_cached_tokens": 40}
    assert page == {
        "object": "page",
        "data": [
            {"object": "bucket", "start_time": HOUR, "end_time": HOUR + 3600, "results": [result]},
            {
                "object": "bucket",
                "start_time": HOUR + 3600,
                "end_time": HOUR + 7200,
                "results": [{**later, "output_tokens": 10, "cost": 0.25}],
            },
        ],
        "has_more": False,
        "next_page": None,
    }
    assert page_of(ledger.rows(), "nobody", 0, 2**62)["data"] == []
    assert page_of(ledger.of("acme"), "acme", HOUR, HOUR + 7200) == page
    assert ledger.of("") == [], "idle time is no tenant's"


def test_no_piece_of_a_tenants_page_has_more_than_one_result() -> None:
    """Pieces are made some at a time, and streams wait meanwhile."""
    ledger = UsageLedger()
    for hour in range(3):
        for number in range(10):
            ledger.add(request(attempt(), route=f"model-{number}"), NOON + hour * 3600)
    pieces = list(openai_usage.usage_pieces(ledger.of("acme"), "acme", 0, 2**62))
    assert max(piece.count("num_model_requests") for piece in pieces) == 1
    assert [len(one["results"]) for one in json.loads("".join(pieces))["data"]] == [10, 10, 10]
