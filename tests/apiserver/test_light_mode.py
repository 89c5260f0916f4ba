"""Light mode is a real API server: it stores, checks rights, validates, and ends without a trace."""

import json
import os
import re
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from devcluster import owners, plan, teardown
from devcluster.__main__ import main
from devcluster.cache import Cache
from devcluster.door import DoorClosed, Embedded
from devcluster.layout import Layout
from devcluster.setup import programs
from devcluster.up import up
from tests.owning import owning_process
from tests.waiting import eventually
from tests.worlds import death_of

ROOT = Path(__file__).resolve().parents[2]

DEBIANS_PYTHON = "/usr/bin/python3"
"""An interpreter that every user may run."""


def test_it_is_the_pinned_kubernetes(api_server: Embedded) -> None:
    version = json.loads(api_server.kubectl("get", "--raw", "/version"))
    assert version["gitVersion"] == programs.KUBERNETES


def test_it_stores_and_validates(api_server: Embedded) -> None:
    api_server.kubectl("create", "configmap", "note", "--from-literal=a=b")
    assert api_server.kubectl("get", "configmap", "note", "-o", "jsonpath={.data.a}") == "b"
    bad = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not A Name"}}
    with pytest.raises(DoorClosed, match=r"metadata\.name: Invalid value"):
        api_server.kubectl("create", "-f", "-", text=json.dumps(bad))


def test_it_checks_rights(api_server: Embedded) -> None:
    with pytest.raises(DoorClosed, match="cannot list resource"):
        api_server.kubectl("get", "secrets", "--as=system:serviceaccount:default:default")


def test_it_has_no_services_to_open_a_door_to_and_says_so(api_server: Embedded) -> None:
    with pytest.raises(DoorClosed, match="a light cluster has no Services"):
        api_server.expose("default", "kubernetes", 443)


def test_a_second_up_answers_the_one_that_runs(api_server: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    name = api_server.kubeconfig.parent.name
    before = api_server.report()["components"]
    assert main(["up", "--light", "--name", name]) == 0
    assert "is ready. Use it:" in capsys.readouterr().out
    assert api_server.report()["components"] == before


def test_a_killed_api_server_is_named_and_comes_back(api_server: Embedded) -> None:
    api_server.kill("kube-apiserver")

    death = eventually(lambda: death_of(api_server, "kube-apiserver"), "its death is named")
    assert death == "was ended by SIGKILL"
    assert eventually(lambda: api_server.kubectl("get", "--raw", "/readyz"), "it comes back") == "ok"


def test_a_killed_supervisor_takes_its_cluster_along_and_the_next_up_starts_anew() -> None:
    cache = Cache.chosen()
    layout = Layout.of(cache, f"orphan-{os.getpid()}")
    wanted = plan.make(layout.name, ())
    try:
        up(wanted, cache, owners.mine())
        os.kill(json.loads(layout.supervisor.read_text())["pid"], signal.SIGKILL)
        again = Embedded(up(wanted, cache, owners.mine()))
        assert eventually(lambda: again.kubectl("get", "--raw", "/readyz"), "the new one answers") == "ok"
    finally:
        assert teardown.down(layout) == ()


@pytest.mark.trial(23)
def test_a_killed_owner_takes_its_cluster_along_and_all_that_it_started_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """API server, controllers, scheduler, kwok and operator: none of them outlives the tests by more than seconds."""
    operator = "OperatorProcess(kubeconfig=door.kubeconfig, folder=pathlib.Path(tempfile.mkdtemp())).start()"
    with owning_process("with small_cluster() as door:", operator) as owner:
        assert main(["status"]) == 0
        _, *below = capsys.readouterr().out.split(f"small-{owner.pid}-1: ready")[1].splitlines()
        shown = list(takewhile(lambda line: line.startswith("  "), below))  # then the clusters of other lanes
        layout = Layout.of(Cache.chosen(), f"small-{owner.pid}-1")
        (whose,) = (line for line in shown if line.startswith("  owner       ends with process "))
        assert f"process {owner.pid} (" in whose, "others may have started the tests, and own it too"
        (since,) = (line for line in shown if line.startswith("  since "))
        assert re.search(r"UTC, [01] min ago", since)
        assert any("fairlead operator" in line for line in teardown.leaks(layout))
        owner.kill()
        owner.wait()
        eventually(lambda: not teardown.leaks(layout), "all of it ends", within_s=15)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["up", "--light", "--node", "a=NVIDIA-L4:1"], "--light has no nodes"),
        (["up", "--node", "a=NVIDIA-L4"], "for instance NVIDIA-L4:4"),
        (["expose", "web"], "for instance default/web:80"),
        (
            ["expose", "default/web:80", "--name", "nobody"],
            "cluster nobody is not up; start it: `make cluster`",
        ),
    ],
)
def test_a_wrong_word_gets_one_line(words: list[str], answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    complaint = capsys.readouterr().err
    assert answer in complaint
    assert complaint.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root proves this by running the lane")
def test_it_needs_no_root() -> None:
    """As a user with only a home of its own and a folder of ready programs."""
    home = Path("/tmp") / f"devcluster-nobody-{os.getpid()}"  # pytest's own folders are closed to other users
    home.mkdir(mode=0o755)
    try:
        _hand_over(home)
        words = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--inh-caps=-all",
            "env",
            "-i",
        ]
        env = {
            "HOME": str(home),
            "PATH": "/usr/sbin:/usr/bin:/bin",
            "PYTHONPATH": f"{home}/src:{home}/lib",
            "KUBEBUILDER_ASSETS": f"{home}/bin",
        }
        assigned = [f"{name}={value}" for name, value in env.items()]
        command = [*words, *assigned, DEBIANS_PYTHON, "-m", "devcluster"]
        ran = subprocess.run([*command, "up", "--light"], check=False, capture_output=True, text=True, cwd=home)
        assert "dev is ready" in ran.stdout, ran.stderr
        ended = subprocess.run([*command, "down"], check=False, capture_output=True, text=True, cwd=home)
        assert "nothing is left" in ended.stdout, ended.stderr
    finally:
        subprocess.run(["rm", "-rf", str(home)], check=True)


def _hand_over(home: Path) -> None:
    """A copy of devcluster, of what it imports and of the binaries, that another user may read."""
    ready = programs.folder(Cache.chosen())
    (home / "bin").mkdir()
    for name in programs.LIGHT:
        os.link(ready / name, home / "bin" / name)
    site = Path(sys.prefix) / "lib" / "python3.11" / "site-packages"
    for folder in ("src", "lib"):
        (home / folder).mkdir()
    subprocess.run(["cp", "-r", str(ROOT / "devcluster"), str(home / "src")], check=True)
    for package in ("cryptography", "cffi", *(path.name for path in site.glob("_cffi_backend*"))):
        subprocess.run(["cp", "-r", str(site / package), str(home / "lib")], check=True)
    subprocess.run(["chown", "-R", "65534:65534", str(home)], check=True)
