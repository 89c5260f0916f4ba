"""Isolates the cluster: its own mounts, network and control groups.

A namespace of processes, mounts and network is entered before this runs (`unshare`). When its first process ends, the
kernel ends all the others and removes every mount and interface: only control groups and files must be cleaned up.
"""

import ctypes
import os
import subprocess
from pathlib import Path
from typing import Final

from devcluster import control_groups
from devcluster.inside import image_room
from devcluster.layout import Layout
from devcluster.plan import DNS_ADDRESS, Plan

MASKED: Final = ("/run", "/var/lib", "/var/log")
"""Folders that the kubelet and containerd always write to; inside, each is a folder of the cluster's."""

KERNEL_SETTINGS: Final = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What the kubelet would set for the whole machine; it finds these values set and changes nothing."""

CLONE_NEWNET: Final = 0x40000000


def enter(plan: Plan, layout: Layout) -> None:
    """Prepare this process's namespaces for a cluster."""
    _mount_masks(layout)
    _mount("-t", "proc", "proc", "/proc")
    _mount_kernel_settings(layout)
    _make_room_for_images(plan, layout)
    _bring_up_network(plan)
    for node in plan.nodes:
        for group in control_groups.folders(f"{layout.control_group}/{node.name}"):
            group.mkdir(parents=True, exist_ok=True)
    control_groups.favour(control_groups.folders(layout.control_group))


def join_network(namespace: int) -> None:
    """Move the calling thread into the network namespace of this file descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


def _mount_masks(layout: Layout) -> None:
    for place in MASKED:
        stand_in = layout.masks / place.strip("/").replace("/", "-")
        stand_in.mkdir(parents=True, exist_ok=True)
        _mount("--bind", str(stand_in), place)
    for folder in ("/run/lock", "/run/netns"):
        Path(folder).mkdir(parents=True, exist_ok=True)


def _mount_kernel_settings(layout: Layout) -> None:
    for setting, value in KERNEL_SETTINGS.items():
        stand_in = layout.masks / "kernel" / setting.replace("/", ".")
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.write_text(f"{value}\n")
        _mount("--bind", str(stand_in), f"/proc/sys/{setting}")


def _make_room_for_images(plan: Plan, layout: Layout) -> None:
    if image_room.is_plenty(image_room.free(), len(plan.nodes)):
        for node in plan.nodes:
            layout.images(node.name).mkdir(parents=True, exist_ok=True)
            _mount("-t", "tmpfs", "images", str(layout.images(node.name)))


def _bring_up_network(plan: Plan) -> None:
    """A bridge carries the nodes' addresses (kernels without dummy interfaces have bridges); there is no route out."""
    lines = ["link set lo up", f"address add {DNS_ADDRESS}/32 dev lo", "link add nodes type bridge"]
    lines += [f"address add {node.address}/20 dev nodes" for node in plan.nodes]
    lines += ["link set nodes up", f"route add default via {plan.host} dev nodes"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)
