"""docs/reference/bad-requests.md: the reply to each bad request, from the table that the tests use.

`python -m house.bad_requests_page` writes it; a test fails when it is stale.
"""

from typing import Final

from fairlead.router.wire import problems
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.protocol_faults import ProtocolFault
from fairlead.router.wire.request_heads import MalformedRequest
from fairlead.router.wire.requests import RequestReader
from fairlead.router.wire.surfaces import Surface
from house.tree import ROOT
from tests.router.wire.bad_requests import CHUNKED_BODIES, FIRST_LINES, FRAMING, HEADERS, LIMITS, BadRequest

PAGE: Final = "docs/reference/bad-requests.md"
TITLES: Final = {
    "Where the message ends": FRAMING,
    "Headers": HEADERS,
    "The first line, and other protocols": FIRST_LINES,
    "Chunked bodies": CHUNKED_BODIES,
}
HEAD: Final = """\
# Bad requests, and what each gets

Written by `python -m house.bad_requests_page` from `tests/router/wire/bad_requests.py`; changes here are lost. Each of
the {count} requests is sent whole, cut in two at every byte, and after a good request, with the same reply each time:
an error in OpenAI's format (in Anthropic's on `/v1/messages`) with the code below. The connection is then closed, since
it is not certain where a next request would begin. The limits in the table are smaller than a router's own.
"""


def page() -> str:
    """Build the whole page."""
    count = sum(len(rows) for rows in TITLES.values())
    parts = [HEAD.format(count=count), *(_table(title, rows) for title, rows in TITLES.items()), _codes()]
    return "\n".join(parts)


def _table(title: str, rows: tuple[BadRequest, ...]) -> str:
    lines = [f"| {row.what} | {row.status} | `{row.code}` | {_answer(row)} |" for row in rows]
    return f"## {title}\n\n| sent | status | code | message |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"


def _answer(row: BadRequest) -> str:
    found = RequestReader(LIMITS, HeadCache()).feed(row.sent)
    assert isinstance(found, MalformedRequest)
    return found.message.replace("|", "\\|").replace("<", "&lt;")


def _codes() -> str:
    shown = problems.of_bad(MalformedRequest(ProtocolFault.HOST_MISSING, "Host is missing: HTTP/1.1 asks for it"))
    answer = problems.answer(shown, Surface.CHAT, close=True).decode().replace("\r\n", "\n")
    return f"## An answer\n\n```http\n{answer}\n```\n"


def main() -> None:
    """Write the page."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
