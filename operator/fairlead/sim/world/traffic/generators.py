"""Made-up single requests: a profile of rates, a kind of gaps and a kind of lengths give a row of arrivals."""

from collections.abc import Iterator

from fairlead.sim.world.traffic import gaps as irregular
from fairlead.sim.world.traffic.arrival import Arrival
from fairlead.sim.world.traffic.lengths import Sizes
from fairlead.sim.world.traffic.profiles import Slice


def requests(
    profile: Iterator[Slice], gaps: Iterator[float], sizes: Sizes, client: str | None = None
) -> Iterator[Arrival]:
    """Prompts that share nothing."""
    for moment in irregular.laid_along(profile, gaps):
        prompt, output = sizes()
        yield Arrival(time=moment, prompt_tokens=prompt, output_tokens=output, client=client)
