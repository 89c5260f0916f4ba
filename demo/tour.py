"""What the demo prints in the end: what was done, with the real output of the commands that anybody may repeat."""

import json
from dataclasses import dataclass
from typing import Final

from demo.load import Load
from devcluster.door import DoorClosed, Embedded


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was measured, and where."""

    address: str
    name: str
    first: Load
    under_way: Load


def is_rolled_out(cluster: Embedded, name: str) -> bool:
    """Whether the spec as it is now serves, and nothing older is left."""
    found = json.loads(cluster.kubectl("get", "infd", name, "-o", "json"))
    said = {one["type"]: one for one in found["status"]["conditions"]}
    current = found["status"].get("observedGeneration") == found["metadata"]["generation"]
    serves = said["Ready"]["status"] == "True" and said["Progressing"]["reason"] == "Complete"
    return bool(current and serves and len(found["status"]["revisions"]) == 1)


def conditions(cluster: Embedded, name: str) -> str:
    """A line a condition: what holds, why, and in which words."""
    found = json.loads(cluster.kubectl("get", "infd", name, "-o", "json"))["status"]["conditions"]
    width = max(len(one["type"]) for one in found)
    return "\n".join(f"  {one['type']:<{width}}  {one['status']:<7}  {one['message']}" for one in found)


def text(cluster: Embedded, seen: Seen) -> str:
    """The whole tour."""
    answer = next((one.text for one in seen.first.streams if not one.failed), "")
    return f"""
A real Kubernetes on this machine, with GPUs that are pretended and a scheduler that counts them:
$ kubectl get nodes -L nvidia.com/gpu.product,nvidia.com/gpu.count
{_run(cluster, "get", "nodes", "-L", "nvidia.com/gpu.product,nvidia.com/gpu.count")}

The operator, installed by Helm, two replicas of which one leads:
$ kubectl get pods -n fairlead-system
{_run(cluster, "get", "pods", "-n", "fairlead-system")}

Two models, one object each:
$ kubectl get infd
{_run(cluster, "get", "infd")}
$ kubectl get pods -L fairlead.dev/role,fairlead.dev/revision
{_run(cluster, "get", "pods", "-L", "fairlead.dev/role,fairlead.dev/revision")}

A short load on `chat` through its router: {seen.first.summary}
  it said: {answer[:100]}

Then its engine was changed with both L4 taken (strategy Replace: one drains, the next starts), streams going on:
  {seen.under_way.summary}
$ kubectl get events --field-selector involvedObject.name=chat
{_run(cluster, "get", "events", "--field-selector", "involvedObject.name=chat", _BY_AGE)}

What `chat` says of itself:
{conditions(cluster, "chat")}

What is refused is refused at once, with what would fit:
$ kubectl patch infd writer --type=merge -p '{{"spec": {{"engine": {{"context": {{"maxTokens": 9999999}}}}}}}}'
{_refused(cluster)}

Look around:
  export KUBECONFIG={cluster.kubeconfig}
  export PATH={cluster.programs}:$PATH
  kubectl describe infd chat              what it is, in conditions and Events
  kubectl scale infd chat --replicas=1    the least busy replica goes, and no stream is cut
  kubectl delete pod -l fairlead.dev/role=router --wait=false    and ask on meanwhile
  curl http://{seen.address}/v1/chat/completions -H 'Content-Type: application/json' \\
    -d '{{"model": "chat", "messages": [{{"role": "user", "content": "Hello"}}], "max_tokens": 16}}'
End it:
  {"make demo-down" if seen.name == "demo" else f"make cluster-down NAME={seen.name}"}
"""


_BY_AGE: Final = "--sort-by=.metadata.creationTimestamp"


def _run(cluster: Embedded, *words: str) -> str:
    return cluster.kubectl(*words).rstrip()


def _refused(cluster: Embedded) -> str:
    """The admission's own words."""
    patch = '{"spec": {"engine": {"context": {"maxTokens": 9999999}}}}'
    try:
        return cluster.kubectl("patch", "infd", "writer", "--type=merge", "-p", patch).rstrip()
    except DoorClosed as problem:
        return str(problem).strip()
