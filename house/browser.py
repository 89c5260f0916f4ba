"""Drives one page of a real Chromium through its debugging pipe: rendering, keys and printing.

Nothing is downloaded and no port is opened; `house.chromium` finds the program.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

OPTIONS: Final = (
    *("--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-default-browser-check"),
    # Root cannot use the sandbox; the page is our own.
    *("--no-sandbox", "--disable-dev-shm-usage", "about:blank"),
)
LAUNCH: Final = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
"""Moves the pipes to the file descriptors that the protocol expects."""
KEYS: Final = MappingProxyType({"Tab": 9, "Enter": 13, "ArrowRight": 39, "End": 35})
"""Windows key codes, as the protocol requires."""


class BrowserFailed(Exception):
    """The browser ended, or refused a command."""


class BrowserPage:
    """The only page of a browser."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._left, self._number, self._session = b"", 0, ""
        self.requests: list[str] = []
        """Every address that the page requested."""
        self.errors: list[str] = []
        """Errors in the browser's console: exceptions, failed loads, and violations of the page's policy."""
        target = self._order("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._order("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._order(f"{domain}.enable")

    def open(self, url: str, leads_to: str | None = None) -> None:
        """Load the page, and wait until it, or the page that it leads to, has loaded completely."""
        self._order("Page.navigate", url=url)
        while self.value("document.readyState + location.href") != f"complete{leads_to or url}":
            pass

    def resize(self, width: int, height: int, scheme: str = "light") -> None:
        """Set the window's size and its light or dark colour scheme."""
        self._order("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._order("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def value(self, expression: str) -> Any:  # noqa: ANN401  # whatever the expression is
        """Evaluate an expression in the page."""
        found = self._order("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise BrowserFailed(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release one key."""
        more = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self._order("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key], **more)

    def named(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader would announce."""
        nodes = self._order("Accessibility.getFullAXTree")["nodes"]
        return [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in nodes if not one.get("ignored")]

    def picture(self) -> bytes:
        """Take a screenshot as PNG."""
        return base64.b64decode(self._order("Page.captureScreenshot", format="png")["data"])

    def printed(self) -> bytes:
        """Print the page as PDF."""
        return base64.b64decode(self._order("Page.printToPDF", printBackground=True)["data"])

    def _order(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        order: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            self._note_error(answer.get("method", ""), answer.get("params") or {})
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserFailed(f"{method}: {answer['error']['message']}")
                found: dict[str, Any] = answer["result"]
                return found

    def _note_error(self, event: str, facts: dict[str, Any]) -> None:
        if event == "Log.entryAdded" and facts["entry"]["level"] == "error":
            self.errors.append(facts["entry"]["text"])
        if event == "Runtime.exceptionThrown":
            self.errors.append(str(facts["exceptionDetails"]))
        if event == "Runtime.consoleAPICalled" and facts["type"] == "error":
            self.errors.append(str(facts["args"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            more = os.read(self._answers, 1 << 20)
            if not more:
                raise BrowserFailed("the browser ended")
            self._left += more
        text, _, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found


@contextmanager
def page(program: str) -> Iterator[BrowserPage]:
    """Run a browser with a profile folder of its own while the block runs."""
    theirs, orders = os.pipe()
    answers, back = os.pipe()
    with tempfile.TemporaryDirectory(prefix="fairlead-browser-", ignore_cleanup_errors=True) as folder:
        words = (sys.executable, "-c", LAUNCH, str(theirs), str(back), program, f"--user-data-dir={folder}", *OPTIONS)
        process = subprocess.Popen(
            words, pass_fds=(theirs, back), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path(folder)
        )
        os.close(theirs)
        os.close(back)
        try:
            yield BrowserPage(orders, answers)
        finally:
            os.close(orders)
            os.close(answers)
            process.terminate()
            process.wait(timeout=30)
