"""The credential plugin of a kubeconfig's user (`users[].user.exec`), run as kubectl runs it.

What it prints on standard error, such as the address for a login, is seen at once; where the command itself has the
terminal, it is part of the reason for a failure. Its answer is used until shortly before it expires, or until the API
server refuses it.
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from fairlead.cluster.credentials import NoCredentials
from fairlead.documents import json_document

GROUP: Final = "client.authentication.k8s.io/"
RENEWED_BEFORE_S: Final = 90.0
"""A connection reads its credentials once a minute, and two clocks differ."""
MIN_HELD_S: Final = 10.0
"""A refusal in these first seconds is of a request that had the credentials before, or the plugin cannot help."""
CLUSTER_FIELDS: Final = (
    *("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data"),
    *("proxy-url", "disable-compression"),
)
KILLED_WITHIN_S: Final = 2.0
"""A program that it started itself may keep its output open for longer."""
ANEW: Final = "end this command, log in, and run it again"
ALONE_S: Final = 30.0
"""How long it may take without the terminal, where a person cannot see that it waits for a login."""
AGAIN_S: Final = 60.0
"""Between two such runs that fail: a table that refreshes each 2 s would open the page of a login each time."""
_HINT_CHARACTERS: Final = 300
_WORDS_CHARACTERS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCommand:
    """A plugin, and what it is run with."""

    program: str
    """A whole path, or the name of a program on the PATH."""
    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    api_version: str
    interactive_mode: str
    install_hint: str
    cluster: Mapping[str, Any] | None
    """What it may know of the cluster; None unless it wants to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginAnswer:
    """The credentials that a plugin printed."""

    command: PluginCommand
    at: float
    expires: float | None
    fields: Mapping[str, str]
    """As fields of a kubeconfig's user."""


class CredentialPlugin:
    """Runs the plugin, one at a time, and keeps its last answer."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._held: PluginAnswer | None = None
        self._running = asyncio.Lock()
        self._has_terminal = True
        self._failed_at, self._failure = 0.0, ""

    async def fields(self, command: PluginCommand, environ: Mapping[str, str]) -> Mapping[str, str]:
        """Return the credentials as fields of a user: a token, or a certificate and its key, or all three."""
        async with self._running:
            held = self._held
            if held is None or held.command != command or self._is_late(held):
                held = self._held = await self._run(command, environ)
            return held.fields

    def leave_terminal(self) -> None:
        """From now on the command reads keys and draws the screen itself."""
        self._has_terminal = False

    def forget(self) -> None:
        """After a 401: run it again before the next request."""
        if self._held is not None and self._clock() - self._held.at >= MIN_HELD_S:
            self._held = None

    async def _run(self, command: PluginCommand, environ: Mapping[str, str]) -> PluginAnswer:
        if self._has_terminal:
            return _answer(command, await _printed(command, environ, None), self._clock())
        if self._failure and 0 <= self._clock() - self._failed_at < AGAIN_S:
            raise NoCredentials(self._failure)
        self._failure = ""
        try:
            with tempfile.TemporaryFile() as words:
                return _answer(command, await _printed(command, environ, words), self._clock())
        except NoCredentials as problem:
            self._failed_at, self._failure = self._clock(), str(problem)
            raise

    def _is_late(self, held: PluginAnswer) -> bool:
        return held.expires is not None and self._clock() >= held.expires - RENEWED_BEFORE_S


def command(settings: Mapping[str, Any], folder: Path, cluster: Mapping[str, Any], place: Path) -> PluginCommand:
    """Read `exec` of a user whose file is in `folder`; the cluster's file is in `place`."""
    program, version = str(settings.get("command") or ""), str(settings.get("apiVersion") or "")
    if not program or not version.startswith(GROUP):
        raise NoCredentials(
            f"users[].user.exec: it needs command, and apiVersion {GROUP}v1 or {GROUP}v1beta1; "
            "correct the kubeconfig, or let its tool write it anew"
        )
    return PluginCommand(
        program=str(folder / program) if os.sep in program else program,
        arguments=tuple(str(one) for one in settings.get("args") or ()),
        variables={str(one["name"]): str(one["value"]) for one in settings.get("env") or ()},
        api_version=version,
        interactive_mode=str(settings.get("interactiveMode") or "IfAvailable"),
        install_hint=" ".join(str(settings.get("installHint") or "").split())[:_HINT_CHARACTERS],
        cluster=_shown(cluster, place) if settings.get("provideClusterInfo") else None,
    )


