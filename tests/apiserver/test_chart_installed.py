"""Our chart on a real API server, by Helm and kubectl: which objects it accepts, webhook scope, role permissions.

No operator runs here, so what would reach it shows as a refusal.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import yaml

from devcluster import owners, plan, teardown
from devcluster.cache import Cache
from devcluster.door import DoorClosed, Embedded
from devcluster.layout import Layout
from devcluster.setup import machine, preflight, programs, tools
from devcluster.up import up
from house.chart_manifests import CHART, NAMESPACE
from house.tree import ROOT
from tests.waiting import eventually

OPERATOR: Final = f"system:serviceaccount:{NAMESPACE}:fairlead"
COLLECTOR: Final = "system:serviceaccount:kube-system:generic-garbage-collector"
BASE: Final = str(ROOT / "manifests/base")
LEAST: Final = """\
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: chat}
spec: {model: {source: "hf://Qwen/Qwen3-0.6B"}, accelerator: {product: NVIDIA-L4}}
"""


@dataclass(frozen=True, slots=True)
class Programs:
    """An API server for these tests, and the two programs that users install with."""

    server: Embedded
    program: Path

    def helm(self, *words: str) -> str:
        """Run Helm; raises `DoorClosed` with its message."""
        environment = os.environ | {"KUBECONFIG": str(self.server.kubeconfig)}
        whole = [str(self.program), *words, "-n", NAMESPACE]
        done = subprocess.run(whole, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise DoorClosed(done.stderr)
        return done.stdout

    def may(self, verb: str, what: str, *where: str) -> bool:
        """Whether the operator's account may do this."""
        try:
            return self.server.kubectl("auth", "can-i", verb, what, f"--as={OPERATOR}", *where).strip() == "yes"
        except DoorClosed:
            return False


@pytest.fixture(scope="module")
def installed_programs() -> Iterator[Programs]:
    """A separate server: a webhook that must answer would block other tests."""
    cache = Cache.chosen()
    to_build = (*programs.missing(cache, programs.LIGHT), *tools.missing(cache, tools.LIGHT))
    missing = preflight.light(machine.survey(), to_build)
    if missing and os.environ.get("CI"):
        pytest.fail(f"the chart must be installed in CI.\n{preflight.message(missing)}", pytrace=False)
    if missing:
        pytest.skip(preflight.message(missing))
    layout = Layout.of(cache, f"chart-{os.getpid()}")
    try:
        server = Embedded(up(plan.make(layout.name, ()), cache, owners.mine()))
        server.kubectl("create", "namespace", NAMESPACE)
        yield Programs(server, tools.ensure(cache, tools.LIGHT) / "helm")
    finally:
        left = teardown.down(layout)
    assert left == (), left


@pytest.fixture(scope="module")
def by_kubectl(installed_programs: Programs) -> Programs:
    """The same, with the base applied and our kinds established."""
    installed_programs.server.kubectl("apply", "--server-side", "--force-conflicts", "-k", BASE)
    eventually(lambda: "infd" in installed_programs.server.kubectl("api-resources"), "our kinds are served")
    return installed_programs


@pytest.mark.trial(22)
def test_helm_installs_upgrades_and_leaves_what_serves(installed_programs: Programs) -> None:
    installed_programs.server.kubectl("delete", "--ignore-not-found", "-k", BASE)
    output = installed_programs.helm(
        "install", "fairlead", str(CHART), "--set", "flowSchema.enabled=true,networkPolicy.enabled=true"
    )
    assert "helm test fairlead -n fairlead-system" in output
    assert "kubectl create -n default" in output, "a suggestion that overwrites nothing"
    assert "metadata: {name: first-model}" in output
    eventually(lambda: "infd" in installed_programs.server.kubectl("api-resources"), "our kinds are served")
    installed_programs.server.kubectl("apply", "-f", "-", text=LEAST)
    before = _uid(installed_programs)

    installed_programs.helm("upgrade", "fairlead", str(CHART), "--set", "replicas=1,webhook.failurePolicy=Fail")
    assert installed_programs.server.kubectl("get", "pdb", "-A", "--ignore-not-found") == ""
    assert installed_programs.server.kubectl("get", "flowschema", "fairlead", "--ignore-not-found") == ""
    installed_programs.helm("uninstall", "fairlead")

    assert _uid(installed_programs) == before, "its definition stayed, and the object with it"
    installed_programs.helm("install", "fairlead", str(CHART))
    assert _uid(installed_programs) == before
    installed_programs.helm("uninstall", "fairlead")
    installed_programs.server.kubectl("delete", "infd", "chat")


