"""A deployment's request history from Prometheus: rates and mean lengths, for weeks that no log covers.

Series must carry the labels `namespace` and `pod` of the scraped pod, as the chart's PodMonitor sets them.
"""

import math
import os
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.objects import names
from fairlead.simulator.traffic import access_lines, rate_history, request_traces
from fairlead.simulator.traffic.arrivals import UnreadableTraffic
from fairlead.simulator.traffic.rate_history import HistoryStep
from fairlead.telemetry import router_families

TOKEN: Final = "FAIRLEAD_PROMETHEUS_TOKEN"
MIN_STEP_SECONDS: Final = 120.0
"""Four scrapes at the usual interval of 30 seconds."""
MAX_STEPS: Final = 5000
"""A Prometheus returns at most 11,000 values."""
NOTHING: Final = HistoryStep(0.0, 0.0, 0.0)
_PASSWORD: Final = re.compile(r"(?<=://)[^/?#\s]+(?=@)")


def without_password(text: str) -> str:
    """Return a text without the user and the password of an address in it, for messages and reports."""
    return _PASSWORD.sub("***", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterHistory:
    """The routers of one deployment, in one Prometheus."""

    url: str
    namespace: str
    name: str
    seconds: float
    """How far back."""
    gateway: tuple[str, str] | None = None
    """Namespace and name of the gateway whose routers serve it; None: it has its own routers."""

    @property
    def step(self) -> float:
        """Length of one step in seconds."""
        return max(MIN_STEP_SECONDS, math.ceil(self.seconds / MAX_STEPS))

    def write(self, folder: Path) -> Path:
        """Write requests drawn from it as a CSV of plain columns; raises `UnreadableTraffic` if there is no data."""
        began, steps, cached = self._steps()
        lacking = sum(1 for one in steps if one is None)
        note = f", {lacking:,} of {len(steps):,} steps without data" if lacking else ""
        if cached >= 1:
            note += f", with up to {cached:,.0f} requests that the gateway's response cache answered"
        file = folder / f"infd-{self.name} drawn from rates of {self.step:g} s{note}"
        chance = random.Random(self.name)  # noqa: S311 - always the same traffic, not a secret
        rows = (
            f"{began + one.time:.3f},{one.prompt_tokens},{one.output_tokens}"
            for one in rate_history.arrivals([one or NOTHING for one in steps], self.step, chance)
        )
        with file.open("w", encoding="utf-8") as table:
            table.write(",".join(request_traces.COLUMNS))
            table.writelines(f"\n{row}" for row in rows)
        return file

    def _steps(self) -> tuple[float, list[HistoryStep | None], float]:
        """Return the date at which the first step begins, all steps, and how many answers a gateway's cache gave.

        A step is None where Prometheus has no value.
        """
        from fairlead.autoscaler.samples.prometheus_api import PrometheusUnavailable
        from fairlead.autoscaler.samples.prometheus_http import HttpPrometheusClient

        now, url = time.time(), without_password(self.url)
        start = now - self.seconds + self.step
        client = HttpPrometheusClient(self.url, os.environ.get(TOKEN), None)
        try:
            rates, prompts, outputs = (
                {round((at - start) / self.step): value for at, value in client.course(one, start, now, self.step)}
                for one in self._queries()
            )
            hits = client.course(self._hits(*self.gateway), start, now, self.step) if self.gateway else []
        except PrometheusUnavailable as problem:
            raise UnreadableTraffic(f"--prometheus {url}: {problem}; is it the address of its API?") from None
        finally:
            client.close()
        found = _assembled(int(self.seconds / self.step), rates, prompts, outputs)
        if not any(one is not None and one.rate for one in found):
            raise UnreadableTraffic(
                f"--prometheus {url}: no request of {self.namespace}/{self.name} in the last "
                f"{self.seconds / 3600:g} h; does it scrape the routers (docs/monitoring.md)?"
            )
        return start - self.step, found, self.step * sum(rate for _, rate in hits if math.isfinite(rate))

    def _queries(self) -> tuple[str, str, str]:
        came, answered, prompt, output = self._of_gateway(*self.gateway) if self.gateway else self._of_its_own()
        return came, f"{prompt} / {answered}", f"{output} / {answered}"

    def _of_its_own(self) -> tuple[str, ...]:
        of = _pods(self.namespace, names.router(self.name))
        families = (
            router_families.ARRIVALS,
            router_families.FORWARDED,
            router_families.PROMPT,
            router_families.OUTPUT,
        )
        return tuple(self._rate(one.name, of) for one in families)

    def _of_gateway(self, namespace: str, name: str) -> tuple[str, ...]:
        """Requests that this deployment got last; those that another one answered in the end are not its own."""
        of = f'{_pods(namespace, names.gateway(name))},target="{self.namespace}/{self.name}"'
        routed, prompt, output = router_families.ROUTED, router_families.TARGET_PROMPT, router_families.TARGET_OUTPUT
        return (
            self._rate(routed.name, of),
            self._rate(routed.name, f'{of},code="2xx"'),
            self._rate(prompt.name, of),
            self._rate(output.name, of),
        )

    def _hits(self, namespace: str, name: str) -> str:
        """The rate of answers from the cache, to all deployments together: no series names the target of one."""
        of = f'{_pods(namespace, names.gateway(name))},result=~"{"|".join(access_lines.CACHED)}"'
        return self._rate(router_families.CACHE_LOOKUPS.name, of)

    def _rate(self, family: str, of: str) -> str:
        return f"sum(rate({family}{{{of}}}[{self.step:g}s]))"


def _pods(namespace: str, name: str) -> str:
    return f'namespace="{namespace}",pod=~"{name}-[a-z0-9]+-[a-z0-9]+"'


def _assembled(
    number: int, rates: dict[int, float], prompts: dict[int, float], outputs: dict[int, float]
) -> list[HistoryStep | None]:
    """A step without a rate stays, as None, so that later steps keep their time.

    One without measured lengths has those of the step before; before the first with lengths, the rate is 0.
    """
    prompt = output = 0.0
    found: list[HistoryStep | None] = []
    for place in range(number):
        if place not in rates:
            found.append(None)
            continue
        prompt, output = _mean_or(prompts.get(place), prompt), _mean_or(outputs.get(place), output)
        rate = rates[place] if prompt and output and math.isfinite(rates[place]) else 0.0
        found.append(HistoryStep(rate, prompt, output))
    return found


def _mean_or(value: float | None, before: float) -> float:
    return value if value is not None and math.isfinite(value) and value > 0 else before
