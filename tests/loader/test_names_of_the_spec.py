"""Models and adapters of the spec whose names read like those of loaded versions: the loader leaves them alone."""

import argparse
import asyncio
from pathlib import Path
from typing import Any, Final

import aiohttp

from fairlead.adapting.load_list import LoadList
from fairlead.adapting.loader_steps import UNLOAD_AFTER_S
from fairlead.cli import loader as command
from fairlead.loader.engine_adapters import EngineAdapters
from fairlead.loader.loop import LoaderLoop
from fairlead.loader.sources import SourceAccess
from fairlead.loader.staging_folder import StagingFolder
from tests.adapting.adapters import SLOTS
from tests.loader.pretended_servers import PretendedEngine, served
from tests.objects.specs import LEAST, template, wanted

FIXED: Final = "sql@v2"
LEFT: Final = "old@0123abcd"


def chosen(**engine: Any) -> argparse.Namespace:  # noqa: ANN401  # fields of a spec
    """The options of the loader beside an engine with slots."""
    spec = template(wanted(LEAST | {"engine": {"lora": {}} | engine}))["spec"]
    name, *args = spec["initContainers"][0]["args"]
    parser = argparse.ArgumentParser(name)
    command.arguments(parser)
    return parser.parse_args(args)


def test_an_adapter_of_the_spec_with_a_version_in_its_name_stays_loaded(tmp_path: Path) -> None:
    """It was taken for a version that left the list: a minute after a replica's start its clients got 404."""
    options = chosen(adapters=[{"name": FIXED, "source": "hf://acme/sql"}])
    engine = PretendedEngine(loaded={FIXED: "/of-the-spec", LEFT: "/adapters/old"})
    times = [0.0]

    async def story() -> None:
        async with served(*engine.routes()) as address, aiohttp.ClientSession() as session:
            adapters = EngineAdapters(session, address, options.fixed or ())
            loop = LoaderLoop("chat-0", SLOTS, StagingFolder(tmp_path), adapters, lambda: times[0])
            loop.take(LoadList())
            for _ in range(3):
                await loop.turn(SourceAccess(), session)
                times[0] += UNLOAD_AFTER_S
        assert engine.requests == [f"unload {LEFT}"], "what left the list goes as ever"
        assert set(engine.loaded) == {FIXED}

    asyncio.run(story())


def test_the_models_own_name_is_among_them_and_other_names_need_no_option() -> None:
    assert chosen().fixed is None
    assert chosen(adapters=[{"name": "sql", "source": "hf://acme/sql"}]).fixed is None
    spec = LEAST | {"model": LEAST["model"] | {"servedName": "acme/tiny@main"}, "engine": {"lora": {}}}
    args = template(wanted(spec))["spec"]["initContainers"][0]["args"]
    at = args.index("--fixed")
    assert args[at + 1] == "acme/tiny@main"
