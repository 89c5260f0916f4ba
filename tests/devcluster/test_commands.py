"""What a user sees who types a command on a machine that cannot run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster.setup import programs
from house.check import surroundings
from house.tree import ROOT


def devcluster(*words: str, cache: Path, lowered: tuple[str, ...] = (), **env: str) -> str:
    """Run a command with an empty cache; returns its error output, which must be its only effect."""
    command = [*lowered, sys.executable, "-m", "devcluster", *words]
    surrounding = {name: value for name, value in os.environ.items() if name != "KUBEBUILDER_ASSETS"}
    given = surrounding | surroundings(ROOT) | {"FAIRLEAD_CACHE": str(cache)} | env
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=given)
    assert ran.returncode == 1, ran.stdout
    assert ran.stdout == ""
    assert not cache.exists(), "it stopped before it changed anything"
    return ran.stderr


def test_a_cache_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    cache, ready = tmp_path / "file" / "cache", tmp_path / "ready"
    cache.parent.write_text("")
    ready.mkdir()
    for name in programs.LIGHT:
        (ready / name).write_text("#!/bin/sh\n")
        (ready / name).chmod(0o755)
    answer = devcluster("up", "--light", cache=cache, KUBEBUILDER_ASSETS=str(ready))
    assert answer == f"devcluster: [Errno 20] Not a directory: '{cache}'\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up a capability, which only root has")
def test_a_container_without_privileges_is_reported_once(tmp_path: Path) -> None:
    lowered = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", "--")
    answer = devcluster("up", cache=tmp_path / "cache", lowered=lowered)
    assert answer.startswith(
        "devcluster: cannot start here:\n  - missing: the right to make namespaces (CAP_SYS_ADMIN)"
    )
    assert "DEVCLUSTER=existing KUBECONFIG=" in answer


@pytest.mark.skipif(os.geteuid() != 0, reason="hides Go by a mount, which only root may")
def test_on_a_machine_without_go_the_message_names_what_needs_it(tmp_path: Path) -> None:
    hide = 'if [ -d /usr/local/go ]; then /bin/mount -t tmpfs none /usr/local/go; fi && exec "$@"'
    hidden = ("/usr/bin/unshare", "--mount", "/bin/sh", "-c", hide, "sh")
    answer = devcluster("up", "--light", cache=tmp_path / "cache", lowered=hidden, PATH="/nowhere")
    assert "Go 1.26 or later, to build etcd, kube-apiserver, kubectl; there is none" in answer


@pytest.mark.skipif(os.geteuid() != 0, reason="a cluster with nodes needs root before this matters")
def test_a_cache_that_the_cluster_would_hide_is_refused() -> None:
    answer = devcluster("up", cache=Path("/run/fairlead-story"))
    assert "FAIRLEAD_CACHE=/run/fairlead-story" in answer
    assert "FAIRLEAD_CACHE=/srv/fairlead" in answer
