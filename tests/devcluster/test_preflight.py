"""Why a machine cannot host a cluster: everything at once, with what to do about each."""

from dataclasses import replace

import pytest

from devcluster.setup import machine, preflight
from devcluster.setup.machine import Machine

ABLE = Machine(
    system="Linux",
    root=True,
    namespaces=True,
    cgroups=True,
    go=(1, 26),
    programs=frozenset(machine.PROGRAMS),
    plugins=True,
)
TO_BUILD = ("etcd", "kubelet")


def test_a_capable_machine_gets_no_complaint() -> None:
    assert preflight.whole(ABLE, TO_BUILD) == ()
    assert preflight.light(ABLE, TO_BUILD) == ()
    assert preflight.packages(ABLE) == ()


def test_light_mode_needs_neither_root_nor_namespaces_nor_a_compiler_once_built() -> None:
    bare = replace(ABLE, root=False, namespaces=False, cgroups=False, go=None, programs=frozenset(), plugins=False)
    assert preflight.light(bare, ()) == ()


@pytest.mark.parametrize(
    ("lacking", "what", "mend"),
    [
        (replace(ABLE, root=False, namespaces=False), "root: a node needs namespaces", "run it as root"),
        (replace(ABLE, namespaces=False), "CAP_SYS_ADMIN", "privileged"),
        (replace(ABLE, cgroups=False), "a writable /sys/fs/cgroup", "privileged"),
        (
            replace(ABLE, go=None),
            "Go 1.26 or later, to build etcd, kubelet; there is none",
            "install Go 1.26",
        ),
        (replace(ABLE, go=(1, 19)), "this is 1.19", "KUBEBUILDER_ASSETS"),
        (replace(ABLE, system="Darwin"), "this is Darwin", "Linux VM"),
        (
            replace(ABLE, programs=frozenset(machine.PROGRAMS) - {"runc", "nft", "apt-get"}),
            "nftables, runc",
            "this system's own packages",
        ),
    ],
)
def test_what_is_missing_is_named_with_the_way_to_have_it(lacking: Machine, what: str, mend: str) -> None:
    message = preflight.message(preflight.whole(lacking, TO_BUILD))
    assert what in message
    assert mend in message
    assert "DEVCLUSTER=existing KUBECONFIG=" in message


def test_two_things_missing_are_one_message() -> None:
    message = preflight.message(preflight.whole(replace(ABLE, root=False, go=None), TO_BUILD))
    assert message.count("- missing:") == 2


def test_debian_brings_what_is_missing_by_itself() -> None:
    lacking = replace(ABLE, programs=frozenset(machine.PROGRAMS) - {"runc", "nft"}, plugins=False)
    assert preflight.whole(lacking, ()) == ()
    assert preflight.packages(lacking) == ("containernetworking-plugins", "nftables", "runc")


def test_this_machine_can_be_surveyed() -> None:
    seen = machine.survey()
    assert seen.system
    assert seen.programs <= frozenset(machine.PROGRAMS)
