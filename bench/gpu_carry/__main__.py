"""From a list of the machine's packages to the pieces that are copied there."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.gpu_carry import fatbins, packages
from house.tree import ROOT

VLLM: Final = "vllm==0.32.0"
SMALL: Final = 1 << 20
"""Smaller libraries hold no machine code worth searching for."""
STUB: Final = "libncclstub.so"
UNPACK: Final = """\
# Run it where the pieces lie: the packages go to /tmp/site, and the machine's python3 finds them before its own.
set -e
site=$(python3 -c 'import site; print(site.getsitepackages()[0])')
cat "$(dirname "$0")"/site.* | xz -d -T0 | tar x -C /tmp
ln -sfn "$site/nvidia" /tmp/site/nvidia
ln -sfn "$site/triton/backends/nvidia/bin" /tmp/site/triton/backends/nvidia/bin
echo "import sys; sys.path.insert(0, '/tmp/site')" > "$site/aa_site.pth"
env -u PYTHONDONTWRITEBYTECODE python3 -m compileall -q -j 0 /tmp/site > /dev/null || true
echo "export LD_PRELOAD=/tmp/site/libncclstub.so VLLM_USE_FLASHINFER_SAMPLER=0"
"""


def _installed(python: str, folder: Path) -> Path:
    """Install vLLM and our dependencies."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    words = [str(folder / "bin" / "pip"), "install", "-q", VLLM, str(ROOT)]
    subprocess.run(words, check=True)
    return next(folder.glob("lib/python*/site-packages"))


def _blank(site: Path, capability: int) -> Iterator[str]:
    for place in sorted(site.rglob("*.so*")):
        if place.is_symlink() or place.stat().st_size < SMALL:
            continue
        library = bytearray(place.read_bytes())
        blanked = fatbins.blank(library, capability)
        if blanked:
            place.write_bytes(library)
            yield f"{place.relative_to(site)}: {blanked >> 20} of {len(library) >> 20} MiB are for other GPUs"


def _stub(installed: Path, site: Path, nccl: str) -> None:
    """Stub NCCL's functions that PyTorch references and an older NCCL lacks: one GPU never calls them."""
    named = _symbols(installed / "torch" / "lib" / "libtorch_cuda.so", "--undefined-only")
    lacking = sorted(named - frozenset(nccl.split()))
    source = "".join(f"int {name}(void) {{ return 3; }}\n" for name in lacking)
    words = ["gcc", "-shared", "-fPIC", "-O", "-x", "c", "-", "-o", str(site / STUB)]
    subprocess.run(words, input=source, text=True, check=True)


def _symbols(library: Path, which: str) -> frozenset[str]:
    words = ["nm", "-D", which, str(library)]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return frozenset(name for line in lines if (name := line.split()[-1].split("@")[0]).startswith("nccl"))


def _pack(site: Path, out: Path, most: int) -> None:
    tar = subprocess.Popen(["tar", "cf", "-", "-C", str(site.parent), site.name], stdout=subprocess.PIPE)
    xz = subprocess.Popen(["xz", "-8", "-T0", "--block-size=128MiB"], stdin=tar.stdout, stdout=subprocess.PIPE)
    subprocess.run(["split", "-b", str(most), "-d", "-", str(out / "site.")], stdin=xz.stdout, check=True)
    if tar.wait() or xz.wait():
        raise SystemExit("gpu_carry: packing failed")


def main(argv: Sequence[str] | None = None) -> int:
    """Takes some twelve minutes on two cores, mostly packing."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu_carry", description=__doc__)
    parser.add_argument("--python", default="python3.12", help="the machine's version of Python, here (python3.12)")
    parser.add_argument("--have", type=Path, required=True, help="names of the machine's packages, one a line")
    parser.add_argument("--nccl", default="2.28.9", help="the machine's nvidia-nccl-cu13 (2.28.9)")
    parser.add_argument("--capability", type=int, default=90, help="of its GPU (90, an H100 or H200)")
    parser.add_argument("--piece", type=int, default=42_000_000, help="bytes of a piece (42,000,000)")
    parser.add_argument("--out", type=Path, required=True, help="a folder for the pieces and unpack.sh")
    chosen = parser.parse_args(argv)
    there = packages.names(chosen.have.read_text(encoding="utf-8"))
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fairlead-carry-", dir=chosen.out) as made:
        site = Path(made) / "site"
        installed = _installed(chosen.python, Path(made) / "venv")
        packages.copy(installed, there, site)
        for line in _blank(site, chosen.capability):
            print(line, file=sys.stderr, flush=True)
        _stub(installed, site, _exported(chosen.nccl, Path(made)))
        _pack(site, chosen.out, chosen.piece)
        shutil.rmtree(installed)
    (chosen.out / "unpack.sh").write_text(UNPACK, encoding="utf-8")
    return 0


def _exported(version: str, folder: Path) -> str:
    """What this version of NCCL exports, one name a line."""
    place = folder / "nccl"
    words = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place)]
    subprocess.run([*words, f"nvidia-nccl-cu13=={version}"], check=True)
    return "\n".join(_symbols(next(place.rglob("libnccl.so.2")), "--defined-only"))


if __name__ == "__main__":
    raise SystemExit(main())
