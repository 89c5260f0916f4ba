"""One line in the log when a pod's figures come into doubt, and one when they are believed again."""

import logging
from typing import Any

from fairlead.autoscaler.sample import PodSample
from fairlead.autoscaler.scrape_targets import ScrapeTarget

log = logging.getLogger("fairlead.autoscaler")


def changed(target: ScrapeTarget, before: PodSample[Any], after: PodSample[Any]) -> None:
    """Nothing of a pod that was never believed: it is starting, and says so for minutes."""
    if before.figures is None or (before.doubt is None) == (after.doubt is None):
        return
    if after.doubt is not None:
        log.info("metrics of %s/%s are not used, %s: %s", target.namespace, target.name, after.doubt, after.because)
    else:
        log.info("metrics of %s/%s are used again", target.namespace, target.name)
