"""The control plane's programs: etcd, the API server, the controller manager, the scheduler."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster.layout import Layout
from devcluster.members.component import Component, Stage
from devcluster.plan import API_SERVICE, DOMAIN, SERVICE_NETWORK, Plan

API_PORT: Final = 6443
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  # in a network namespace that nothing outside reaches


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Ports of etcd and the API server: fixed in their own namespace, free ones on a shared host."""

    etcd: int = 2379
    peers: int = 2380
    api: int = API_PORT


def names_of_api(plan: Plan) -> tuple[str, ...]:
    """Every name by which clients may reach the API server."""
    service = tuple(f"kubernetes{rest}" for rest in ("", ".default", ".default.svc", f".default.svc.{DOMAIN}"))
    return ("127.0.0.1", "localhost", API_SERVICE, *service, *(node.address for node in plan.nodes))


def components(plan: Plan, layout: Layout, binaries: Path, ports: Ports) -> tuple[Component, ...]:
    """The control plane of this cluster; a light one has neither controllers nor a scheduler."""
    store = Component(name="etcd", argv=_etcd(layout, binaries, ports), stage=Stage.STORE)
    api = Component(name="kube-apiserver", argv=_api_server(plan, layout, binaries, ports), stage=Stage.API)
    if plan.light:
        return (store, api)
    return (
        store,
        api,
        Component(name="kube-controller-manager", argv=_controllers(layout, binaries), stage=Stage.MEMBERS),
        Component(name="kube-scheduler", argv=_scheduler(layout, binaries), stage=Stage.MEMBERS),
    )


def _etcd(layout: Layout, binaries: Path, ports: Ports) -> tuple[str, ...]:
    client = f"http://127.0.0.1:{ports.etcd}"
    peer = f"http://127.0.0.1:{ports.peers}"
    return (
        str(binaries / "etcd"),
        f"--data-dir={layout.etcd}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",  # nothing here outlives the cluster
        "--quota-backend-bytes=4294967296",
    )


def _api_server(plan: Plan, layout: Layout, binaries: Path, ports: Ports) -> tuple[str, ...]:
    pki = layout.pki
    return (
        str(binaries / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        f"--secure-port={ports.api}",
        f"--bind-address={'127.0.0.1' if plan.light else EVERYWHERE}",
        f"--advertise-address={'192.0.2.1' if plan.light else plan.host}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
        "--allow-privileged",
        "--anonymous-auth=false",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--kubelet-client-certificate={pki}/kubelet-client.crt",
        f"--kubelet-client-key={pki}/kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",  # node names do not resolve
        f"--service-account-key-file={pki}/service-accounts.crt",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        f"--cert-dir={layout.root}/apiserver",
        "--profiling=false",
    )


def _controllers(layout: Layout, binaries: Path) -> tuple[str, ...]:
    pki = layout.pki
    return (
        str(binaries / "kube-controller-manager"),
        f"--kubeconfig={pki}/controllers.kubeconfig",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={pki}/service-accounts.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        "--profiling=false",
    )


def _scheduler(layout: Layout, binaries: Path) -> tuple[str, ...]:
    return (
        str(binaries / "kube-scheduler"),
        f"--kubeconfig={layout.pki}/scheduler.kubeconfig",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--profiling=false",
    )