def test_the_same_files_applied_twice_change_nothing(by_kubectl: Programs) -> None:
    what = ("get", "-o", "jsonpath={.items[*].metadata.resourceVersion}", "-f", str(ROOT / "manifests/install.yaml"))
    before = by_kubectl.server.kubectl(*what)
    by_kubectl.server.kubectl("apply", "--server-side", "-f", str(ROOT / "manifests/install.yaml"))
    by_kubectl.server.kubectl("apply", "--server-side", "-k", BASE)
    assert by_kubectl.server.kubectl(*what) == before


def test_without_an_operator_people_can_still_apply_what_they_need(by_kubectl: Programs) -> None:
    assert "created" in by_kubectl.server.kubectl("apply", "-f", "-", text=LEAST.replace("chat", "unreviewed"))
    by_kubectl.server.kubectl("delete", "infd", "unreviewed")


@pytest.fixture
def strict(by_kubectl: Programs) -> Iterator[Programs]:
    """A webhook that must answer, and does not; beside it an object from before."""
    by_kubectl.server.kubectl("apply", "-f", "-", text=LEAST)
    _policy(by_kubectl, "Fail")
    try:
        eventually(
            lambda: _refused(by_kubectl, "apply", "-f", "-", text=LEAST.replace("chat", "new")), "it must answer"
        )
        yield by_kubectl
    finally:
        _policy(by_kubectl, "Ignore")
        by_kubectl.server.kubectl("delete", "infd", "--all")


def test_a_webhook_that_must_answer_stops_new_wishes_only(strict: Programs) -> None:
    written = '{"spec": {"replicas": 3}}'
    assert _refused(strict, "patch", "infd", "chat", "--type=merge", "-p", written)
    strict.server.kubectl("label", "infd", "chat", "team=search")
    strict.server.kubectl("patch", "infd", "chat", "--subresource=status", "--type=merge", "-p", '{"status": {}}')
    strict.server.kubectl("patch", "infd", "chat", "--type=merge", "-p", written, f"--as={COLLECTOR}")
    strict.server.kubectl("delete", "infd", "chat")


def test_an_order_that_cannot_be_read_is_reviewed_and_one_of_fairlead_rollout_waits_for_no_webhook(
    strict: Programs,
) -> None:
    """The review that warns of it was never reached: whoever wrote `promote` alone waited for nothing."""
    order = ("annotate", "--overwrite", "infd", "chat")
    strict.server.kubectl(*order, "fairlead.dev/rollout=abort 2026-11-20T12:00:00Z")
    for words in ("promote", "promote now", "promote 2026-11-20T12:00:00"):
        assert _refused(strict, *order, f"fairlead.dev/rollout={words}")
    strict.server.kubectl(*order, "team=search", "fairlead.dev/rollout-")


def test_an_object_that_is_going_away_lets_go_of_its_finalizers(strict: Programs) -> None:
    held = '{"metadata": {"finalizers": ["example.com/held"]}}'
    strict.server.kubectl("patch", "infd", "chat", "--type=merge", "-p", held)
    strict.server.kubectl("delete", "infd", "chat", "--wait=false")
    strict.server.kubectl("patch", "infd", "chat", "--type=merge", "-p", '{"metadata": {"finalizers": null}}')
    eventually(lambda: strict.server.kubectl("get", "infd", "--ignore-not-found") == "", "it is gone")


