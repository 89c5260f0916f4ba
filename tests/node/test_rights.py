"""Rights are enforced: what was not granted is refused, and the restricted standard admits our image as it is."""

import pytest

from devcluster.door import Door, DoorClosed
from tests.node.stories import Manifest, Stage, pod
from tests.waiting import eventually

CALL_API = """
import ssl, sys, urllib.request, urllib.error
home = "/var/run/secrets/kubernetes.io/serviceaccount"
token = open(home + "/token").read()
url = "https://kubernetes.default.svc/api/v1/namespaces/" + sys.argv[1] + "/pods"
ask = urllib.request.Request(url, headers={"Authorization": "Bearer " + token})
try:
    print(urllib.request.urlopen(ask, context=ssl.create_default_context(cafile=home + "/ca.crt")).status)
except urllib.error.HTTPError as refused:
    print(refused.code, refused.read().decode())
"""
WAIT = "import time; time.sleep(600)"

GRANT: list[Manifest] = [
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}],
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "default"}],
    },
]


@pytest.fixture
def restricted(cluster: Door, stage: Stage) -> Stage:
    """The test's namespace, enforcing the restricted Pod Security Standard."""
    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", stage.namespace, label)
    return stage


def test_a_bare_service_account_may_list_nothing_until_it_is_granted(stage: Stage, our_image: str) -> None:
    stage.apply(pod("caller", our_image, WAIT))
    eventually(lambda: stage.phases("app=caller") == {"Running": 1}, "it runs")
    request = ("exec", "caller", "--", "python3", "-c", CALL_API, stage.namespace)

    refused = eventually(lambda: stage.kubectl(*request), "the API server answers the pod")
    assert refused.startswith("403")
    assert f"system:serviceaccount:{stage.namespace}:default" in refused

    stage.apply(*GRANT)
    eventually(lambda: stage.kubectl(*request) == "200\n", "the grant is honoured")


def test_a_namespace_enforcing_the_restricted_standard_admits_our_image(restricted: Stage, our_image: str) -> None:
    as_shipped = pod("shipped", our_image, "")
    container = as_shipped["spec"]["containers"][0]
    del container["command"]
    container["args"] = ["version"]
    as_shipped["spec"]["restartPolicy"] = "Never"

    restricted.apply(as_shipped)

    eventually(lambda: restricted.phases("app=shipped") == {"Succeeded": 1}, "its own command ran to the end")
    assert restricted.kubectl("logs", "shipped").startswith("fairlead ")


def test_the_restricted_standard_refuses_a_privileged_pod(restricted: Stage, our_image: str) -> None:
    with pytest.raises(DoorClosed, match="violates PodSecurity"):
        restricted.apply(pod("bold", our_image, WAIT, securityContext={"privileged": True}))
