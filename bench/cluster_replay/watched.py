"""What a watch of the cluster hears, each line with the moment at which it came: polling would add its own pauses."""

import subprocess
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from devcluster.door import Embedded

RECOMMENDED: Final = ("infd", "jsonpath={.object.status.scaling.recommended}{'\\n'}")
PODS: Final = ("pods", "jsonpath={.type} {.object.metadata.name}{'\\n'}")


class Watch:
    """Lines for as long as the block lasts."""

    def __init__(self, cluster: Embedded, words: Sequence[str], form: str) -> None:
        program, kubeconfig = str(cluster.programs / "kubectl"), f"--kubeconfig={cluster.kubeconfig}"
        self._watch = subprocess.Popen(
            [program, kubeconfig, "get", *words, "--watch", "--output-watch-events", "-o", form],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._thread = threading.Thread(target=self._listen, name="watch")
        self.lines: list[tuple[float, str]] = []

    def __enter__(self) -> Self:
        """What there is already is heard first."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """End it."""
        self._watch.terminate()
        self._watch.wait()
        self._thread.join()

    def _listen(self) -> None:
        for line in self._watch.stdout or ():
            self.lines.append((time.time(), line.strip()))
