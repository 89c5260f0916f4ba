"""Certificates, the pause image and the status page: what devcluster writes for others."""

import base64
import contextlib
import io
import json
import ssl
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from devcluster import progress, status
from devcluster.cache import Cache
from devcluster.layout import Layout
from devcluster.members import pause, pki, plain_image

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_a_kubeconfig_names_its_user_and_the_authority_to_trust() -> None:
    authority = pki.Authority(NOW)
    written = json.loads(pki.kubeconfig(authority, authority.sign("ada", "system:masters"), "https://127.0.0.1:1"))
    user = written["users"][0]["user"]
    certificate = x509.load_pem_x509_certificate(base64.b64decode(user["client-certificate-data"]))
    root = x509.load_pem_x509_certificate(
        base64.b64decode(written["clusters"][0]["cluster"]["certificate-authority-data"])
    )
    certificate.verify_directly_issued_by(root)
    names = {part.oid: part.value for part in certificate.subject}
    assert names == {NameOID.COMMON_NAME: "ada", NameOID.ORGANIZATION_NAME: "system:masters"}


def test_only_the_owner_reads_a_key(tmp_path: Path) -> None:
    pki.write(pki.Authority(NOW), tmp_path, ("127.0.0.1", "kubernetes"))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")} == {0o600}
    served = x509.load_pem_x509_certificate((tmp_path / "apiserver.crt").read_bytes())
    names = served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes"]


def test_a_client_that_is_strict_about_certificates_accepts_the_api_server(tmp_path: Path) -> None:
    """As Python is from 3.13 on."""
    pki.write(pki.Authority(datetime.now(UTC)), tmp_path, ("127.0.0.1",))
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "apiserver.crt", tmp_path / "apiserver.key")
    strict = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(here, there, server_side=True)
    client = strict.wrap_bio(there, here, server_hostname="127.0.0.1")
    for side in (client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    client.do_handshake()
    assert client.version() == "TLSv1.3"


def test_a_plain_image_has_its_files_at_its_root_under_the_name_it_was_given(tmp_path: Path) -> None:
    files = {"config.json": (b"{}", 0o644), "model.safetensors": (b"weights", 0o644)}
    plain_image.write(tmp_path / "model.tar", "localhost/model:1", files)
    with tarfile.open(tmp_path / "model.tar") as image:
        manifest = json.loads(_read(image, "manifest.json"))[0]
        assert manifest["RepoTags"] == ["localhost/model:1"]
        assert json.loads(_read(image, manifest["Config"]))["config"] == {}
        with tarfile.open(fileobj=io.BytesIO(_read(image, manifest["Layers"][0]))) as layer:
            assert {one.name: one.mode for one in layer} == dict.fromkeys(files, 0o644)
            assert _read(layer, "model.safetensors") == b"weights"


def test_the_pause_image_holds_one_program_and_is_the_same_each_time(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"\x7fELF")
    pause.write(program, tmp_path / "one.tar")
    pause.write(program, tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as image:
        manifest = json.loads(_read(image, "manifest.json"))[0]
        with tarfile.open(fileobj=io.BytesIO(_read(image, manifest["Layers"][0]))) as layer:
            assert layer.getnames() == ["pause"]


def test_status_names_a_dead_component_and_a_cluster_without_a_supervisor(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert status.as_text(status.read_all(cache), colour=False) == "no cluster runs here; `make cluster` starts one"
    layout = Layout.of(cache, "dev")
    layout.root.mkdir(parents=True)
    (layout.root / "plan.json").write_text("{}")
    death = {"component": "etcd", "how": "was ended by SIGKILL", "at": "12:00:00 UTC", "tail": "    bye"}
    components = {
        "etcd": {"pid": 7, "starts": 2, "running": True},
        "kubelet-a": {"pid": None, "starts": 6, "running": False},
    }
    document = {"phase": "ready", "components": components, "deaths": [death]}
    layout.status.write_text(json.dumps(document))

    shown = status.as_text(status.read_all(cache), colour=True)

    assert "\x1b[1mdev: dead: its supervisor was ended" in shown
    assert "etcd       runs, started 2 times" in shown
    assert "kubelet-a  is dead, started 6 times" in shown
    assert "etcd was ended by SIGKILL at 12:00:00 UTC\n    bye" in shown


def test_a_step_says_that_it_began_and_how_it_ended() -> None:
    log = io.StringIO()
    with progress.step("building", log) as current:
        current.at("package 1 of 2")
    with pytest.raises(ValueError, match="no"), progress.step("failing", log):
        raise ValueError("no")
    lines = log.getvalue().splitlines()
    assert lines[0] == "  … building"
    assert lines[1].startswith("  ✓ building (")
    assert lines[3].startswith("  ✗ failing (")


def test_a_failed_program_is_reported_with_the_end_of_its_output(tmp_path: Path) -> None:
    words = ["sh", "-c", "echo not enough disk; exit 7"]
    with progress.step("packing", io.StringIO()) as current, pytest.raises(progress.StepFailed) as failed:
        progress.run(words, current, tmp_path / "logs" / "pack.log")
    assert "ended with 7" in str(failed.value)
    assert "not enough disk" in str(failed.value)


def test_a_log_that_was_never_written_is_reported_as_such(tmp_path: Path) -> None:
    assert "was never written" in progress.tail(tmp_path / "none.log")


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None
    return member.read()
