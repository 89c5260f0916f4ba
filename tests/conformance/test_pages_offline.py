"""seeing.5, the half without a cluster: what pages show is typed page by page, with engines and routers beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from house import page_commands, page_places
from house.page_commands import PageCommand
from house.page_places import Trial
from house.tree import ROOT
from tests import page_reader, stand_ins
from tests.page_reader import PageReader

JUDGES: Final = ("fairlead simulate", "fairlead advise", "fairlead tune", "fairlead evaluate")
"""Commands that exit with 1 or 3 where the answer is no, after all output."""
ENGINE: Final = (
    "fairlead engine --product NVIDIA-L4 -- "
    "vllm serve meta-llama/Llama-3.1-8B-Instruct --served-model-name chat --max-model-len 8192"
)
REQUESTS: Final = (
    "while sleep 7; do curl 127.0.0.1:8000/v1/completions -H 'Content-Type: application/json' "
    """-d '{"model": "chat", "prompt": "Where is it?", "max_tokens": 300, "ignore_eos": true}' & done"""
)
BEFORE: Final = (
    (
        "docs/batch.md",
        "fairlead batch",
        (ENGINE, "fairlead router --config router.yaml --port 8080 --metrics-port 9090"),
    ),
    ("docs/costs.md", "curl", (ENGINE, "fairlead router --config router.yaml --port 8080 --metrics-port 9090")),
    ("docs/evaluation.md", "fairlead evaluate support", (ENGINE,)),
    ("docs/simulator.md", "fairlead calibrate --url", (ENGINE,)),
    ("docs/simulator.md", "curl -X POST", ("export FAIRLEAD_ENGINE_FAULTS_API=1", ENGINE)),
)
"""What already runs before a command of a page: the page says so in its own words."""
ADDRESSES: Final = ("10.0.0.7",)
PAGES: Final = [
    page
    for page in page_commands.pages()
    if any(page_places.place(one) is Trial.OFFLINE for one in page_commands.commands(page))
]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[PageReader]:
    environment = page_reader.laid_out(tmp_path)
    environment |= {"TOKEN": "none-is-needed"}
    stand_ins.put(tmp_path)
    with page_reader.own_network(ADDRESSES) as within:
        one = PageReader(folder=tmp_path, environment=environment, within=within)
        try:
            yield one
        finally:
            one.end()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_shows_works_in_its_order(
    reader: PageReader, page: Path, record_property: Callable[[str, object], None]
) -> None:
    """seeing.5"""
    run = 0
    for command in page_commands.commands(page):
        if page_places.place(command) is not Trial.OFFLINE:
            continue
        if command.text.startswith("fairlead calibrate"):
            reader.beside(REQUESTS)
        for text in _before(command):
            served = reader.type(PageCommand(page=command.page, line=command.line, text=text))
            assert served.code == 0, served.output
        done = reader.type(command)
        allowed = {0, 1, 3} if command.text.startswith(JUDGES) else {0}
        assert done.code in allowed, f"{command}: exit code {done.code}\n{done.output[-3000:]}"
        assert "usage:" not in done.output, f"{command}: {done.output}"
        assert "Traceback" not in done.output, f"{command}: {done.output}"
        run += 1
    record_property("commands", run)


def _before(command: PageCommand) -> tuple[str, ...]:
    fitting = (texts for page, prefix, texts in BEFORE if command.page == page and command.text.startswith(prefix))
    return next(fitting, ())
