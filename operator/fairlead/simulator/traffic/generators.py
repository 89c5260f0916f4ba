"""Generated single requests: arrivals from a rate profile, a distribution of gaps and one of lengths."""

from collections.abc import Iterator

from fairlead.simulator.traffic import gaps as irregular
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.lengths import LengthSource
from fairlead.simulator.traffic.rate_profiles import RateSlice


def requests(
    profile: Iterator[RateSlice], gaps: Iterator[float], sizes: LengthSource, client: str | None = None
) -> Iterator[RequestArrival]:
    """Requests whose prompts share no prefix."""
    for moment in irregular.arrivals_along(profile, gaps):
        prompt, output = sizes()
        yield RequestArrival(time=moment, prompt_tokens=prompt, output_tokens=output, client=client)
