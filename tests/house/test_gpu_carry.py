"""What travels to a GPU machine without a network: our own machine code, and no package that it already has."""

import struct
from pathlib import Path

from bench.gpu_carry import fatbins, packages
from bench.gpu_carry.fatbins import MACHINE_CODE, PTX

HEADER = 64


def entry(kind: int, capability: int, code: bytes) -> bytes:
    head = struct.pack("<HHIQ", kind, 0x101, HEADER, len(code)).ljust(28, b"\0") + struct.pack("<I", capability)
    return head.ljust(HEADER, b"\0") + code


def fatbin(*entries: bytes) -> bytes:
    body = b"".join(entries)
    return fatbins.MAGIC + struct.pack("<HHQ", 1, 16, len(body)) + body


def test_machine_code_of_other_gpus_is_blanked_and_nothing_else() -> None:
    own, older, text = entry(MACHINE_CODE, 90, b"ninety"), entry(MACHINE_CODE, 80, b"eighty"), entry(PTX, 90, b"text")
    library = bytearray(b"before" + fatbin(older, own, text) + b"between" + fatbin(own) + b"after")
    assert fatbins.blank(library, 90) == len(b"eighty") + len(b"text")
    left = fatbin(entry(MACHINE_CODE, 80, bytes(6)), own, entry(PTX, 90, bytes(4)))
    assert library == b"before" + left + b"between" + fatbin(own) + b"after"


def test_without_own_machine_code_the_newest_text_that_it_compiles_stays() -> None:
    library = bytearray(
        fatbin(entry(PTX, 75, b"old"), entry(PTX, 80, b"newer"), entry(PTX, 100, b"not"), entry(MACHINE_CODE, 80, b"m"))
    )
    assert fatbins.blank(library, 90) == len(b"old") + len(b"not") + len(b"m")
    assert b"newer" in library


def test_bytes_that_only_resemble_a_fatbin_stay_as_they_are() -> None:
    for odd in (fatbins.MAGIC, fatbins.MAGIC + struct.pack("<HHQ", 1, 16, 9999), fatbin(b"\1" * 40)):
        library = bytearray(odd)
        assert not fatbins.blank(library, 90)
        assert library == odd


def test_packages_are_known_by_any_spelling_of_their_names() -> None:
    assert packages.names("Jinja2 3.1\nprometheus_client\n\nzipp 4\n") == {"jinja2", "prometheus-client", "zipp"}


def test_only_what_the_machine_lacks_is_copied(tmp_path: Path) -> None:
    installed, target = tmp_path / "installed", tmp_path / "site"
    for name in ("lacking", "there", "aiohttp", "nvidia-nccl"):
        info = installed / f"{name.replace('-', '_')}-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "RECORD").write_text(f"{name}.py,,\n{name}.pyc,,\n../bin/{name},,\n")
        (installed / f"{name}.py").write_text("")
    packages.copy(installed, frozenset({"there", "aiohttp"}), target)
    assert {place.name for place in target.rglob("*.py")} == {"lacking.py", "aiohttp.py"}
