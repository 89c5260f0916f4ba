"""The show behind `make demo ENGINE=vllm`: real vLLM in the pods, on CPU, and a tiny model that follows its load.

The model has random weights and writes nonsense: it is generated here, so that nothing is fetched.
"""

from pathlib import Path
from typing import Final

from demo import acts, tour
from demo.acts import Print
from demo.load import Load
from demo.watching import WatchedModel
from devcluster import progress
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import vllm_cpu
from house import tiny_images

ROOT: Final = Path(__file__).resolve().parents[1]
MANIFESTS: Final = ROOT / "demo" / "real.yaml"
ENGINES: Final = "engines"
OTHERS: Final = "others"
NODES: Final = (ENGINES, OTHERS)
TAINT: Final = "fairlead.demo/engines=only:NoSchedule"
"""vLLM's image is held in memory, so only one node has it; and its cores are for engines only."""
START_S: Final = 420.0
MOST: Final = 2
CROWD: Final = 16
CONTEXT: Final = '{"spec": {"engine": {"context": {"maxTokens": 1024}}}}'
IMAGES: Final = "custom-columns=POD:.metadata.name,IMAGE:.spec.containers[0].image"
ROLE: Final = "fairlead.dev/role=engine"


def images(cache: Cache) -> tuple[Path, ...]:
    """Return vLLM's and the model's images as archives; builds missing ones."""
    return vllm_cpu.IMAGE.ensure(ROOT, cache).archive, *tiny_images.archives(cache)


def prepare(cluster: Embedded, archives: tuple[Path, ...]) -> None:
    """Set up a node for engines, with their images."""
    with progress.step(f"bringing vLLM's image and the model's to the node {ENGINES} (5 GB)"):
        cluster.kubectl("taint", "node", ENGINES, TAINT)
        for archive in archives:
            cluster.load_large(archive, ENGINES)


def show(chat: WatchedModel, report: Print) -> None:
    """Report each act when it is over."""
    report(_beginning(chat.cluster, acts.quiet(chat)))
    report(tour.burst(acts.burst(chat, report, MOST, CROWD)))
    report(tour.calm(acts.calm(chat, report)))
    report(_changed(chat.cluster, acts.change(chat, CONTEXT, "core")))


def where_next(cluster: Embedded, name: str) -> str:
    """What to try next."""
    return f"""
Look around:
  export KUBECONFIG={cluster.kubeconfig}
  export PATH={cluster.programs}:$PWD/.venv/bin:$PATH
  fairlead top                            all models, live
  kubectl logs -l {ROLE}    what vLLM says
  kubectl describe infd chat              what it is, in conditions and Events
End it:
  {tour.ending(name)}
"""


def _beginning(cluster: Embedded, sent: Load) -> str:
    answer = next((one.text for one in sent.streams if not one.failed), "")
    return f"""
Real vLLM, one replica, as the one object asked for it:
$ kubectl get infd
{tour.output(cluster, "get", "infd")}
$ kubectl get pods -l {ROLE} -o {IMAGES}
{tour.output(cluster, "get", "pods", "-l", ROLE, "-o", IMAGES)}

A short load on `chat` through its router: {sent.summary}
  it said (its weights are random): {answer[:100]}"""


def _changed(cluster: Embedded, sent: Load) -> str:
    return f"""
Then its engine was changed (strategy Replace: it drains, the next starts, who asks meanwhile is held):
  {sent.summary}
$ kubectl get events --field-selector involvedObject.name=chat
{tour.output(cluster, "get", "events", "--field-selector", "involvedObject.name=chat", tour.BY_AGE)}

What `chat` says of itself:
{tour.conditions(cluster, "chat")}"""
