"""Translates NetworkPolicies into one nftables table, which is replaced as a whole.

Ingress only, since no policy here restricts egress. Traffic from a node itself (kubelets, the API server, forwarded
ports) is accepted, as in most CNI plugins; established connections continue.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

Object: TypeAlias = Mapping[str, Any]
Labels: TypeAlias = Mapping[str, str]

TABLE: Final = "inet devcluster_policies"
EVERYTHING: Final = ""
"""An empty match: every packet."""


def ruleset(policies: Iterable[Object], pods: Sequence[Object], namespaces: Mapping[str, Labels]) -> str:
    """Build the table for the pods with an address; `namespaces` maps names to labels."""
    running = [pod for pod in pods if _address(pod) and not pod["spec"].get("hostNetwork")]
    chains: dict[str, list[str]] = {}
    for policy in policies:
        if "Ingress" not in policy["spec"].get("policyTypes", ["Ingress"]):
            continue
        namespace = policy["metadata"]["namespace"]
        for pod in running:
            if pod["metadata"]["namespace"] == namespace and _matches(policy["spec"]["podSelector"], _labels(pod)):
                rules = chains.setdefault(_address(pod), [])
                for rule in policy["spec"].get("ingress", ()):
                    rules += _allowed(rule, pod, namespace, running, namespaces)
    names = {address: f"to_{number}" for number, address in enumerate(sorted(chains))}
    bodies = [_chain(name, [*dict.fromkeys(chains[address]), "drop"]) for address, name in names.items()]
    text = ", ".join(f"{address} : goto {name}" for address, name in names.items())
    forward = ["type filter hook forward priority 10; policy accept;", "ct state established,related accept"]
    forward += [f"ip daddr vmap {{ {text} }}"] if text else []
    content = "\n".join([*bodies, _chain("forward", forward)])
    return f"table {TABLE} {{}}\ndelete table {TABLE}\ntable {TABLE} {{\n{content}\n}}\n"


def _chain(name: str, rules: Iterable[str]) -> str:
    return "\n".join([f"  chain {name} {{", *(f"    {rule}" for rule in rules), "  }"])


def _allowed(
    rule: Object, pod: Object, namespace: str, pods: Sequence[Object], namespaces: Mapping[str, Labels]
) -> list[str]:
    sources = [_source(peer, namespace, pods, namespaces) for peer in rule.get("from", ())] or [EVERYTHING]
    ports = [found for port in rule.get("ports", ()) if (found := _port(port, pod))]
    if not rule.get("ports"):
        ports = [EVERYTHING]
    pairs = [(source, port) for source in sources if source is not None for port in ports]
    return [" ".join(filter(None, (*pair, "accept"))) for pair in pairs]


def _source(peer: Object, namespace: str, pods: Sequence[Object], namespaces: Mapping[str, Labels]) -> str | None:
    """Match the senders; None if no pod matches."""
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        excepted = ", ".join(block.get("except", ()))
        return f"ip saddr {block['cidr']}" + (f" ip saddr != {{ {excepted} }}" if excepted else "")
    chosen = peer.get("namespaceSelector")
    homes = {namespace} if chosen is None else {name for name, labels in namespaces.items() if _matches(chosen, labels)}
    found = sorted(
        _address(pod)
        for pod in pods
        if pod["metadata"]["namespace"] in homes and _matches(peer.get("podSelector", {}), _labels(pod))
    )
    return f"ip saddr {{ {', '.join(found)} }}" if found else None


def _port(port: Object, pod: Object) -> str | None:
    """Match the receiver's port; None if the pod has none of that name."""
    protocol = port.get("protocol", "TCP").lower()
    wanted = port.get("port")
    if wanted is None:
        return f"meta l4proto {protocol}"
    if isinstance(wanted, str):
        named = [one for container in pod["spec"]["containers"] for one in container.get("ports", ())]
        wanted = next((one["containerPort"] for one in named if one.get("name") == wanted), None)
    last = f"-{port['endPort']}" if "endPort" in port else ""
    return None if wanted is None else f"{protocol} dport {wanted}{last}"


def _matches(selector: Object, labels: Labels) -> bool:
    same = all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())
    return same and all(_holds(one, labels) for one in selector.get("matchExpressions", ()))


def _holds(expression: Object, labels: Labels) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None


def _labels(pod: Object) -> Labels:
    found: Labels = pod["metadata"].get("labels", {})
    return found


def _address(pod: Object) -> str:
    over = pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}
    return "" if over else str(pod.get("status", {}).get("podIP", ""))