@pytest.mark.parametrize("template", ["templates/deployment.yaml", "templates/tests/selftest.yaml"])
def test_its_pods_are_admitted_where_only_restricted_ones_are(by_kubectl: Programs, template: str) -> None:
    server = by_kubectl.server
    server.kubectl("label", "--overwrite", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    rendered = by_kubectl.helm("template", "fairlead", str(CHART), "-s", template)
    (written,) = [one["spec"]["template"]["spec"] for one in yaml.safe_load_all(rendered) if "spec" in one]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "namespace": NAMESPACE}}
    text = json.dumps(pod | {"spec": written | {"serviceAccountName": "fairlead"}})
    assert "created" in server.kubectl("create", "--dry-run=server", "-f", "-", text=text)
    with pytest.raises(DoorClosed, match='violates PodSecurity "restricted:latest"'):
        server.kubectl(
            "create", "--dry-run=server", "-f", "-", text=text.replace('"runAsNonRoot": true', '"runAsNonRoot": false')
        )


MAY: Final = (
    ("patch", "deployments.apps", "-n", "default"),
    ("patch", "inferencedeployments.fairlead.dev", "--subresource=status", "-n", "default"),
    ("update", "inferencedeployments.fairlead.dev", "--subresource=finalizers", "-n", "default"),
    ("get", "secrets", "-n", "default"),
    ("create", "secrets", "-n", "default"),
    ("patch", "secrets", "-n", "default"),
    ("create", "events.events.k8s.io", "-n", "default"),
    ("watch", "nodes"),
    ("watch", "priorityclasses.scheduling.k8s.io"),
    ("update", "leases.coordination.k8s.io", "-n", NAMESPACE),
    ("update", "secrets/fairlead-webhook", "-n", NAMESPACE),
    ("patch", "validatingwebhookconfigurations/fairlead"),
)
MAY_NOT: Final = (
    ("list", "secrets", "-n", "default"),
    ("update", "secrets/other", "-n", NAMESPACE),
    ("watch", "secrets", "-n", "default"),
    ("delete", "secrets", "-n", "default"),
    ("create", "pods", "--subresource=exec", "-n", "default"),
    ("patch", "inferencedeployments.fairlead.dev", "-n", "default"),
    ("update", "leases.coordination.k8s.io", "-n", "default"),
    ("patch", "nodes"),
    ("patch", "validatingwebhookconfigurations/other"),
    ("create", "clusterroles.rbac.authorization.k8s.io"),
)


def test_the_operator_may_do_its_work_and_nothing_beside_it(by_kubectl: Programs) -> None:
    assert [each for each in MAY if not by_kubectl.may(*each)] == []
    assert [each for each in MAY_NOT if by_kubectl.may(*each)] == []


def test_the_operator_can_grant_a_router_its_role_and_no_more_than_it_has(by_kubectl: Programs) -> None:
    request = ("create", "role", "chat-router", "--resource=pods", "--dry-run=server", f"--as={OPERATOR}")
    assert "created" in by_kubectl.server.kubectl(*request, "--verb=get,list,watch")
    with pytest.raises(DoorClosed, match="attempting to grant RBAC permissions not currently held"):
        by_kubectl.server.kubectl(*request, "--verb=update")


def _uid(own_programs: Programs) -> str:
    return own_programs.server.kubectl("get", "infd", "chat", "-o", "jsonpath={.metadata.uid}")


def _policy(own_programs: Programs, policy: str) -> None:
    changed = json.dumps(
        {"webhooks": [{"name": "validate.fairlead.dev", "failurePolicy": policy, "timeoutSeconds": 1}]}
    )
    own_programs.server.kubectl("patch", "validatingwebhookconfiguration", "fairlead", "-p", changed)


def _refused(own_programs: Programs, *words: str, text: str | None = None) -> bool:
    try:
        own_programs.server.kubectl(*words, text=text)
    except DoorClosed as problem:
        return 'failed calling webhook "validate.fairlead.dev"' in str(problem)
    return False
