"""Adapter files come from a claim, the hub or a registry; a missing one is named, with what to do."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from fairlead.adapting.adapter_files import CONFIG, WEIGHTS
from fairlead.fleet.adapters import AdapterProblem, AdapterReason
from fairlead.fleet.desired_state import ModelSource, SourceScheme
from fairlead.loader import downloads, layer_files, pull_secrets, registry, sources
from fairlead.loader.sources import SourceAccess
from tests.adapting.adapters import config, header, weights, written
from tests.loader.pretended_servers import PretendedHub, PretendedRegistry, layer, served

FILES = {CONFIG: config(), WEIGHTS: weights(header())}
TITLE = layer_files.TITLE


def fetched(source: ModelSource, into: Path, access: SourceAccess) -> AdapterProblem | None:
    async def fetch() -> AdapterProblem | None:
        async with aiohttp.ClientSession() as session:
            return await sources.fetch(source, into, access, session)

    into.mkdir()
    return asyncio.run(fetch())


def content(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def claim(location: str) -> ModelSource:
    return ModelSource(scheme=SourceScheme.CLAIM, location=location)


def test_a_folder_of_the_mounted_claim_is_copied_its_two_files_alone(tmp_path: Path) -> None:
    folder = written(tmp_path / "claim" / "team" / "sql")
    (folder / "optimizer.pt").write_bytes(b"large")
    access = SourceAccess(claim="adapters", claim_folder=tmp_path / "claim")
    assert fetched(claim("adapters/team/sql"), tmp_path / "into", access) is None
    assert content(tmp_path / "into") == FILES


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("others/sql", "replicas mount the claim adapters; set spec.engine.lora.claimName"),
        ("adapters/lost", "there is no file adapter_config.json; put the adapter's folder there"),
        ("adapters/link", "the path of adapter_config.json leads out of the claim; put the file there"),
        ("adapters/../..", "the path of adapter_config.json leads out of the claim; put the file there"),
    ],
)
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, location: str, words: str) -> None:
    (tmp_path / "claim").mkdir()
    (tmp_path / "claim" / "link").symlink_to(written(tmp_path / "outside"))
    problem = fetched(
        claim(location), tmp_path / "into", SourceAccess(claim="adapters", claim_folder=tmp_path / "claim")
    )
    assert problem is not None
    assert problem.reason is AdapterReason.SOURCE_UNREADABLE
    assert words in problem.message


def test_a_claim_that_is_not_mounted_is_reported(tmp_path: Path) -> None:
    problem = fetched(claim("adapters/sql"), tmp_path / "into", SourceAccess())
    assert problem is not None
    assert "mount the claim none" in problem.message


def hub(revision: str | None = None) -> ModelSource:
    return ModelSource(scheme=SourceScheme.HUB, location="acme/sql", revision=revision)


def from_hub(source: ModelSource, pretended: PretendedHub, into: Path, token: str | None) -> AdapterProblem | None:
    async def fetch() -> AdapterProblem | None:
        async with served(*pretended.routes()) as address, aiohttp.ClientSession() as session:
            access = SourceAccess(hub=f"http://{address}/", hub_token=token)
            return await sources.fetch(source, into, access, session)

    into.mkdir(exist_ok=True)
    return asyncio.run(fetch())


def test_the_hub_gives_the_files_of_a_revision_for_the_models_token(tmp_path: Path) -> None:
    pretended = PretendedHub(files={f"acme/sql/v1/{name}": text for name, text in FILES.items()}, token="t")
    assert from_hub(hub("v1"), pretended, tmp_path / "into", "t") is None
    assert content(tmp_path / "into") == FILES

    refused = from_hub(hub("v1"), pretended, tmp_path / "into", None)
    assert refused is not None
    assert "answered 401: credentials are missing or wrong" in refused.message
    lost = from_hub(hub(), pretended, tmp_path / "into", "t")
    assert lost is not None
    assert "/acme/sql/resolve/main/adapter_config.json: answered 404: there is no such file" in lost.message


def test_a_token_from_a_file_with_a_line_break_is_read_as_engines_read_it(tmp_path: Path) -> None:
    pretended = PretendedHub(files={f"acme/sql/main/{name}": text for name, text in FILES.items()}, token="t")
    assert from_hub(hub(), pretended, tmp_path / "into", "t\n") is None
    assert content(tmp_path / "into") == FILES
    pretended.token = ""
    assert from_hub(hub(), pretended, tmp_path / "into", "\n") is None


def test_a_branch_with_a_slash_in_its_name_is_one_part_of_the_address(tmp_path: Path) -> None:
    pretended = PretendedHub(files={f"acme/sql/feature/x/{name}": text for name, text in FILES.items()})
    assert from_hub(hub("feature/x"), pretended, tmp_path / "into", None) is None
    assert content(tmp_path / "into") == FILES


def test_a_hub_behind_a_proxy_is_reached_as_the_engine_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy gets the whole address, and here answers itself."""
    pretended = PretendedHub(files={f"acme/sql/main/{name}": text for name, text in FILES.items()})
    into = tmp_path / "into"
    into.mkdir()

    async def fetch() -> AdapterProblem | None:
        async with served(*pretended.routes()) as proxy, sources.session() as session:
            monkeypatch.setenv("http_proxy", f"http://{proxy}")
            return await sources.fetch(hub(), into, SourceAccess(hub="http://hub.invalid"), session)

    assert asyncio.run(fetch()) is None
    assert content(into) == FILES


