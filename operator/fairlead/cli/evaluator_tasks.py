"""The tasks of `fairlead evaluator`, from their arguments to what they print."""

import argparse
import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from fairlead.evaluating import handed_lines
from fairlead.evaluator import item_download
from fairlead.evaluator.item_download import HubAddress


def read(chosen: argparse.Namespace) -> None:
    """Print the items."""
    for line in handed_lines.written(_content(chosen)):
        print(line)


def _content(chosen: argparse.Namespace) -> bytes:
    if chosen.file:
        return item_download.from_file(Path(chosen.file))
    address = HubAddress(endpoint=chosen.hub, repository=chosen.repository, revision=chosen.revision, path=chosen.path)
    return asyncio.run(item_download.from_hub(address, os.environ.get("HF_TOKEN", "")))


TASKS: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = {"read": read}
