"""From an external API a client gets the headers that describe the answer, and none that identify the account."""

import pytest

from fairlead.router.wire import header_lines
from fairlead.router.wire.header_lines import HeaderDestination


@pytest.mark.parametrize("line", [b"content-type: application/json", b"Cache-Control: no-store", b"retry-after: 3"])
def test_what_describes_the_answer_is_passed_on(line: bytes) -> None:
    assert header_lines.of_outside_response(line + b"\r\n").way is HeaderDestination.ON


@pytest.mark.parametrize("line", [b"set-cookie: a=b", b"openai-organization: ours", b"x-ratelimit-limit-requests: 9"])
def test_what_is_about_our_account_there_ends_here(line: bytes) -> None:
    assert header_lines.of_response(line + b"\r\n").way is HeaderDestination.ON, "an engine's own would be passed on"
    assert header_lines.of_outside_response(line + b"\r\n").way is HeaderDestination.ENDS_HERE
