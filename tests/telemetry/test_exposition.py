"""The text format, checked by Prometheus' own parser; and histograms."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from fairlead.telemetry import exposition
from fairlead.telemetry.histogram import MetricHistogram
from fairlead.telemetry.metric_family import MetricType
from fairlead.telemetry.router_families import FAMILIES, FORWARDED, PER_TOKEN, SERIES


def test_a_series_that_goes_takes_its_lines_along() -> None:
    writer, family = exposition.ExpositionWriter(), next(one for one in FAMILIES if one.kind is MetricType.HISTOGRAM)
    seen = MetricHistogram(family.bounds)
    seen.observe(0.3)
    values = ("m", "r", "b", "l", "t")
    for _ in range(2):
        writer.histograms(family, [(values, seen)])
        assert b'_count{model="m",revision="r",band="b",lane="l",target="t"} 1' in writer.text()
    writer.histograms(family, [])
    assert writer.text() == exposition.head(family).encode()


def test_series_that_went_take_no_memory() -> None:
    writer, seen = exposition.ExpositionWriter(), MetricHistogram(PER_TOKEN.bounds)
    seen.observe(0.3)
    tracemalloc.start()
    writer.histograms(PER_TOKEN, [((f"m{number}", "r", "b", "l", "t"), seen) for number in range(100)])
    writer.text()
    before, _ = tracemalloc.get_traced_memory()
    writer.histograms(PER_TOKEN, [])
    writer.text()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after < before / 2


@given(st.tuples(*[st.text()] * len(SERIES)))
def test_whatever_a_name_holds_it_is_read_back_as_it_was(values: tuple[str, ...]) -> None:
    writer, seen = exposition.ExpositionWriter(), MetricHistogram(PER_TOKEN.bounds)
    seen.observe(0.3)
    writer.family(FORWARDED, [(values, 7)])
    writer.histograms(PER_TOKEN, [(values, seen)])
    counted, spread = text_string_to_metric_families(writer.text().decode())
    wanted = dict(zip(SERIES, values, strict=True))
    assert [(one.labels, one.value) for one in counted.samples] == [(wanted, 7)]
    assert [one.labels for one in spread.samples if one.name.endswith("_count")] == [wanted]


@given(st.lists(st.floats(min_value=0, max_value=1e6)))
def test_a_histogram_counts_each_value_in_every_bucket_from_its_own_up(values: list[float]) -> None:
    bounds = (0.001, 0.1, 1.0, 30.0)
    seen = MetricHistogram(bounds)
    for value in values:
        seen.observe(value)
    assert seen.up_to == (*(sum(value <= bound for value in values) for bound in bounds), len(values))
    assert seen.total == pytest.approx(sum(values))
