"""How many steps of a stretch have ended is computed at once, and always equals counting one by one."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.simulator.engine.batch import DecodeLine
from fairlead.simulator.engine.step_ends import DecodeStretch

LINES = st.builds(
    DecodeLine, st.floats(1e-4, 0.5), st.one_of(st.just(0.0), st.floats(1e-12, 1e-6, allow_subnormal=False))
)


@given(LINES, st.integers(1, 256), st.integers(0, 200_000), st.integers(1, 400), st.data())
def test_steps_that_have_ended_are_always_as_many_as_are_counted(
    line: DecodeLine, sequences: int, tokens: int, most: int, data: st.DataObject
) -> None:
    stretch = DecodeStretch()
    stretch.begins(17.25, line, sequences, tokens)
    ends = [stretch.end(number) for number in range(1, most + 1)]
    moment = data.draw(st.one_of(st.sampled_from(ends), st.floats(17.0, ends[-1] + 1.0)), label="moment")
    assert stretch.done_by(moment, most) == sum(end <= moment for end in ends)
