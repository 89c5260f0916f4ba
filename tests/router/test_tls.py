"""Certificates on both sides: what clients are shown, taken anew when it is rotated, and what engines must show."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.router.planes import HOST, PROMPT, plane, posted, told, whole, written

ANSWER = whole(b'{"usage": {"prompt_tokens": 1, "completion_tokens": 1}}')
BORN = datetime(2026, 1, 1, tzinfo=UTC)


def certified(folder: Path, serial: int) -> None:
    """A key and a certificate that vouches for itself, as a Secret of kind kubernetes.io/tls holds them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "router")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(serial).not_valid_before(BORN).not_valid_after(BORN + timedelta(days=36500))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "tls.key").write_bytes(key.private_bytes(pem, *plain))
    (folder / "tls.crt").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An engine that answers everything alike."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
            await reader.readexactly(length)
            writer.write(ANSWER)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def asked(port: int) -> tuple[int, bytes]:
    """The serial number of the certificate that is shown, and the answer."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(HOST, port, ssl=trusting)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.write(posted(PROMPT))
    answer = await reader.read()
    writer.close()
    return x509.load_der_x509_certificate(shown).serial_number, answer


def test_both_sides_speak_tls_and_a_rotated_certificate_is_shown_to_the_next_client(tmp_path: Path) -> None:
    async def story() -> None:
        certified(tmp_path, 1)
        engine_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        engine_tls.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
        authority = tmp_path / "engines.crt"
        authority.write_bytes((tmp_path / "tls.crt").read_bytes())
        server = await asyncio.start_server(answered, HOST, 0, ssl=engine_tls)
        address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
        door = {"tlsFolder": str(tmp_path), "engineCaFile": str(authority)}
        async with plane(written(tmp_path, [address], door=door), tls=True) as router:
            while (found := await asked(router.port))[1][:12] != b"HTTP/1.1 200":
                await asyncio.sleep(0.01)
            assert found[0] == 1
            certified(tmp_path, 2)
            while (await asked(router.port))[0] != 2:
                await asyncio.sleep(0.01)
        server.close()

    told(story())
