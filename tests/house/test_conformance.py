"""What is stored of a run of the conformance suite, and the page that is generated from it."""

import json
import struct
from pathlib import Path

import pytest
import yaml

from demo import real
from devcluster.cache import Cache
from house import conformance, tiny_images, tiny_model
from house.conformance import OURS, REAL, Summary

REPORT = """<testsuites><testsuite>
<testcase classname="tests.conformance.test_routes" name="a"/>
<testcase classname="tests.conformance.test_routes" name="b"><failure/></testcase>
<testcase classname="tests.conformance.test_endings" name="c"><skipped/></testcase>
<testcase classname="tests.conformance.test_endings" name="d"/>
</testsuite></testsuites>"""


def summary(passed: int = 4) -> Summary:
    return Summary(
        server="real vLLM",
        version="0.32.0 on CPU",
        date="2026-11-20",
        cases=4,
        passed=passed,
        left_out=0,
        seconds=61.5,
        stories={"endings": 2, "routes": 2},
    )


def test_a_report_is_summarized_by_test_file() -> None:
    summary = conformance.summarize(REAL, REPORT, 12.34, "2026-11-20")
    assert (summary.cases, summary.passed, summary.left_out, summary.seconds) == (4, 2, 1, 12.3)
    assert summary.stories == {"endings": 2, "routes": 2}
    assert not summary.holds
    assert str(summary) == "real vLLM 0.32.0 on CPU: 2 of 4 cases passed, 1 left out, in 12 s"


def test_a_run_that_never_began_holds_nothing() -> None:
    assert not conformance.summarize(OURS, "<testsuites/>", 0.1, "2026-11-20").holds


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "conformance.json"
    assert conformance.read(path) == {}
    conformance.write(path, {REAL: summary()})
    assert conformance.read(path) == {REAL: summary()}


def test_the_page_has_a_row_for_each_side_and_each_test_file() -> None:
    page = conformance.render({REAL: summary(), OURS: summary()})
    assert page.count("| real vLLM | 0.32.0 on CPU | 2026-11-20 | 4 | 4 | 0 | 62 |") == 2
    assert "| endings | 2 | 2 |" in page
    assert conformance.drift(page, {REAL: summary(), OURS: summary()}) == ""
    assert "--page" in conformance.drift(page, {REAL: summary(passed=3)})


def test_the_page_in_docs_is_what_was_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert conformance.main(["--drift"]) == 0, capsys.readouterr().out


def test_the_tiny_model_is_written_whole_and_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    place = tiny_model.model(cache)
    assert tiny_model.model(cache) == place
    vocabulary = json.loads((place / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert sorted(vocabulary.values()) == list(range(tiny_model.VOCABULARY))
    for path in (place / "model.safetensors", tiny_model.adapter(cache) / "adapter_model.safetensors"):
        words = path.read_bytes()
        (size,) = struct.unpack("<Q", words[:8])
        header = json.loads(words[8 : 8 + size])
        ends = [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"]
        assert max(ends) == len(words) - 8 - size


def test_the_tiny_models_images_are_written_once_and_one_of_them_is_cut(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    whole, _, _, cut = tiny_images.archives(cache)
    before = [one.stat().st_mtime_ns for one in (whole, cut)]
    assert [one.stat().st_mtime_ns for one in tiny_images.archives(cache)[::3]] == before
    assert 0 < cut.stat().st_size < whole.stat().st_size


def test_the_demo_of_real_engines_names_the_model_that_is_made() -> None:
    documents = list(yaml.safe_load_all(real.MANIFESTS.read_text(encoding="utf-8")))
    (model,) = (one["spec"]["model"] for one in documents if one["kind"] == "InferenceDeployment")
    assert model == {"source": f"oci://{tiny_images.MODEL}", "shape": dict(tiny_images.SHAPE)}
