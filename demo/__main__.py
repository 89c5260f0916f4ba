"""`make demo`: from nothing to models that follow their load, in one command; the cluster stays up afterwards.

`make demo ENGINE=vllm` shows the essentials with real vLLM in the pods, on CPU.

Until the end the cluster belongs to this program and ends with it, also by `kill -9`.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from demo import acts, company, real, tour
from demo.installing import install, serve
from demo.watching import WatchedModel
from devcluster import owners, plan
from devcluster.cache import Cache
from devcluster.door import DoorClosed, Embedded
from devcluster.image import build
from devcluster.layout import Layout
from devcluster.progress import StepFailed
from devcluster.setup import tools
from devcluster.up import CannotStart, InUse, refuse_in_use, up

ROOT: Final = Path(__file__).resolve().parents[1]
NODES: Final = ("l4=NVIDIA-L4:4", "a100=NVIDIA-A100-SXM4-80GB:1")
INTERRUPTED: Final = 130
"""Exit code of a program ended by Ctrl-C, as in shells."""


def main() -> int:
    """Run the demo, or say in one message why it cannot run here."""
    parser = argparse.ArgumentParser(prog="demo", description="A cluster with GPUs, the operator, models, a gateway.")
    parser.add_argument("--name", default="demo", help="the cluster's name")
    parser.add_argument("--engine", choices=tuple(SHOWS), default=SIMULATED, help="what runs in the pods")
    chosen = parser.parse_args()
    name = chosen.name
    try:
        SHOWS[chosen.engine](name, Cache.chosen(), lambda text: print(text, flush=True))
    except InUse as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except (CannotStart, StepFailed, DoorClosed, OSError) as problem:
        owners.hand_over(Layout.of(Cache.chosen(), name))
        print(f"demo: {problem}\nWhat stands may be looked at; to end it: {tour.ending(name)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: stopped in the middle; its cluster ends with it, `make demo` begins anew", file=sys.stderr)
        return INTERRUPTED
    return 0


def _show(name: str, cache: Cache, report: Callable[[str], None]) -> None:
    """Report each act when it is over; the tour at the end says where to look next."""
    helm = tools.ensure(cache, ("helm",)) / "helm"
    cluster = Embedded(_from_nothing(name, cache, NODES))
    install(cluster, helm, build.build(ROOT, cache))
    title = "applying two models on simulated engines, and their autoscaling policies"
    serve(cluster, ROOT / "demo" / "models.yaml", title)
    chat, writer = WatchedModel.at(cluster, "chat"), WatchedModel.at(cluster, "writer")
    report(tour.beginning(cluster, acts.quiet(chat)))
    report(tour.burst(acts.burst(chat, report)))
    report(tour.calm(acts.calm(chat, report)))
    report(tour.woken(acts.wake(writer, report)))
    report(tour.changed(cluster, acts.change(writer)))
    serve(cluster, ROOT / "demo" / "gateway.yaml", "applying a gateway with three tenants, and two models behind it")
    report(company.show(cluster))
    owners.hand_over(Layout.of(cache, name))
    report(tour.where_next(cluster, chat.address, name))


def _show_real(name: str, cache: Cache, report: Callable[[str], None]) -> None:
    """Build vLLM's image first, which takes longer than all the rest, unless the cluster is another's."""
    refuse_in_use(Layout.of(cache, name), owners.mine())
    images = real.images(cache)
    helm = tools.ensure(cache, ("helm",)) / "helm"
    cluster = Embedded(_from_nothing(name, cache, real.NODES))
    real.prepare(cluster, images)
    install(cluster, helm, build.build(ROOT, cache), real.OTHERS)
    serve(cluster, real.MANIFESTS, "applying a model on real vLLM (a minute or two)", real.START_S)
    real.show(WatchedModel.at(cluster, "chat"), report)
    owners.hand_over(Layout.of(cache, name))
    report(real.where_next(cluster, name))


def _from_nothing(name: str, cache: Cache, nodes: tuple[str, ...]) -> Layout:
    """Replace an earlier cluster, complete or not: it may have another image, other counts and changed models."""
    return up(plan.make(name, nodes), cache, owners.mine(), anew=True)


SIMULATED: Final = "simulated"
SHOWS: Final[dict[str, Callable[[str, Cache, Callable[[str], None]], None]]] = {SIMULATED: _show, "vllm": _show_real}


if __name__ == "__main__":
    raise SystemExit(main())
