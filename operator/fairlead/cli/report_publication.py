"""`fairlead simulate --publish NAME`: writes the report into a ConfigMap of the cluster, where the console shows it."""

import asyncio
import re
import time
from typing import Final, NamedTuple, get_args

from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import ObjectName
from fairlead.cli import cluster_client
from fairlead.cli.argument_values import ArgumentValueError
from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cli.report import page
from fairlead.cli.report.page import ReportedComparison
from fairlead.cluster import kinds
from fairlead.objects import published_report
from fairlead.objects.published_report import PublishedReport, ReportTooLarge

WRITER: Final = "fairlead-simulate"
"""The field manager of published reports."""
NAME: Final[StringFormat] = get_args(ObjectName)[1]


class ReportPlace(NamedTuple):
    """The ConfigMap that a report goes into."""

    namespace: str
    name: str
    context: str | None
    """Of the kubeconfig, for its cluster; None: the current one."""


def place(name: str, namespace: str | None, *, context: str | None = None) -> ReportPlace:
    """Find and check the place before anything is played: only an earlier report may be replaced."""
    if len(name) > NAME.longest or not re.fullmatch(NAME.pattern, name):
        raise ArgumentValueError(f"--publish {name[:64]}: {NAME.because}; {NAME.remedy}")

    async def looked_at() -> ReportPlace:
        async with cluster_client.open_cluster(None, context=context) as cluster:
            found = ReportPlace(namespace or cluster.home, name, context)
            there = await cluster.api.read(kinds.CONFIG_MAP, found.namespace, name)
            if there is not None and not published_report.is_report(there):
                raise ClusterUnavailable(
                    f"--publish {name}: ConfigMap {name} in {found.namespace} is not a report; choose another name"
                )
            return found

    return asyncio.run(looked_at())


def write(reported: ReportedComparison, where: ReportPlace) -> str:
    """Publish the report and say so in words; raises `ClusterUnavailable` on failure."""
    report = PublishedReport(
        namespace=where.namespace,
        name=where.name,
        verdict=page.verdict(reported).words,
        played_at=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    )
    manifest = published_report.manifest(report, page.html(reported))
    if isinstance(manifest, ReportTooLarge):
        raise ClusterUnavailable(
            f"--publish {where.name}: the report has {manifest.size / 1000:.0f} kB packed, and an object holds "
            f"{published_report.LARGEST / 1000:.0f} kB; simulate fewer candidates, or write it with --html"
        )

    async def written() -> None:
        async with cluster_client.open_cluster(None, context=where.context) as cluster:
            await cluster.api.apply(manifest, manager=WRITER)

    asyncio.run(written())
    return f"the report is ConfigMap {where.name} in {where.namespace}; the console shows it under Back-tests"
