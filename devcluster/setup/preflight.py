"""Checks whether a cluster can run here; reports all that is missing, why, and what to do, in one message."""

from dataclasses import dataclass
from typing import Final

from devcluster.setup.machine import Machine

MIN_GO: Final = (1, 26)

DEBIAN: Final = {
    "runc": "runc",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "mount": "mount",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
"""Programs that a node needs, and the Debian package of each."""

INSTEAD: Final = "Or use a cluster you have (kind, minikube, a real one): DEVCLUSTER=existing KUBECONFIG=… make e2e"


@dataclass(frozen=True, slots=True)
class Missing:
    """One missing thing, and how to get it."""

    what: str
    mend: str


def light(machine: Machine, to_build: tuple[str, ...]) -> tuple[Missing, ...]:
    """What light mode lacks here: it needs Linux, and Go if something must be built."""
    found = []
    if machine.system != "Linux":
        found.append(Missing(f"this is {machine.system}; the embedded cluster needs Linux", "run it in a Linux VM"))
    if to_build and (machine.go is None or machine.go < MIN_GO):
        have = "there is none" if machine.go is None else f"this is {machine.go[0]}.{machine.go[1]}"
        least = f"{MIN_GO[0]}.{MIN_GO[1]}"
        what = f"Go {least} or later, to build {', '.join(to_build)}; {have}"
        found.append(Missing(what, f"install Go {least}, or name a folder of ready binaries: KUBEBUILDER_ASSETS=…"))
    return tuple(found)


def whole(machine: Machine, to_build: tuple[str, ...]) -> tuple[Missing, ...]:
    """What a cluster with nodes lacks here, besides what Debian's packages provide."""
    found = list(light(machine, to_build))
    if machine.system != "Linux":
        return tuple(found)
    if not machine.root:
        found.append(Missing("root: a node needs namespaces and control groups of its own", "run it as root (sudo -E)"))
    elif not machine.namespaces:
        found.append(
            Missing("the right to make namespaces (CAP_SYS_ADMIN)", "leave the container, or start it privileged")
        )
    elif not machine.cgroups:
        found.append(Missing("a writable /sys/fs/cgroup", "leave the container, or start it privileged"))
    lacking = packages(machine)
    if lacking and "apt-get" not in machine.programs:
        found.append(Missing(f"what Debian calls {', '.join(lacking)}", "install them with this system's own packages"))
    return tuple(found)


def packages(machine: Machine) -> tuple[str, ...]:
    """The Debian packages to install."""
    wanted = {package for program, package in DEBIAN.items() if program not in machine.programs}
    if not machine.plugins:
        wanted.add("containernetworking-plugins")
    return tuple(sorted(wanted))


def message(missing: tuple[Missing, ...]) -> str:
    """Format all that is missing as one message."""
    lines = [f"  - missing: {one.what}\n    do: {one.mend}" for one in missing]
    return "\n".join(["cannot start here:", *lines, f"  {INSTEAD}"])
