"""A disk that is slow: the loader still answers the kubelet, so that its replica stays ready."""

import asyncio
import os
import threading
from pathlib import Path

import aiohttp

from fairlead.adapting.adapter_files import CONFIG
from fairlead.loader.downloads import download
from tests.loader.pretended_servers import PretendedHub, served


class SlowDisk(threading.Thread):
    """A pipe in place of a file: opening and writing it take until it is read."""

    def __init__(self, pipe: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.pipe = pipe
        self.loop = loop
        self.answers: list[bool] = []
        """Whether the loop answered while the disk held up each of the two."""
        self.content = b""
        os.mkfifo(pipe)

    def run(self) -> None:
        self._hold_up()
        with self.pipe.open("rb") as file:
            self._hold_up()
            self.content = file.read()

    def _hold_up(self) -> None:
        threading.Event().wait(0.1)
        answer = threading.Event()
        self.loop.call_soon_threadsafe(answer.set)
        self.answers.append(answer.wait(1))


def test_the_loader_answers_while_a_disk_holds_up_a_download(tmp_path: Path) -> None:
    text = bytes(1 << 20)

    async def story() -> None:
        pretended = PretendedHub(files={f"acme/sql/main/{CONFIG}": text})
        async with served(*pretended.routes()) as address, aiohttp.ClientSession() as session:
            disk = SlowDisk(tmp_path / CONFIG, asyncio.get_running_loop())
            disk.start()
            await download(session, f"http://{address}/acme/sql/resolve/main/{CONFIG}", disk.pipe, headers={})
            disk.join()
        assert (disk.answers, disk.content == text) == ([True, True], True)

    asyncio.run(story())
