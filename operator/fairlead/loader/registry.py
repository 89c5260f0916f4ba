"""Pull the two files of an adapter from a registry: as files of an artifact, or inside the layers of an image.

Every blob is checked against its digest in the manifest. As the kubelet does, it tries all credentials that fit.
"""

import asyncio
import hashlib
import re
import tempfile
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp

from fairlead.adapting import adapter_files
from fairlead.documents import json_document
from fairlead.loader import layer_files, pull_secrets
from fairlead.loader.downloads import (
    SILENT_S,
    AccessRefused,
    CredentialsRefused,
    SourceUnreadable,
    bearer_challenge,
    download,
    kind,
    meaning,
    read_whole,
)

LARGEST_MANIFEST: Final = 4 << 20
_ACCEPT: Final = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')
_DEFAULT_TAG: Final = "latest"


class ImageName(NamedTuple):
    """A parsed image location."""

    host: str
    repository: str
    reference: str


def image_name(location: str) -> ImageName:
    """Parse `host/repository:tag@sha256:...`; a digest takes precedence over a tag."""
    path, _, digest = location.partition("@")
    host, _, rest = path.partition("/")
    repository, _, tag = rest.partition(":")
    return ImageName(host, repository, digest or tag or _DEFAULT_TAG)


async def pull(location: str, into: Path, secrets: Path | None, session: aiohttp.ClientSession) -> None:
    """Pull the two files into a folder."""
    image = image_name(location)
    fitting = pull_secrets.basics(secrets, image.host, image.repository) if secrets else ()
    refusals: list[AccessRefused] = []
    for basic in fitting or (None,):
        try:
            return await _pulled(_RegistryClient(image, basic, session), image.reference, location, into)
        except AccessRefused as refused:
            refusals.append(refused)
    if len(refusals) > 1:
        raise SourceUnreadable(
            f"{refusals[0]}; all {len(refusals)} credentials of imagePullSecrets that fit were tried: renew one"
        )
    raise refusals[0]


class _RegistryClient:
    """Sends requests for one repository, with the token that the registry demands."""

    def __init__(self, image: ImageName, basic: str | None, session: aiohttp.ClientSession) -> None:
        host = "registry-1.docker.io" if image.host == "docker.io" else image.host
        local = host.partition(":")[0] == "localhost" or host.startswith("127.")
        self._base = f"{'http' if local else 'https'}://{host}/v2/{image.repository}"
        self._repository = image.repository
        self._session = session
        self._basic: dict[str, str] = {"Authorization": f"Basic {basic}"} if basic else {}
        self._headers = self._basic

    async def manifest(self, reference: str) -> dict[str, Any]:
        """Fetch the manifest of a tag or digest."""
        url = f"{self._base}/manifests/{reference}"
        status, body, challenge = await self._get(url)
        if status == HTTPStatus.UNAUTHORIZED and challenge:
            await self._authorize(challenge)
            status, body, _ = await self._get(url)
        if status != HTTPStatus.OK:
            raise kind(status)(f"{url}: answered {status}: {meaning(status)}")
        if reference.startswith("sha256:") and f"sha256:{hashlib.sha256(body).hexdigest()}" != reference:
            raise SourceUnreadable(f"{url}: the registry sent another manifest than this digest names")
        return _mapping(body, url)

    async def blob(self, digest: str, path: Path) -> None:
        """Download one blob to a file."""
        url = f"{self._base}/blobs/{digest}"
        try:
            await download(self._session, url, path, headers=self._headers)
        except CredentialsRefused as refused:
            if not refused.challenge:
                raise
            # A token ends after some minutes, and the blobs before this one may have taken longer.
            await self._authorize(refused.challenge)
            await download(self._session, url, path, headers=self._headers)
        found = await asyncio.to_thread(_sum, path)
        if found != digest:
            raise SourceUnreadable(f"{url}: its content has the digest {found}")

    async def _get(self, url: str) -> tuple[int, bytes, str]:
        timeout = aiohttp.ClientTimeout(total=SILENT_S)
        try:
            async with self._session.get(url, headers=self._headers | {"Accept": _ACCEPT}, timeout=timeout) as answer:
                body = await read_whole(answer, LARGEST_MANIFEST)
                return answer.status, body, bearer_challenge(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise SourceUnreadable(
                f"{url}: {type(problem).__name__}: {str(problem)[:120]}; it is tried again"
            ) from None

    async def _authorize(self, challenge: str) -> None:
        """Get a pull token for this repository from the server that the challenge names."""
        challenged = dict(_CHALLENGE.findall(challenge))
        scope = challenged.get("scope") or f"repository:{self._repository}:pull"
        query = {"service": challenged.get("service", ""), "scope": scope}
        timeout = aiohttp.ClientTimeout(total=SILENT_S)
        try:
            async with self._session.get(
                challenged.get("realm", ""), params=query, headers=self._basic, timeout=timeout
            ) as answer:
                if answer.status != HTTPStatus.OK:
                    raise kind(answer.status)(
                        f"{self._base}: no token: answered {answer.status}: {meaning(answer.status)}"
                    )
                found = _mapping(await read_whole(answer, LARGEST_MANIFEST), "token")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
            raise SourceUnreadable(f"{self._base}: no token: {type(problem).__name__}; it is tried again") from None
        token = found.get("token") or found.get("access_token") or ""
        self._headers = {"Authorization": f"Bearer {token}"}


async def _pulled(client: _RegistryClient, reference: str, location: str, into: Path) -> None:
    manifest = await client.manifest(reference)
    if "manifests" in manifest:
        first: dict[str, Any] = next(iter(manifest["manifests"] or ()), {})
        manifest = await client.manifest(str(first.get("digest", "")))
    layers: list[Mapping[str, Any]] = manifest.get("layers") or []
    digests, files = layer_files.titled(layers), dict[str, Path]()
    picked = layer_files.chosen(digests, location)
    with tempfile.TemporaryDirectory(dir=into) as folder:
        if picked is None:
            files = await _unpacked(client, layer_files.archives(layers), Path(folder))
            picked = layer_files.chosen([*digests, *files], location)
        if picked is None:
            raise layer_files.missing([*digests, *files], location)
        for name, path in zip(adapter_files.FILES, picked, strict=True):
            if path in files:
                files[path].rename(into / name)
            else:
                await client.blob(digests[path], into / name)


async def _unpacked(client: _RegistryClient, digests: list[str], folder: Path) -> dict[str, Path]:
    """Return the files in archives by path, in each the one of the last archive that has it."""
    files: dict[str, Path] = {}
    for number, digest in enumerate(digests):
        blob, part = folder / "blob", folder / str(number)
        await client.blob(digest, blob)
        part.mkdir()
        files |= await asyncio.to_thread(layer_files.unpacked, blob, part)
        blob.unlink()
    return files


def _mapping(body: bytes, url: str) -> dict[str, Any]:
    try:
        found = json_document.read(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SourceUnreadable(f"{url}: the answer is not a JSON object")
    return found


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
