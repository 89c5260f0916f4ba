"""`kubectl get --watch`: each event's line with its time of arrival, since polling would add delays of its own."""

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self


class WatchedLine(NamedTuple):
    """The output for one event."""

    at: float
    """When it arrived, by the watch's clock."""
    text: str


class KubectlWatch:
    """Watches some objects while the block lasts; existing ones come first."""

    def __init__(
        self,
        program: Path,
        kubeconfig: Path,
        words: Sequence[str],
        template: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`words` name the objects; `template` is JSONPath, for one line, of the event whose `object` changed."""
        form = f"jsonpath={template}{{'\\n'}}"
        self._command = [str(program), f"--kubeconfig={kubeconfig}", "get", *words]
        self._command += ["--watch", "--output-watch-events", "-o", form]
        self._clock = clock
        self._thread = threading.Thread(target=self._listen, name="watch", daemon=True)
        self._process: subprocess.Popen[str] | None = None
        self.lines: list[WatchedLine] = []
        """In order of arrival; it grows."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._thread.join()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as printed:
            for line in printed:
                self.lines.append(WatchedLine(self._clock(), line.strip()))
