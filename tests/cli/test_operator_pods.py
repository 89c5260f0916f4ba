"""Which pods `fairlead explain` takes for the operator's: any pod can have its labels."""

from fairlead.cluster.kinds import POD
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import PretendCluster


def test_decisions_come_from_the_operators_namespace_and_not_from_pods_that_copy_its_labels(
    run: Run, cluster: PretendCluster
) -> None:
    cluster.has_operator(namespace="aaa")
    assert "arithmetic cannot be shown" not in run("explain", "chat")[1]
    namespaces = {one.namespace for one in cluster.requests if one.subresource == "proxy"}
    assert namespaces == {"fairlead-system"}
    cluster.remove(POD, "fairlead-system", "fairlead-0")
    assert "arithmetic cannot be shown" not in run("explain", "chat")[1], "the only one of all namespaces"
    for namespace in ("ops", "zzz"):
        cluster.has_operator(namespace=namespace)
    out = run("explain", "chat")[1]
    assert "pods of namespaces aaa, ops and 1 more have the operator's labels; --operator-namespace names" in out
