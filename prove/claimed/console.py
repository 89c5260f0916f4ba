"""The claim about the console: real Chromium, a real API server, and pages that are rendered from hostile names."""

from typing import Final

from prove import programs
from prove.claims import Claim, Figure

PAGES: Final = ("tests/console", "tests/process/test_console_server.py", "tests/cli/test_console.py")
BROWSER: Final = "tests/conformance/test_console_in_chromium.py"
API_SERVER: Final = "tests/apiserver/test_console.py"


def shows_to_whom_kubernetes_lets_read() -> Figure:
    """Pages, then the browser, then the API server."""
    pages = programs.pytest(*PAGES)
    seen = programs.pytest(BROWSER, "-m", "conformance")
    decided = programs.pytest(API_SERVER, "-m", "apiserver")
    return Figure(
        holds=all(one.ok and one.tests.all_passed for one in (pages, seen, decided)),
        text=f"pages: {pages.tests}; nine views in Chromium at 1280 and 390 px, light and dark, with 500 "
        f"deployments in under 1 s: {seen.tests}; 200, 401 and 403 by a real API server, also through its "
        f"proxy: {decided.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="seeing.3",
        title="The console in real Chromium: every view at 1280 and 390 px, no console error, no external request, "
        "hostile names escaped, 500 deployments in under 1 s, 401 and 403 by Kubernetes; on made-up decisions, not yet "
        "on a live fleet",
        prove=shows_to_whom_kubernetes_lets_read,
        slow=True,
    ),
)
