"""How an SGLang server ends: after SIGTERM, by flags that it does not accept, by the death of its scheduler."""

import signal
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.conformance import servers
from tests.conformance.configurations import SGLANG_DRAINING
from tests.conformance.endpoint import DONE, stop
from tests.conformance.servers import Configuration
from tests.waiting import eventually

IDS: Final = [5, 6, 7, 8]


def test_after_sigterm_it_answers_all_requests_and_ends_at_its_next_check(sglang_stage: Path) -> None:
    """A run showed it: probes fail at once, streams run to their end, and new requests are still accepted."""
    with servers.running(SGLANG_DRAINING, sglang_stage) as endpoint:
        stream = endpoint.open("/v1/completions", prompt=IDS, max_tokens=400, ignore_eos=True, stream=True)
        with closing(stream):
            stream.take(2)
            endpoint.send_signal(signal.SIGTERM)
            eventually(lambda: endpoint.get("/ready").status == 503, "its probe says no", 5)
            assert endpoint.get("/health").status == 503
            assert endpoint.complete("hello", max_tokens=1).status == 200
            *_, last = list(stream.events())
        assert last == DONE
        assert endpoint.ended(30) == 0


STRANGE: Final = {
    "a flag of nobody": (("--sead", "2"), "sglang serve: error: unrecognized arguments: --sead 2"),
    "an underscore": (("--max_total_tokens", "2"), "sglang serve: error: unrecognized arguments: --max_total_tokens 2"),
    "a beginning of several flags": (
        ("--enable-met", "2"),
        "sglang serve: error: ambiguous option: --enable-met could",
    ),
    "a parser that nobody has": (
        ("--tool-call-parser", "hermess"),
        "sglang serve: error: argument --tool-call-parser:",
    ),
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_flag_that_it_does_not_accept_ends_its_start(what: str, sglang_stage: Path) -> None:
    flags, words = STRANGE[what]
    strange = Configuration(name="strange", words=SGLANG_DRAINING.words, flags=flags)
    endpoint = servers.launched(strange, sglang_stage, servers.chosen())
    try:
        assert endpoint.ended() == 2
        assert endpoint.log is not None
        assert words in endpoint.log.read_text(errors="replace")
    finally:
        stop(endpoint.owned())


def test_the_death_of_its_scheduler_is_reported_to_no_client_and_kills_it(sglang_stage: Path) -> None:
    """A run showed it: gone 5.8 s after the scheduler, by SIGKILL, with all requests in flight."""
    with servers.running(SGLANG_DRAINING, sglang_stage) as endpoint:
        assert endpoint.post("/fairlead/v1/faults", fault="engine-death", tokens=1).status == 200
        stream = endpoint.open("/v1/completions", prompt=IDS, max_tokens=400, ignore_eos=True, stream=True)
        with closing(stream):
            assert endpoint.ended(15) == -signal.SIGKILL
