"""The acts of the demo: a quiet load, a burst, the calm after it, a first request after sleep, a change."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from demo import load
from demo.load import Load
from demo.watching import Moment, WatchedModel
from devcluster import progress

STREAMS: Final = 24
FEW: Final = 2
CROWD: Final = 40
MOST: Final = 4
FIRST: Final = 6
CONTEXT: Final = '{"spec": {"engine": {"context": {"maxTokens": 8192}}}}'

Print = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """The load during an act, and the commands' output at its most interesting moment."""

    load: Load
    top: str
    explained: str


def quiet(chat: WatchedModel) -> Load:
    """A few streams at a time: one replica is enough."""
    with progress.step(f"sending {STREAMS} streams to {chat.name}"):
        return load.run(chat.address, chat.name, STREAMS)


def burst(chat: WatchedModel, report: Print, most: int = MOST, crowd: int = CROWD) -> Scaled:
    """Many streams at once until the maximum of replicas serves; reports each change."""
    lines: list[str] = []

    def grow() -> None:
        _print_changes(chat, report, lambda seen: seen.stands_at(most), f"{most} replicas serve")
        lines.extend((chat.command("top", "--once"), chat.command("explain", f"infd/{chat.name}")))

    report(f"\nA burst: {crowd} clients of {chat.name} at once, each asking on and on until all that may serve do")
    sent = load.beside(chat.address, chat.name, grow, crowd)
    return Scaled(load=sent, top=lines[0], explained=lines[1])


def calm(chat: WatchedModel, report: Print) -> Scaled:
    """A few clients stay: a replica that drains finishes their answers."""

    def shrink() -> None:
        _print_changes(chat, report, lambda seen: seen.stands_at(1), "one replica is left")

    report(f"\nThe burst is over; {FEW} clients stay")
    sent = load.beside(chat.address, chat.name, shrink, FEW)
    return Scaled(load=sent, top=chat.command("top", "--once"), explained=chat.command("explain", f"infd/{chat.name}"))


def wake(writer: WatchedModel, report: Print) -> Load:
    """Wait until no replica is left without requests, then send some."""
    with progress.step(f"waiting until nothing of {writer.name} runs"):
        for _ in writer.follow(lambda seen: seen.stands_at(0), "nothing of it runs"):
            pass
    report(f"\nNobody asked {writer.name} for 10 s: no replica of it runs, no GPU is taken. Now {FIRST} clients ask it")
    with progress.step(f"{FIRST} streams to a model of which nothing runs"):
        return load.run(writer.address, writer.name, FIRST)


def change(model: WatchedModel, patch: str = CONTEXT, hardware: str = "only GPU") -> Load:
    """Change its engine while its hardware is in use and streams continue."""

    def roll() -> None:
        model.cluster.kubectl("patch", "infd", model.name, "--type=merge", "-p", patch)
        for _ in model.follow(lambda seen: seen.rolled_out, "the change is rolled out"):
            pass

    with progress.step(f"changing the engine of {model.name} while its {hardware} is taken and streams go on"):
        return load.beside(model.address, model.name, roll, FEW)


def _print_changes(watched: WatchedModel, report: Print, until: Callable[[Moment], bool], what: str) -> None:
    """Report each change of a count, and the autoscaler's message with each decision."""
    began = time.monotonic()
    before: tuple[int | None, ...] = ()
    request: int | None = None
    for seen in watched.follow(until, what):
        counts = (seen.recommended, seen.pods, seen.ready)
        if counts != before:
            why = f"   {seen.message}" if seen.recommended != request else ""
            report(f"  +{time.monotonic() - began:4.1f} s  {_counted(seen)}{why}")
        before, request = counts, seen.recommended


def _counted(seen: Moment) -> str:
    wanted = "-" if seen.recommended is None else seen.recommended
    return f"recommended {wanted}, running {seen.pods}, ready {seen.ready}"
