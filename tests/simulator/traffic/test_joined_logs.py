"""Which lines of several routers' logs are one record."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fairlead.simulator.traffic import joined_logs
from fairlead.simulator.traffic.joined_logs import RouterLines

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@st.composite
def routers(draw: st.DrawFn) -> list[RouterLines]:
    """Each has a request a minute from its first line on; some containers started then, some long before."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        begins = NOON + timedelta(minutes=draw(st.integers(0, 50)))
        old = draw(st.booleans())
        dates = (begins + timedelta(minutes=at) for at in range(draw(st.integers(0, 60))))
        lines = tuple(json.dumps({"time": one.isoformat(), "request_id": "r"}).encode() for one in dates)
        started = begins - timedelta(hours=9) if old else begins
        found.append(RouterLines(pod=f"router-{number}", lines=lines, begins=begins, started=started))
    return found


@given(routers())
def test_nothing_is_played_of_a_time_that_a_cut_log_does_not_reach_and_everything_else_is(
    logs: list[RouterLines],
) -> None:
    cut = [one.begins for one in logs if one.is_cut and one.begins is not None]
    dates = [datetime.fromisoformat(json.loads(line)["time"]) for one in logs for line in one.lines]
    played = [datetime.fromisoformat(json.loads(line)["time"]) for line in joined_logs.join(logs).lines]

    assert sorted(played) == sorted(one for one in dates if not cut or one >= max(cut))


def test_a_line_without_a_valid_date_stays_so_that_it_is_named_where_it_is_read() -> None:
    lines = (b'{"request_id": "r"}', b'{"request_id": "r", "time": "noon"}', b'{"request_id": "r", "time": 5}')
    cut = RouterLines(pod="a", lines=lines, begins=NOON, started=NOON - timedelta(days=1))
    assert joined_logs.join([cut]).lines == lines
