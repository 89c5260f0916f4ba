"""A node's programs and their configuration: container runtime, kubelet, and networking."""

import json
import sys
from pathlib import Path
from typing import Final

from devcluster.layout import Layout
from devcluster.members.component import Component, Stage
from devcluster.plan import DNS_ADDRESS, DOMAIN, POD_NETWORK, Node, Plan

PAUSE_IMAGE: Final = "localhost/devcluster-pause:1"
POLICY_AGENT: Final = "devcluster.inside.policy_agent"
"""By name: descriptions do not import what runs."""
CNI_PLUGINS: Final = "/usr/lib/cni"
"""Where Debian's containernetworking-plugins puts them."""
LOST_RACE: Final = "/kubelet.sock: bind: address already in use"
"""Every kubelet removes and binds one path, a constant in its source: of two that do so at once the later one ends."""


def socket(node: Node) -> str:
    """The runtime's socket in the cluster's mount namespace: short, since socket paths are limited."""
    return f"/run/{node.name}/containerd.sock"


def import_command(binaries: Path, node: Node, archive: Path) -> tuple[str, ...]:
    """The command that imports an image archive on a node; to be run in the cluster's mount namespace."""
    return (*_ctr(binaries, node), "images", "import", str(archive))


def drop_packed_command(binaries: Path, node: Node) -> tuple[str, ...]:
    """The command that drops the packed layers of all images of a node, which has them unpacked too."""
    return (*_ctr(binaries, node), "content", "prune", "references")


def _ctr(binaries: Path, node: Node) -> tuple[str, ...]:
    return (str(binaries / "ctr"), "-a", socket(node), "-n", "k8s.io")


def components(plan: Plan, layout: Layout, binaries: Path) -> tuple[Component, ...]:
    """What runs on the nodes.

    kube-proxy, CoreDNS and the policy agent run once for all nodes, as these share a network namespace.
    """
    if plan.light:
        return ()
    each = [
        made for node in plan.nodes for made in (_runtime(layout, binaries, node), _kubelet(layout, binaries, node))
    ]
    proxy = (str(binaries / "kube-proxy"), f"--config={layout.etc}/kube-proxy.json")
    dns = (str(binaries / "coredns"), "-conf", f"{layout.etc}/Corefile")
    agent = (sys.executable, "-m", POLICY_AGENT, str(binaries / "kubectl"), str(layout.inner_kubeconfig))
    return (
        *each,
        Component(name="kube-proxy", argv=proxy, stage=Stage.MEMBERS),
        Component(name="coredns", argv=dns, stage=Stage.MEMBERS),
        Component(name="network-policies", argv=agent, stage=Stage.MEMBERS),
    )


def write(plan: Plan, layout: Layout, binaries: Path) -> None:
    """Write every configuration file of the nodes' programs."""
    layout.etc.mkdir(parents=True, exist_ok=True)
    (layout.etc / "kube-proxy.json").write_text(json.dumps(_proxy_config(plan, layout)))
    (layout.etc / "Corefile").write_text(_corefile(layout))
    for node in plan.nodes:
        home = layout.node(node.name)
        (home / "cni").mkdir(parents=True, exist_ok=True)
        (home / "cni" / "10-pods.conflist").write_text(json.dumps(_cni_config(layout, node)))
        (home / "containerd.toml").write_text(_runtime_config(layout, binaries, node))
        (home / "kubelet.json").write_text(json.dumps(_kubelet_config(layout, node)))


def _runtime(layout: Layout, binaries: Path, node: Node) -> Component:
    argv = (str(binaries / "containerd"), "--config", str(layout.node(node.name) / "containerd.toml"))
    return Component(name=f"containerd-{node.name}", argv=argv, stage=Stage.STORE, node=node.name)


def _kubelet(layout: Layout, binaries: Path, node: Node) -> Component:
    home = layout.node(node.name)
    argv = (
        str(binaries / "kubelet"),
        f"--config={home}/kubelet.json",
        f"--kubeconfig={layout.pki}/kubelet-{node.name}.kubeconfig",
        f"--root-dir={home}/kubelet",
        f"--cert-dir={home}/kubelet-pki",
        f"--node-ip={node.address}",
        f"--hostname-override={node.name}",
    )
    return Component(
        name=f"kubelet-{node.name}", argv=argv, stage=Stage.MEMBERS, node=node.name, mended_by_restart=LOST_RACE
    )


def _runtime_config(layout: Layout, binaries: Path, node: Node) -> str:
    home = layout.node(node.name)
    return f"""version = 3
root = "{layout.images(node.name)}"
state = "/run/{node.name}/containerd"

[grpc]
address = "{socket(node)}"

[plugins."io.containerd.internal.v1.opt"]
path = "{home}/opt"

# Its socket has one place for the whole machine, which two nodes cannot share.
[plugins."io.containerd.nri.v1.nri"]
disable = true

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
# The kernel refuses a lower score than the parent's to whoever lacks CAP_SYS_RESOURCE.
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{CNI_PLUGINS}"]
conf_dir = "{home}/cni"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
runtime_path = "{binaries}/containerd-shim-runc-v2"
"""


def _cni_config(layout: Layout, node: Node) -> object:
    """Routed veth pairs, no bridge: traffic between pods passes the host's tables, so Services work there."""
    ranges = {
        "type": "host-local",
        "dataDir": f"{layout.node(node.name)}/addresses",
        "ranges": [[{"subnet": node.pods, "gateway": node.gateway}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    plugins = [
        {"type": "ptp", "ipMasq": False, "ipam": ranges},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": plugins}


def _kubelet_config(layout: Layout, node: Node) -> object:
    home = layout.node(node.name)
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{layout.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.control_group}/{node.name}",
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": DOMAIN,
        "containerRuntimeEndpoint": f"unix://{socket(node)}",
        "enforceNodeAllocatable": [],
        "evictionHard": {},  # an eviction because the developer's disk is full would test nothing of ours
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": f"{home}/pod-logs",
        "resolvConf": "",
        "volumePluginDir": f"{home}/volume-plugins",
        "serializeImagePulls": False,
        "shutdownGracePeriod": "0s",
        "syncFrequency": "10s",  # a changed ConfigMap reaches running pods in seconds, not in 90 s
    }


def _proxy_config(plan: Plan, layout: Layout) -> object:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": f"{layout.pki}/proxy.kubeconfig"},
        "mode": "nftables",
        "clusterCIDR": POD_NETWORK,
        "hostnameOverride": plan.nodes[0].name,
        "conntrack": {"maxPerCore": 0, "min": 0},  # the kernel's own limit is not ours to change
        "nftables": {"minSyncPeriod": "0s"},
    }


def _corefile(layout: Layout) -> str:
    return f""".:53 {{
    bind {DNS_ADDRESS}
    errors
    kubernetes {DOMAIN} in-addr.arpa {{
        kubeconfig {layout.pki}/dns.kubeconfig
        pods insecure
        ttl 5
    }}
    loop
}}
"""