def test_an_unreachable_hub_is_tried_again(tmp_path: Path) -> None:
    problem = fetched(hub(), tmp_path / "into", SourceAccess(hub="http://127.0.0.1:9"))
    assert problem is not None
    assert "it is tried again" in problem.message


def test_a_file_that_is_too_large_for_an_adapter_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "LARGEST", 10)
    pretended = PretendedHub(files={f"acme/sql/main/{name}": text for name, text in FILES.items()})
    problem = from_hub(hub(), pretended, tmp_path / "into", None)
    assert problem is not None
    assert "so it is not an adapter" in problem.message


def _name_host(secrets: Path | None, address: str) -> None:
    for path in () if secrets is None else secrets.glob(f"*/{pull_secrets.FILE}"):
        path.write_text(path.read_text().replace("here", address))


def pulled(
    pretended: PretendedRegistry, into: Path, reference: str = ":v1", secrets: Path | None = None
) -> AdapterProblem | None:
    async def fetch() -> AdapterProblem | None:
        async with served(*pretended.routes()) as address, aiohttp.ClientSession() as session:
            pretended.address = address
            _name_host(secrets, address)
            source = ModelSource(scheme=SourceScheme.OCI, location=f"{address}/acme/sql{reference}")
            return await sources.fetch(source, into, SourceAccess(pull_secrets=secrets), session)

    into.mkdir(exist_ok=True)
    return asyncio.run(fetch())


