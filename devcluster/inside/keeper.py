"""Keeps components running: starts each, restarts it when it dies, and records every death."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Final

from devcluster import progress
from devcluster.layout import Layout
from devcluster.members.component import Component

MAX_RESTARTS: Final = 5
"""A component that died this often within `WITHIN_S` is not restarted: something is wrong that a restart won't fix."""
WITHIN_S: Final = 60.0
FIRST_PAUSE_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """One unexpected end of a component."""

    component: str
    at: str
    how: str
    tail: str

    def sentence(self) -> str:
        """Format as a sentence."""
        return f"{self.component} {self.how} at {self.at}; the end of its log:\n{self.tail}"


@dataclass(slots=True)
class Kept:
    """The state of one component."""

    pid: int | None = None
    starts: int = 0
    deaths: list[float] = field(default_factory=list)


class Keeper:
    """All components of one cluster."""

    def __init__(
        self,
        layout: Layout,
        env: Mapping[str, str],
        changed: Callable[[], None],
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._layout = layout
        self._first_pause_s = first_pause_s
        self._env = env
        self._changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self.kept: dict[str, Kept] = {}
        self.deaths: list[Death] = []
        self.given_up: list[Death] = []
        self.lasting: list[Death] = []
        """The deaths that a restart does not mend."""

    def start(self, component: Component, wrapper: tuple[str, ...] = ()) -> None:
        """Start a component and keep it running."""
        self.kept[component.name] = Kept()
        self._tasks.add(asyncio.create_task(self._keep(component, wrapper)))

    async def close(self) -> None:
        """Stop all components for good."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def as_json(self) -> dict[str, object]:
        """For `status`."""
        components = {
            name: {"pid": kept.pid, "starts": kept.starts, "running": kept.pid is not None}
            for name, kept in self.kept.items()
        }
        return {"components": components, "deaths": [asdict(death) for death in self.deaths]}

    async def _keep(self, component: Component, wrapper: tuple[str, ...]) -> None:
        kept = self.kept[component.name]
        while True:
            code = await self._run_once(component, wrapper, kept)
            now = asyncio.get_running_loop().time()
            kept.deaths = [moment for moment in kept.deaths if now - moment < WITHIN_S] + [now]
            death = Death(
                component=component.name,
                at=datetime.now(UTC).strftime("%H:%M:%S UTC"),
                how=how_it_ended(code),
                tail=progress.tail(self._layout.log(component.name)),
            )
            self.deaths.append(death)
            last = len(kept.deaths) > MAX_RESTARTS
            if last:
                self.given_up.append(death)
            if last or component.mended_by_restart is None or component.mended_by_restart not in death.tail:
                self.lasting.append(death)
            self._changed()
            if last:
                return
            await asyncio.sleep(self._first_pause_s * 2 ** (len(kept.deaths) - 1))

    async def _run_once(self, component: Component, wrapper: tuple[str, ...], kept: Kept) -> int:
        log = self._layout.log(component.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            program = await asyncio.create_subprocess_exec(
                *wrapper,
                *component.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self._env),
            )
        kept.pid, kept.starts = program.pid, kept.starts + 1
        self._changed()
        try:
            return await program.wait()
        except asyncio.CancelledError:
            program.kill()
            await program.wait()
            raise
        finally:
            kept.pid = None


def how_it_ended(code: int) -> str:
    """Describe an exit code."""
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