def _shown(cluster: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a plugin is shown of its cluster; the CA as data, whichever way the file has it."""
    shown = {field: cluster[field] for field in CLUSTER_FIELDS if cluster.get(field)}
    authority = cluster.get("certificate-authority")
    if authority and "certificate-authority-data" not in shown:
        shown["certificate-authority-data"] = base64.b64encode((folder / authority).read_bytes()).decode()
    extensions = {one.get("name"): one.get("extension") for one in cluster.get("extensions") or ()}
    settings = extensions.get(f"{GROUP}exec")
    return shown if settings is None else {**shown, "config": settings}


async def _printed(command: PluginCommand, environ: Mapping[str, str], words: IO[bytes] | None) -> bytes:
    """Run it to its end, and return what it printed; with `words`, it has no terminal, and they get standard error."""
    found = shutil.which(command.program, path=environ.get("PATH", os.defpath))
    if found is None:
        hint = command.install_hint or "install it, or correct users[].user.exec.command in the kubeconfig"
        raise _failed(command, f"there is no such program, or it may not be run; {hint}")
    reads = _reads_keys(command, has_terminal=words is None)
    try:
        process = await asyncio.create_subprocess_exec(
            found,
            *command.arguments,
            env={**environ, **command.variables, "KUBERNETES_EXEC_INFO": _information(command, interactive=reads)},
            stdin=None if reads else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=words,
        )
    except OSError as problem:
        raise _failed(command, f"it cannot be started: {problem.strerror}; correct the kubeconfig") from problem
    try:
        async with asyncio.timeout(None if words is None else ALONE_S):
            printed, _ = await process.communicate()
    except TimeoutError:
        raise _failed(command, f"no answer in {ALONE_S:.0f} s{_last(words)}; {ANEW}") from None
    finally:
        await _ended(process)
    if process.returncode:
        seen = "; see what it printed above, and log in anew" if words is None else f"{_last(words)}; {ANEW}"
        raise _failed(command, f"it ended with exit code {process.returncode}{seen}")
    return printed


def _information(command: PluginCommand, *, interactive: bool) -> str:
    """Return what it reads about its cluster, and whether it gets keys."""
    spec = {"interactive": interactive} | ({} if command.cluster is None else {"cluster": command.cluster})
    document = {"apiVersion": command.api_version, "kind": "ExecCredential", "spec": spec}
    return json.dumps(document, default=str)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End it, if a person, a signal or its time ended us first."""
    if process.returncode is None:
        process.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), KILLED_WITHIN_S)


def _reads_keys(command: PluginCommand, *, has_terminal: bool) -> bool:
    """Whether it gets our standard input."""
    if command.interactive_mode == "Always" and not has_terminal:
        raise _failed(command, f"it wants the terminal, which this command uses itself; {ANEW}")
    is_terminal = has_terminal and os.isatty(0)
    if command.interactive_mode == "Always" and not is_terminal:
        raise _failed(command, "it wants a terminal, and standard input is none; log in by hand before this command")
    return is_terminal and command.interactive_mode != "Never"


def _last(words: IO[bytes] | None) -> str:
    """Return the last line of what it printed on standard error, without what would move a terminal's cursor."""
    if words is None:
        return ""
    words.seek(0)
    shown = "".join(one if one.isprintable() or one == "\n" else " " for one in words.read().decode(errors="replace"))
    lines = [line.strip() for line in shown.split("\n") if line.strip()]
    return f": {lines[-1][:_WORDS_CHARACTERS]}" if lines else ""


def _answer(command: PluginCommand, printed: bytes, now: float) -> PluginAnswer:
    try:
        document = json_document.read(printed)
        version, status = document["apiVersion"], document["status"]
        expiry = status.get("expirationTimestamp")
        expires = datetime.fromisoformat(expiry).timestamp() if expiry else None
        token, pair = status.get("token"), (status.get("clientCertificateData"), status.get("clientKeyData"))
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise _failed(
            command, "it printed no ExecCredential as JSON; run it by itself to see what it says"
        ) from problem
    if version != command.api_version:
        raise _failed(
            command,
            f"it printed apiVersion {version}, the kubeconfig asks for {command.api_version}; name that one there",
        )
    if not (token or all(pair)) or any(pair) != all(pair):
        raise _failed(command, "it printed neither a token nor a certificate with its key; log in anew")
    fields = {"token": str(token)} if token else {}
    if all(pair):
        names = ("client-certificate-data", "client-key-data")
        fields |= {name: base64.b64encode(str(one).encode()).decode() for name, one in zip(names, pair, strict=True)}
    return PluginAnswer(command=command, at=now, expires=expires, fields=fields)


def _failed(command: PluginCommand, words: str) -> NoCredentials:
    return NoCredentials(f"getting credentials: exec: {command.program}: {words}")