def secret(folder: Path, host: str) -> None:
    """Mount a pull secret of the user me, whose password is secret."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"auths": {host: {"username": "me", "password": "secret"}}})
    (folder / pull_secrets.FILE).write_text(text)


def test_a_registry_gives_the_files_of_an_artifact(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    pretended.push("v1", (b"notes", {TITLE: "README.md"}), *((text, {TITLE: name}) for name, text in FILES.items()))
    assert pulled(pretended, tmp_path / "into") is None
    assert content(tmp_path / "into") == FILES


def test_a_registry_gives_the_files_of_an_artifact_that_was_pushed_from_another_folder(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    pretended.push("v1", *((text, {TITLE: f"../runs/7/{name}"}) for name, text in FILES.items()))
    assert pulled(pretended, tmp_path / "into") is None
    assert content(tmp_path / "into") == FILES


def test_a_registry_gives_the_files_in_the_layers_of_an_image_and_no_path_is_followed(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    digest = pretended.push(
        "one-of-many",
        (layer(adapter_config__json=FILES[CONFIG]), {}),
        (layer(adapter_model__safetensors=FILES[WEIGHTS]), {}),
    )
    pretended.push_manifest("v1", {"manifests": [{"digest": digest}]})
    assert pulled(pretended, tmp_path / "into") is None
    assert content(tmp_path / "into") == FILES
    assert not (tmp_path / "outside").exists()
    assert pulled(pretended, tmp_path / "again", f"@{digest}") is None


def test_a_registry_that_requires_a_token_gets_the_credentials_of_the_pull_secret(tmp_path: Path) -> None:
    pretended = PretendedRegistry(user="me:secret")
    pretended.push("v1", *((text, {TITLE: name}) for name, text in FILES.items()))
    refused = pulled(pretended, tmp_path / "into")
    assert refused is not None
    assert "answered 401: credentials are missing or wrong" in refused.message

    secret(tmp_path / "secrets" / "0", "here")
    assert pulled(pretended, tmp_path / "into", secrets=tmp_path / "secrets") is None


def test_a_manifest_and_a_token_that_come_in_pieces_are_read_whole(tmp_path: Path) -> None:
    pretended = PretendedRegistry(user="me:secret", in_pieces=True)
    pretended.push("v1", *((text, {TITLE: name}) for name, text in FILES.items()))
    secret(tmp_path / "secrets" / "0", "here")
    assert pulled(pretended, tmp_path / "into", secrets=tmp_path / "secrets") is None
    assert content(tmp_path / "into") == FILES


def test_a_manifest_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "LARGEST_MANIFEST", 1 << 20)
    pretended = PretendedRegistry()
    pretended.push_manifest("v1", {"annotations": {"notes": "n" * (2 << 20)}})
    problem = pulled(pretended, tmp_path / "into")
    assert problem is not None
    assert (
        "/acme/sql/manifests/v1: answered more than 1 MiB, so it is no manifest or token; check the host"
        in problem.message
    )


def test_a_manifest_that_nests_too_deeply_is_none(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    pretended.manifests["v1"] = b"[" * 200_000
    problem = pulled(pretended, tmp_path / "into")
    assert problem is not None
    assert "/acme/sql/manifests/v1: the answer is not a JSON object" in problem.message


def test_what_is_not_in_the_registry_is_named(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    pretended.push("v1", (FILES[CONFIG], {TITLE: CONFIG}))
    half, lost = pulled(pretended, tmp_path / "into"), pulled(pretended, tmp_path / "into", ":v2")
    assert half is not None
    assert "it holds no adapter_model.safetensors; push the adapter's two files" in half.message
    assert lost is not None
    assert "/manifests/v2: answered 404: there is no such file" in lost.message


def test_registry_content_that_does_not_match_its_digest_or_form_is_refused(tmp_path: Path) -> None:
    pretended = PretendedRegistry(lies=True)
    digest = pretended.push("v1", *((text, {TITLE: name}) for name, text in FILES.items()))
    problem = pulled(pretended, tmp_path / "into")
    assert problem is not None
    assert "its content has the digest sha256:" in problem.message
    pretended.manifests[digest] = b"{}"
    other = pulled(pretended, tmp_path / "into", f"@{digest}")
    assert other is not None
    assert "another manifest than this digest names" in other.message
    pretended.manifests["v1"] = b"[]"
    strange = pulled(pretended, tmp_path / "into")
    assert strange is not None
    assert "the answer is not a JSON object" in strange.message


def test_a_layer_that_is_not_an_archive_is_reported(tmp_path: Path) -> None:
    pretended = PretendedRegistry()
    pretended.push("v1", (b"no archive at all", {}))
    problem = pulled(pretended, tmp_path / "into")
    assert problem is not None
    assert "a layer cannot be unpacked: ReadError; push it again, as tar without or with gzip" in problem.message


def test_an_unreachable_registry_is_tried_again(tmp_path: Path) -> None:
    source = ModelSource(scheme=SourceScheme.OCI, location="127.0.0.1:9/acme/sql")
    problem = fetched(source, tmp_path / "into", SourceAccess())
    assert problem is not None
    assert "it is tried again" in problem.message


@pytest.mark.parametrize(
    ("location", "parts"),
    [
        ("r.example/a/b", ("r.example", "a/b", "latest")),
        ("r.example:5000/a/b:v1", ("r.example:5000", "a/b", "v1")),
        ("r.example/a/b:v1@sha256:0", ("r.example", "a/b", "sha256:0")),
    ],
)
def test_a_location_has_a_host_a_repository_and_a_reference(location: str, parts: tuple[str, str, str]) -> None:
    assert registry.image_name(location) == parts
