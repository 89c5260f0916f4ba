"""Logs one line when a pod's samples become unusable, and one when they are usable again."""

import logging
from typing import Any

from fairlead.autoscaler.samples.sample import PodSample
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget

log = logging.getLogger("fairlead.autoscaler")


def changed(target: ScrapeTarget, before: PodSample[Any], after: PodSample[Any]) -> None:
    """Log the change; pods without any valid sample so far are left out, as they are starting and fail for minutes."""
    if before.figures is None or (before.problem is None) == (after.problem is None):
        return
    if after.problem is not None:
        log.info("metrics of %s/%s are not used, %s: %s", target.namespace, target.name, after.problem, after.because)
    else:
        log.info("metrics of %s/%s are used again", target.namespace, target.name)
