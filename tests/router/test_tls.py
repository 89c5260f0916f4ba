"""Certificates on both sides: what clients see, reloaded when rotated, and what engines must present."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.router.planes import HOST, PROMPT, Plane, plane, posted, run_story, whole, written

ANSWER = whole(b'{"usage": {"prompt_tokens": 1, "completion_tokens": 1}}')
CLOSING = ANSWER.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
BORN = datetime(2026, 1, 1, tzinfo=UTC)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def certified(folder: Path, serial: int) -> Path:
    """A key and a self-signed certificate, as a Secret of kind kubernetes.io/tls holds them."""
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"number {serial}")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(serial).not_valid_before(BORN).not_valid_after(BORN + timedelta(days=36500))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "tls.key").write_bytes(key.private_bytes(pem, *plain))
    (folder / "tls.crt").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    return folder


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request alike, each on its own connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        await reader.readexactly(length)
        writer.write(CLOSING)
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


@asynccontextmanager
async def secure_engine(folder: Path) -> AsyncIterator[str]:
    """An engine with the certificate of this folder; yields its address."""
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    server = await asyncio.start_server(_answered, HOST, 0, ssl=shown)
    try:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def connected(port: int) -> Streams:
    """A client that accepts any certificate."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return await asyncio.open_connection(HOST, port, ssl=trusting)


def serial(streams: Streams) -> int:
    """Of the certificate that this connection got."""
    shown = streams[1].get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown).serial_number


async def reply_on(streams: Streams, whole_request: bytes) -> bytes:
    """One answer on this connection."""
    reader, writer = streams
    writer.write(whole_request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


STAYING = posted(PROMPT).replace(b"Connection: close\r\n", b"")


def test_a_rotated_certificate_is_shown_to_the_next_client_and_connections_that_stand_live_on(tmp_path: Path) -> None:
    async def story() -> None:
        connections = {"tlsFolder": str(certified(tmp_path / "door", 1))}
        async with plain_engine() as address, plane(written(tmp_path, [address], connections=connections)) as router:
            pair = await connected(router.port)
            assert serial(pair) == 1
            assert (await reply_on(pair, STAYING)).startswith(b"HTTP/1.1 200")
            certified(tmp_path / "door", 2)
            while await shown_to_another(router) != 2:
                await asyncio.sleep(0.01)
            assert (await reply_on(pair, STAYING)).startswith(b"HTTP/1.1 200")
            pair[1].close()

    run_story(story())


def test_a_certificate_that_cannot_be_read_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    async def story() -> None:
        connections = {"tlsFolder": str(certified(tmp_path / "door", 1))}
        async with plane(written(tmp_path, ["127.0.0.1:1"], connections=connections)) as router:
            (tmp_path / "door" / "tls.crt").write_text("no certificate")
            await asyncio.sleep(0.05)
            assert await shown_to_another(router) == 1

    run_story(story())


@pytest.mark.parametrize("half", ["tls.crt", "tls.key"])
def test_a_certificate_that_does_not_match_its_key_leaves_the_old_pair_in_force_until_both_are_new(
    tmp_path: Path, half: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        folder = certified(tmp_path / "door", 1)
        async with plane(written(tmp_path, ["127.0.0.1:1"], door={"tlsFolder": str(folder)})) as router:
            fresh = certified(tmp_path / "fresh", 2)
            (folder / half).write_bytes((fresh / half).read_bytes())
            while "the previous certificate stays in use" not in caplog.text:
                await asyncio.sleep(0.005)
            assert await shown_to_another(router) == 1
            for name in ("tls.crt", "tls.key"):
                (folder / name).write_bytes((fresh / name).read_bytes())
            while await shown_to_another(router) != 2:
                await asyncio.sleep(0.005)

    run_story(story())


def test_a_client_that_never_ends_its_handshake_has_as_long_as_for_a_head(tmp_path: Path) -> None:
    async def story() -> None:
        connections = {"tlsFolder": str(certified(tmp_path / "door", 1)), "headSeconds": 0.3}
        async with plane(written(tmp_path, ["127.0.0.1:1"], connections=connections)) as router:
            reader, writer = await asyncio.open_connection(HOST, router.port)
            async with asyncio.timeout(20):  # by default it would be kept for a minute
                assert await reader.read() == b""
            writer.close()

    run_story(story())


async def shown_to_another(router: Plane) -> int:
    """The certificate that a new client gets."""
    streams = await connected(router.port)
    streams[1].close()
    return serial(streams)


@asynccontextmanager
async def plain_engine() -> AsyncIterator[str]:
    server = await asyncio.start_server(_answered, HOST, 0)
    try:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def test_engines_must_show_a_certificate_of_their_authority_whose_file_may_change(tmp_path: Path) -> None:
    async def story() -> None:
        right, wrong = certified(tmp_path / "right", 1), certified(tmp_path / "wrong", 2)
        authority = tmp_path / "authority.crt"
        authority.write_bytes((right / "tls.crt").read_bytes())
        loaded: dict[str, Any] = {"connections": {"engineCaFile": str(authority)}, "hold": {"maxSeconds": 0.05}}
        async with secure_engine(right) as address, plane(written(tmp_path, [address], **loaded)) as router:
            await router.until("routable")
            assert (await router.complete())[0] == 200
            authority.write_bytes((wrong / "tls.crt").read_bytes())
            assert (await router.complete())[0] in (502, 503)
            await router.until("ejected")
            assert "CERTIFICATE_VERIFY_FAILED" in (await router.endpoints())[0]["reason"]
            authority.write_bytes((right / "tls.crt").read_bytes())
            await router.until("routable")
            assert (await router.complete())[0] == 200

    run_story(story())


def test_an_authority_that_cannot_be_read_leaves_engines_unproved(tmp_path: Path) -> None:
    async def story() -> None:
        folder = certified(tmp_path / "engine", 1)
        connections = {"engineCaFile": str(tmp_path / "absent.crt")}
        async with (
            secure_engine(folder) as address,
            plane(written(tmp_path, [address], connections=connections)) as router,
        ):
            while "CERTIFICATE_VERIFY_FAILED" not in (await router.endpoints())[0]["reason"]:
                await asyncio.sleep(0.01)
            assert await router.states() == ["probing"]

    run_story(story())


def test_scrapers_are_answered_in_plain_beside_a_door_in_tls(tmp_path: Path) -> None:
    async def story() -> None:
        connections = {"tlsFolder": str(certified(tmp_path / "door", 1))}
        config = written(tmp_path, ["127.0.0.1:1"], connections=connections)
        async with plane(config) as router:
            for path in ("/health", "/ready", "/metrics", "/fairlead/v1/endpoints"):
                async with router.session.get(router.pages + path) as answer:
                    assert answer.status == 200
            plain, writer = await asyncio.open_connection(HOST, router.port)
            writer.write(STAYING)
            assert not (await plain.read()).startswith(b"HTTP/")
            writer.close()

    run_story(story())
