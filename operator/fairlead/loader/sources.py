"""Where adapter files come from: a folder of a mounted claim, the hub, or a registry. Only two files are ever read."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp

from fairlead.adapting import adapter_files
from fairlead.fleet.adapters import AdapterProblem, AdapterReason
from fairlead.fleet.desired_state import ModelSource, SourceScheme
from fairlead.loader import registry
from fairlead.loader.downloads import SourceUnreadable, download, is_of_space, refuse_size

HUB: Final = "https://huggingface.co"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAccess:
    """What is needed to read the sources."""

    claim: str | None = None
    """The mounted claim."""
    claim_folder: Path = Path("/claim")
    hub: str = HUB
    hub_token: str | None = None
    """Space around it is ignored, as engines do: a Secret made from a file often ends with a line break."""
    pull_secrets: Path | None = None
    """The folder of the mounted Secrets with registry credentials, which change while the process runs."""


def session() -> aiohttp.ClientSession:
    """Open a session for sources, through the proxy that the environment names; the engine is reached without it."""
    return aiohttp.ClientSession(trust_env=True)


async def fetch(
    source: ModelSource, into: Path, access: SourceAccess, session: aiohttp.ClientSession
) -> AdapterProblem | None:
    """Fetch the two files of an adapter into a folder; return the problem, if any."""
    try:
        if source.scheme is SourceScheme.CLAIM:
            await asyncio.to_thread(_copied, source.location, into, access)
        elif source.scheme is SourceScheme.HUB:
            await _from_hub(source, into, access, session)
        else:
            await registry.pull(source.location, into, access.pull_secrets, session)
    except SourceUnreadable as problem:
        return AdapterProblem(reason=AdapterReason.SOURCE_UNREADABLE, message=str(problem))
    return None


def _copied(location: str, into: Path, access: SourceAccess) -> None:
    """Copy the files, so that the engine reads what was checked, whatever happens to the claim."""
    claim, _, folder = location.partition("/")
    if claim != access.claim:
        mounted = access.claim or "none"
        raise SourceUnreadable(
            f"pvc://{location}: replicas mount the claim {mounted}; set spec.engine.lora.claimName of the deployment "
            f"to {claim}, or put the files into the claim that is mounted"
        )
    for name in adapter_files.FILES:
        try:
            path = (access.claim_folder / folder / name).resolve()
            # A link must not lead to the loader's own credentials, which the engine may not have.
            if not path.is_relative_to(access.claim_folder.resolve()):
                raise SourceUnreadable(
                    f"pvc://{location}: the path of {name} leads out of the claim; put the file there"
                )
            if not path.is_file():
                raise SourceUnreadable(f"pvc://{location}: there is no file {name}; put the adapter's folder there")
            refuse_size(path.stat().st_size, f"pvc://{location}: {name}")
            shutil.copyfile(path, into / name)
        except OSError as problem:
            if is_of_space(problem):
                raise
            raise SourceUnreadable(
                f"pvc://{location}: {name} cannot be read: {problem.strerror}; make it readable for the pod's user"
            ) from None


async def _from_hub(source: ModelSource, into: Path, access: SourceAccess, session: aiohttp.ClientSession) -> None:
    token = (access.hub_token or "").strip()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    revision = quote(source.revision or "main", safe="")
    for name in adapter_files.FILES:
        url = f"{access.hub.rstrip('/')}/{source.location}/resolve/{revision}/{name}"
        await download(session, url, into / name, headers=headers)
