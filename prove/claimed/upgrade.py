"""The claim about an upgrade from the release before the renaming, on a real node under streams."""

import os
import tempfile
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import build
from house.tree import ROOT
from prove import release_before
from prove.claims import Claim, Figure
from tests import worlds
from tests.node.operator_stage import Deployed, Operator
from tests.node.stories import Stage
from tests.node.streams import Report, Traffic
from tests.waiting import eventually

BEFORE: Final = "e1a71b5"
"""The last commit before modules, classes and metrics were renamed."""
RENAMED: Final = ("015-names.change.md", "298-metrics-by-their-usual-names.change.md")
"""Fragments of the changelog that list old names with the new ones."""
ROLL_S: Final = 120.0


def an_upgrade_is_not_noticed() -> Figure:
    """Installed from the old tree, upgraded to this one: engines stay unchanged, and no request fails."""
    with tempfile.TemporaryDirectory() as name, worlds.embedded(f"upgrade-{os.getpid()}", "one=NVIDIA-L4:4") as cluster:
        folder = Path(name)
        with release_before.checked_out(BEFORE, folder) as tree:
            cluster.load(release_before.image(tree, folder))
            cluster.load(build.build(ROOT, Cache.chosen()).archive)
            Operator(cluster, release_before.REFERENCE, tree).install()
            kept, made, report = _upgraded(cluster)
    pages = ((ROOT / "changes" / one).read_text(encoding="utf-8") for one in RENAMED)
    metrics = [line for page in pages for line in page.splitlines() if line.startswith("| `fairlead_")]
    whole = (report.failed, report.cut) == ((), ())
    return Figure(
        holds=whole and kept == made and bool(metrics),
        text=f"{kept} of {made} engine pods stayed; {report.requests:,} requests, {report.streams:,} streams, "
        f"{len(report.failed)} failed, {len(report.cut)} cut; {len(metrics)} renamed metrics are listed with their old "
        f"names{''.join(f'; {one}' for one in (*report.failed, *report.cut)[:3])}",
    )


def _upgraded(cluster: Embedded) -> tuple[int, int, Report]:
    """Engine pods that stayed unchanged, engine pods at first, and what clients observed meanwhile."""
    chat = Deployed(Stage(cluster, "story-upgrade"), replicas=2)
    before = chat.serves().engines
    routers = _routers(chat)
    with Traffic(chat.address()) as traffic:
        Operator(cluster, build.REFERENCE).upgrade()
        eventually(lambda: _routers(chat).isdisjoint(routers), "the routers are new", ROLL_S)
        after = chat.serves().engines
        traffic.goes_on()
    stayed = [name for name, uid in after.items() if before.get(name) == uid]
    restarts = sum(one["restartCount"] for pod in chat.observe().pods for one in pod["status"]["containerStatuses"])
    return len(stayed) - restarts, len(before), traffic.report


def _routers(chat: Deployed) -> set[str]:
    """UIDs of the router pods."""
    found = chat.stage.objects("pods", "fairlead.dev/role=router")
    return {one["metadata"]["uid"] for one in found}


CLAIMS: Final = (
    Claim(
        item="house.14",
        title="An upgrade from the release before the new names, on a real node under streams: no engine pod restarts, "
        "no request fails, and old metric names are listed with the new",
        prove=an_upgrade_is_not_noticed,
        slow=True,
    ),
)
