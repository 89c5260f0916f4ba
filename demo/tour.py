"""The text of the demo: what was done, with the real output of commands that readers can repeat."""

import json
from typing import Final

from demo.acts import Scaled
from demo.load import Load
from devcluster.door import DoorClosed, Embedded

REFUSED: Final = '{"spec": {"engine": {"context": {"maxTokens": 9999999}}}}'
EVENTS: Final = 6
BY_AGE: Final = "--sort-by=.metadata.creationTimestamp"


def beginning(cluster: Embedded, sent: Load) -> str:
    """The installed objects, and a first answer."""
    answer = next((one.text for one in sent.streams if not one.failed), "")
    return f"""
A real Kubernetes on this machine, with GPUs that are pretended and a scheduler that counts them:
$ kubectl get nodes -L nvidia.com/gpu.product,nvidia.com/gpu.count
{output(cluster, "get", "nodes", "-L", "nvidia.com/gpu.product,nvidia.com/gpu.count")}

The operator, installed by Helm, two replicas of which one leads; the autoscaler is in it:
$ kubectl get pods -n fairlead-system
{output(cluster, "get", "pods", "-n", "fairlead-system")}

Two models, one object each, and their policies:
$ kubectl get infd,asp
{output(cluster, "get", "infd,asp")}

A short load on `chat` through its router: {sent.summary}
  it said: {answer[:100]}"""


def burst(seen: Scaled) -> str:
    """At the peak."""
    return f"""
At the height of the burst:
$ fairlead top --once
{seen.top}
$ fairlead explain infd/chat
{parts(seen.explained, "Why", "Signals ask for", "Limits that moved it")}

All of the burst: {seen.load.summary}"""


def calm(seen: Scaled) -> str:
    """After it."""
    return f"""
Replicas left one by one, the least busy first, each after its last answer:
  {seen.load.summary}
$ fairlead explain infd/chat
{parts(seen.explained, "Why", "What would change it")}"""


def woken(sent: Load) -> str:
    """From zero."""
    return f"""
The router held them until a replica served, and lost none:
  {sent.summary}"""


def changed(cluster: Embedded, sent: Load) -> str:
    """A rollout without a spare GPU, and a refusal."""
    return f"""
Then its engine was changed with the only A100 taken (strategy Replace: one drains, the next starts), streams going on:
  {sent.summary}
$ kubectl get events --field-selector involvedObject.name=writer
{latest(output(cluster, "get", "events", "--field-selector", "involvedObject.name=writer", BY_AGE))}

What `writer` says of itself:
{conditions(cluster, "writer")}

What is refused is refused at once, with what would fit:
$ kubectl patch infd writer --type=merge -p '{REFUSED}'
{_refused(cluster)}"""


def where_next(cluster: Embedded, address: str, name: str) -> str:
    """What to try next."""
    return f"""
Look around:
  export KUBECONFIG={cluster.kubeconfig}
  export PATH={cluster.programs}:$PWD/.venv/bin:$PATH
  fairlead top                            all models, live
  fairlead explain infd/chat              why it has as many replicas as it has, and what would change it
  fairlead console --service-account default/reader    pages with every decision; prints the address
  kubectl describe infd chat              what it is, in conditions and Events
  kubectl edit asp brisk                  another policy; mode: Recommend only says what it would do
  kubectl delete pod -l fairlead.dev/role=router --wait=false    and ask on meanwhile
  curl http://{address}/v1/chat/completions -H 'Content-Type: application/json' \\
    -d '{{"model": "chat", "messages": [{{"role": "user", "content": "Hello"}}], "max_tokens": 16}}'
End it:
  {ending(name)}
"""


def ending(name: str) -> str:
    """The command that ends the demo."""
    return "make demo-down" if name == "demo" else f"make cluster-down NAME={name}"


def conditions(cluster: Embedded, name: str) -> str:
    """A line per condition: type, status, reason and message."""
    found = json.loads(cluster.kubectl("get", "infd", name, "-o", "json"))["status"]["conditions"]
    width = max(len(one["type"]) for one in found)
    return "\n".join(f"  {one['type']:<{width}}  {one['status']:<7}  {one['message']}" for one in found)


def parts(explained: str, *heads: str) -> str:
    """The first line and the parts below these heads; says how much more the command shows."""
    first, *others = explained.rstrip().split("\n\n")
    shown = [first, *(one for one in others if one.partition("\n")[0] in heads)]
    left_out = len(others) + 1 - len(shown)
    return "\n\n".join([*shown, *([f"({left_out} parts more)"] if left_out else [])])


def latest(table: str, rows: int = EVENTS) -> str:
    """The head of a table and its last rows."""
    head, *lines = table.splitlines()
    left_out = len(lines) - rows
    return "\n".join([head, *([f"({left_out} earlier ones)"] if left_out > 0 else []), *lines[-rows:]])


def output(cluster: Embedded, *words: str) -> str:
    """kubectl's output."""
    return cluster.kubectl(*words).rstrip()


def _refused(cluster: Embedded) -> str:
    """The webhook's own message."""
    try:
        return cluster.kubectl("patch", "infd", "writer", "--type=merge", "-p", REFUSED).rstrip()
    except DoorClosed as problem:
        return str(problem).strip()
