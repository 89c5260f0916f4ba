"""The traffic of the tests notices what goes wrong: only then does silence mean anything."""

import asyncio

from fairlead.emulator.emulation_knobs import EmulationKnobs, EngineFault
from tests.emulator.living import faulty, living, paced
from tests.node.streams import Report, Traffic


def traffic_through(knobs: EmulationKnobs) -> Report:
    """A few conversations with one engine."""

    def flow(address: str) -> Report:
        with Traffic(address, clients=3) as traffic:
            traffic.goes_on(6)
        return traffic.report

    async def story() -> Report:
        async with living(knobs) as (engine,):
            return await asyncio.to_thread(flow, engine.address)

    return asyncio.run(story())


def test_whole_answers_are_no_flaw() -> None:
    report = traffic_through(paced(first=0.01, token=0.002))

    assert (report.failed, report.cut) == ((), ())
    assert report.requests >= 9
    assert 0 < report.streams < report.requests


def test_a_connection_that_breaks_in_a_stream_cuts_it_and_fails_a_whole_answer() -> None:
    report = traffic_through(faulty(EngineFault.CUT_STREAM))

    assert (len(report.cut), len(report.failed)) == (report.streams, report.requests - report.streams)
    assert report.streams > 0


def test_a_refusal_is_a_failure() -> None:
    report = traffic_through(faulty(EngineFault.ERRORS))

    assert (len(report.failed), report.cut) == (report.requests, ())
