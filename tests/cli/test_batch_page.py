"""The CronJob of docs/batch.md: however late it begins, it ends in the morning."""

import re
from datetime import datetime, timedelta
from typing import Any

import yaml

from house.tree import ROOT


def test_the_pages_cron_job_ends_soon_after_its_run_even_if_it_begins_late() -> None:
    page = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    spec: dict[str, Any] = yaml.safe_load(block)["spec"]
    job = spec["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    until = container["args"][container["args"].index("--until") + 1]
    minute, hour = spec["schedule"].split()[:2]
    lasts = datetime.strptime(until, "%H:%M") - datetime.strptime(f"{hour}:{minute}", "%H:%M") + timedelta(days=1)  # noqa: DTZ007
    late = timedelta(seconds=spec["startingDeadlineSeconds"])
    ends = timedelta(seconds=job["activeDeadlineSeconds"])
    assert lasts < ends
    assert ends + late - lasts <= timedelta(minutes=10)
    assert late >= timedelta(minutes=1)  # the controller looks every ten seconds, and may be restarted
    assert "It is at 06:05, or up to five minutes later" in " ".join(page.split())
    assert (lasts + timedelta(minutes=5), late) == (ends, timedelta(minutes=5))
