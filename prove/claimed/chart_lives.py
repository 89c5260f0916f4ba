"""The claim about the chart's lifecycle under streams: installed, upgraded, rolled back, removed, reinstalled."""

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

BEFORE: Final = "cbe74f71"
"""The commit before this issue's changes."""


def comes_and_goes_unnoticed() -> Figure:
    """From the old tree to this one, back, forth, away, and back again."""
    with tempfile.TemporaryDirectory() as name, worlds.embedded(f"chart-{os.getpid()}", "one=NVIDIA-L4:4") as cluster:
        folder = Path(name)
        with release_before.checked_out(BEFORE, folder) as tree:
            cluster.load(release_before.image(tree, folder))
            cluster.load(build.build(ROOT, Cache.chosen()).archive)
            before, now = Operator(cluster, release_before.REFERENCE, tree), Operator(cluster, build.REFERENCE)
            before.install()
            stayed, made, report = _lived(cluster, now)
    missed = "".join(f"; {one}" for one in (*report.failed, *report.cut)[:3])
    return Figure(
        holds=(report.failed, report.cut) == ((), ()) and stayed == made,
        text=f"install, upgrade from {BEFORE}, rollback, upgrade, uninstall, install: {report.requests:,} requests, "
        f"{report.streams:,} streams, {len(report.failed)} failed, {len(report.cut)} cut; {stayed} of {made} engine "
        f"pods stayed; a replica more was started after it{missed}",
    )


def _lived(cluster: Embedded, now: Operator) -> tuple[int, int, Report]:
    """Engine pods that stayed unchanged, engine pods at first, and what clients observed meanwhile."""
    chat = Deployed(Stage(cluster, "story-chart"), replicas=2)
    first = chat.serves().engines
    with Traffic(chat.address()) as traffic:
        for step in (now.upgrade, now.roll_back, now.upgrade, now.uninstall, now.install):
            step()
            traffic.goes_on()
            stayed = {name: uid for name, uid in chat.observe().engines.items() if first.get(name) == uid}
            if len(stayed) != len(first):
                return len(stayed), len(first), traffic.report
        chat.scale(3)
        chat.serves()
        traffic.goes_on()
    return len(first), len(first), traffic.report


CLAIMS: Final = (
    Claim(
        item="seeing.7",
        title="Helm: install, upgrade from the release before, rollback, uninstall and install again, with models "
        "serving on a real node all the time: no request fails, no stream is cut, no engine pod is replaced",
        prove=comes_and_goes_unnoticed,
        slow=True,
    ),
)
