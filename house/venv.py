"""Make `.venv` from the hashed lock: the one step that runs on the machine's own Python and its library.

Nothing is installed twice: the lock's digest is kept inside the environment, and an equal digest means done.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "locks" / "dev.txt"
STAMP = VENV / "lock.sha256"
LEAST = (3, 11)


def main() -> int:
    """Make the environment, or say in one message what is missing."""
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
    digest = hashlib.sha256(LOCK.read_bytes() + str(ROOT).encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == digest:
        return 0
    started = time.monotonic()
    print(f"set-up: a virtual environment in .venv from {LOCK.relative_to(ROOT)} (about 40 s)", flush=True)
    problem = _create() or _install()
    if problem:
        return _stop(problem)
    STAMP.write_text(digest)
    print(f"set-up: done in {time.monotonic() - started:.0f} s", flush=True)
    return 0


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
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    steps = (
        [*pip, "--require-hashes", "--only-binary=:all:", "-r", str(LOCK)],
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)],
    )
    environment = os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}
    for step in steps:
        if subprocess.run(step, check=False, env=environment).returncode != 0:
            return (
                "pip could not install the locked packages; its words stand above. "
                "Behind a mirror, set PIP_INDEX_URL: hashes are checked wherever they come from."
            )
    return None


def _stop(message: str) -> int:
    print(f"set-up: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
