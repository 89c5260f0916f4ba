"""An asynchronous kubectl for the supervisor."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LONGEST_LINE: Final = 1 << 20


class Refused(Exception):
    """The API server, or kubectl itself, refused; the message has its words."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with administrator rights, inside the cluster's network."""

    program: Path
    kubeconfig: Path

    async def __call__(self, *words: str, text: str | None = None) -> str:
        """Run it; raises `Refused` with its message on failure."""
        running = await asyncio.create_subprocess_exec(
            str(self.program),
            f"--kubeconfig={self.kubeconfig}",
            *words,
            stdin=asyncio.subprocess.PIPE if text is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await running.communicate(text.encode() if text is not None else None)
        if running.returncode != 0:
            raise Refused(err.decode(errors="replace").strip())
        return out.decode()

    async def objects(self, *words: str) -> list[dict[str, object]]:
        """Return `kubectl get … -o json` as plain objects."""
        answer = json.loads(await self("get", *words, "-o", "json"))
        return list(answer["items"]) if answer["kind"].endswith("List") else [answer]

    async def watch(self, *words: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the events of `kubectl get … --watch`, existing objects first, until the watch ends."""
        options = ("--watch", "--output-watch-events", "-o", "json")
        running = await asyncio.create_subprocess_exec(
            str(self.program),
            f"--kubeconfig={self.kubeconfig}",
            "get",
            *words,
            *options,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        assert running.stdout is not None
        try:
            async for line in running.stdout:
                yield json.loads(line)
        finally:
            if running.returncode is None:
                running.kill()
            await running.wait()
