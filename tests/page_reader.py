"""A reader who types what a page shows, in a folder with the tree and the files that pages call the reader's own.

Commands of one page share the folder, exported variables and running programs. Programs that serve go on beside the
next command, as in another terminal; those that watch are ended after their first output.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from house.page_commands import PageCommand
from house.tree import ROOT
from tests.waiting import eventually

LIMIT_S: Final = 240
FIRST_WORDS_S: Final = 90
"""How long a running command may take to print its first output, or to answer: beside three lanes, 20 were too few."""
_SERVES: Final = re.compile(r"fairlead (engine|router --config)\b")
_WATCHES: Final = re.compile(r"--watch\b|^fairlead console\b")
_STAYS: Final = re.compile(r"(\.|export|cd) ")
_PORT: Final = re.compile(r"(?<!metrics)(?<!events)[ -]-port[ =](\d+)")
_PRELUDE: Final = (
    'set -o pipefail; curl() { command curl --fail-with-body --silent --show-error --max-time 30 "$@"; }\n'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The outcome of a command."""

    code: int
    output: str


@dataclass(slots=True, kw_only=True)
class PageReader:
    """One reader of one page."""

    folder: Path
    environment: Mapping[str, str]
    within: tuple[str, ...] = ()
    """The words that run a command in its own network."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The values of a page's capital-letter placeholders."""
    _stays: list[str] = field(default_factory=list)
    _serving: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def type(self, command: PageCommand) -> Typed:
        """Run it to its end, or until it serves or has printed something."""
        text = self._with_names(command.text)
        if _SERVES.match(text):
            return self._serve(text)
        typed = self._watch(text) if _WATCHES.search(text) else self._run(text)
        if _STAYS.match(text) and typed.code == 0:
            self._stays.append(text)
        return typed

    def beside(self, text: str) -> None:
        """Run something while the next commands are typed: another person's requests."""
        with (self.folder / "beside.log").open("wb") as sink:
            self._serving[text] = self._started(text, sink)

    def end(self) -> None:
        """End all that is still running."""
        for process in self._serving.values():
            _end(process)
        self._serving.clear()

    def _with_names(self, text: str) -> str:
        for name, stands_for in self.names.items():
            text = re.sub(rf"\b{name}\b", stands_for, text)
        return text

    def _run(self, text: str) -> Typed:
        process = self._started(text, subprocess.PIPE)
        try:
            output, _ = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            _end(process)
            return Typed(code=124, output=f"did not end within {LIMIT_S} s")
        return Typed(code=process.returncode, output=output.decode(errors="replace"))

    def _watch(self, text: str) -> Typed:
        """Succeeds if it prints something and goes on."""
        log = self.folder / "watched.log"
        with log.open("wb") as sink:
            process = self._started(text, sink)
        with suppress(AssertionError):
            eventually(
                lambda: process.poll() is not None or log.read_bytes().strip(), "it says something", FIRST_WORDS_S
            )
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        code = process.poll()
        _end(process)
        output = log.read_text(encoding="utf-8", errors="replace")
        return Typed(code=code if code is not None else int(not output.strip()), output=output)

    def _serve(self, text: str) -> Typed:
        found = _PORT.search(text)
        port = found[1] if found else "8000"
        if port in self._serving:
            _end(self._serving.pop(port))
        log = self.folder / f"served-{port}.log"
        with log.open("wb") as sink:
            process = self._serving[port] = self._started(text, sink)
        answers = f"exec 3<>/dev/tcp/127.0.0.1/{port}"
        with suppress(AssertionError):
            eventually(lambda: process.poll() is not None or self._run(answers).code == 0, "it answers", FIRST_WORDS_S)
        code = process.poll() or self._run(answers).code
        return Typed(code=code, output=log.read_text(encoding="utf-8", errors="replace"))

    def _started(self, text: str, sink: object) -> subprocess.Popen[bytes]:
        whole = [*self.within, "bash", "-c", f"{_PRELUDE}{chr(10).join(self._stays)}\n{text}"]
        process: subprocess.Popen[bytes] = subprocess.Popen(
            whole,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=sink,  # type: ignore[call-overload]  # a file or PIPE
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return process


def laid_out(folder: Path, programs: Sequence[Path] = ()) -> dict[str, str]:
    """Put the tree and the programs into an empty folder; returns the reader's environment."""
    for one in ROOT.iterdir():
        if one.name not in {".venv", ".git", ".build"}:
            (folder / one.name).symlink_to(one)
    (folder / ".venv").symlink_to(sys.prefix)
    binaries = folder / ".programs"
    binaries.mkdir()
    for program in programs:
        (binaries / program.name).symlink_to(program)
    ours = binaries / "fairlead"
    ours.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fairlead "$@"\n', encoding="utf-8")
    ours.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in {"KUBECONFIG", "KUBERNETES_SERVICE_HOST"}}
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "HOME": str(folder), "PYTHONPATH": str(ROOT / "operator"), "COLUMNS": "160"}


@contextmanager
def own_network(addresses: Sequence[str] = ()) -> Iterator[tuple[str, ...]]:
    """A network in which every port is free, and these addresses are local; yields the words that enter it."""
    holder = subprocess.Popen(
        ["unshare", "--map-root-user", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 3600"],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"up\n", "a network of its own needs user namespaces, or root"
        within = ("nsenter", f"--target={holder.pid}", "--user", "--net", "--preserve-credentials", "--")
        for address in addresses:
            subprocess.run([*within, "ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
        yield within
    finally:
        holder.kill()
        holder.communicate()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
    process.communicate()
