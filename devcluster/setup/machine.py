"""Facts about this machine, collected once."""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROGRAMS: Final = (
    "apt-get",
    "conntrack",
    "go",
    "ip",
    "mount",
    "nft",
    "nsenter",
    "runc",
    "setpriv",
    "unshare",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The facts that decide whether a cluster can run here."""

    system: str
    root: bool
    namespaces: bool
    cgroups: bool
    go: tuple[int, int] | None
    programs: frozenset[str]
    plugins: bool


def survey() -> Machine:
    """Collect the facts; starts a few programs, changes nothing."""
    found = frozenset(name for name in PROGRAMS if shutil.which(name, path=search_path()) is not None)
    root = os.geteuid() == 0
    return Machine(
        system=platform.system(),
        root=root,
        namespaces=root and "unshare" in found and _may_unshare(),
        cgroups=os.access("/sys/fs/cgroup", os.W_OK),
        go=_go_version() if "go" in found else None,
        programs=found,
        plugins=Path("/usr/lib/cni/ptp").exists(),
    )


def search_path() -> str:
    """The user's PATH and the folders of system programs, which a plain user's PATH may lack."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/local/go/bin"])


def _may_unshare() -> bool:
    words = ["unshare", "--net", "--mount", "--pid", "--fork", "true"]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def _go_version() -> tuple[int, int] | None:
    go = shutil.which("go", path=search_path()) or "go"
    answer = subprocess.run([go, "env", "GOVERSION"], check=False, capture_output=True, text=True)
    found = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else None
