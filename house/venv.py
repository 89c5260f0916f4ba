"""Creates `.venv` from the hashed lock: the only step that uses just the machine's own Python and its library.

Nothing is installed twice: the lock's digest is kept inside the environment, and an equal digest means done.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "locks" / "dev.txt"
STAMP = VENV / "lock.sha256"
PYTHON = VENV / "bin" / "python"
LEAST = (3, 11)
HASHED = ("--require-hashes", "--only-binary=:all:")
OURS = ("--no-deps", "--no-build-isolation", "-e", str(ROOT))
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def main() -> int:
    """Create the environment, or say in one message what is missing."""
    if sys.version_info < LEAST:
        return _stop(
            f"Fairlead needs Python 3.11 or later; {sys.executable} is {sys.version.split()[0]}. Install "
            "python3.11 (Debian 12: `apt-get install python3`) or name one: `make PYTHON=python3.11 …`."
        )
    if (ROOT / "operator" / "__init__.py").exists():
        return _stop(
            "operator/__init__.py must not be: with it, Python takes our source root for its own module "
            "`operator`, and no tool starts here any more. Delete the file; packages belong inside it."
        )
    digest = made_of(LOCK.read_bytes())
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == digest:
        return 0
    started = time.monotonic()
    print(f"set-up: a virtual environment in .venv from {LOCK.relative_to(ROOT)} (some seconds)", flush=True)
    problem = _create() or _install()
    if problem:
        return _stop(problem)
    STAMP.write_text(digest)
    print(f"set-up: done in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def made_of(lock: bytes) -> str:
    """A name for the environment that this Python makes of a lock here: with another Python it is made anew."""
    base = Path(sys.base_prefix, "bin")
    return hashlib.sha256("\0".join((str(ROOT), str(base), sys.version)).encode() + lock).hexdigest()


def _create() -> str | None:
    shutil.rmtree(VENV, ignore_errors=True)
    if not _has_ensurepip():
        print("set-up: Debian's python3-venv is missing, installing it", flush=True)
        if not _install_python_venv():
            return (
                "This Python has no `ensurepip`, so no virtual environment can be made. "
                "Run `apt-get install python3-venv` as root (or your system's package for it), then again."
            )
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
    return None if made.returncode == 0 else "`python3 -m venv .venv` failed; its words stand above."


def _has_ensurepip() -> bool:
    probe = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], check=False, capture_output=True)
    return probe.returncode == 0


def _install_python_venv() -> bool:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "python3-venv"]):
        if subprocess.run(["apt-get", *words], check=False, env=environment).returncode != 0:
            return False
    return _has_ensurepip()


def _install() -> str | None:
    """Install with uv, which the lock contains anyway and which takes a tenth of pip's time; if uv fails, with pip."""
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    uv = [str(PYTHON), "-m", "uv", "pip", "install", "--quiet", "--python", str(PYTHON)]
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "uv.txt"
        alone.write_text(locked("uv", LOCK.read_text()))
        if _ran([*pip, *HASHED, "-r", str(alone)]) and _ran([*uv, *HASHED, "-r", str(LOCK)], uv_settings()):
            return None if _ran([*uv, *OURS]) else "uv could not install Fairlead itself; its words stand above."
    print("set-up: uv could not install the locked packages; pip tries", flush=True)
    if _ran([*pip, *HASHED, "-r", str(LOCK)]) and _ran([*pip, "--no-index", *OURS]):
        return None
    return (
        "pip could not install the locked packages; its words stand above. "
        "Behind a mirror, set PIP_INDEX_URL: hashes are checked wherever they come from."
    )


def locked(name: str, lock: str) -> str:
    """The lock's entry of one package, hashes included."""
    entry = re.search(rf"^{name}==(?:.*\n)(?:[ \t].*\n)*", lock, re.MULTILINE)
    return entry.group() if entry else ""


def uv_settings() -> dict[str, str]:
    """pip's settings for mirrors and certificates, from its files or the environment: uv does not read those."""
    listed = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], check=False, capture_output=True, text=True)
    return translated(listed.stdout)


def translated(listed: str) -> dict[str, str]:
    """Convert the lines of `pip config list`; the environment's come last and take precedence."""
    lines = (line.partition("=") for line in listed.splitlines())
    settings = {key.rpartition(".")[2]: value.strip("'\"") for key, _, value in lines}
    return {variable: settings[key] for key, variable in PIP_TO_UV.items() if key in settings}


def _ran(words: list[str], settings: Mapping[str, str] | None = None) -> bool:
    """Run a command; uv's own settings take precedence."""
    environment = {**(settings or {}), **os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    return subprocess.run(words, check=False, env=environment).returncode == 0


def _stop(message: str) -> int:
    print(f"set-up: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
