"""kubectl as the supervisor asks it: never blocking the loop, words in, words out."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LONGEST_LINE: Final = 1 << 20


class Refused(Exception):
    """The API server, or kubectl itself, said no; the message holds its words."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with the administrator's rights, inside the cluster's network."""

    program: Path
    kubeconfig: Path

    async def __call__(self, *words: str, text: str | None = None) -> str:
        """Run it; `Refused` with its words when it fails."""
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
        """`kubectl get … -o json` as plain objects."""
        answer = json.loads(await self("get", *words, "-o", "json"))
        return list(answer["items"]) if answer["kind"].endswith("List") else [answer]

    async def watch(self, *words: str) -> AsyncIterator[dict[str, Any]]:
        """`kubectl get … --watch`: each event, first those of all that is there, until the watch ends."""
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
