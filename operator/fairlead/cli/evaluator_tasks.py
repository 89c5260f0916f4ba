"""The tasks of `fairlead evaluator`, from their arguments to what they print."""

import argparse
import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fairlead.evaluating import handed_lines, item_file
from fairlead.evaluator import item_download
from fairlead.evaluator import relay as relays
from fairlead.evaluator.item_download import HubAddress, ItemsUnread
from fairlead.evaluator.relay import RelaySettings


def read(chosen: argparse.Namespace) -> None:
    """Print the items."""
    content = _content(chosen)
    if chosen.beside:
        print(handed_lines.BESIDE + item_download.beside(Path(chosen.file).parent))
    for line in handed_lines.written(content):
        print(line)


def copy(chosen: argparse.Namespace) -> None:
    """Write the items for a runner."""
    content = _content(chosen)
    if chosen.digest and hashlib.sha256(content).hexdigest() != chosen.digest:
        raise ItemsUnread(f"{chosen.path or chosen.file}: not the file that was read before; delete the pod NAME-items")
    written = item_file.with_names(content.splitlines(), chosen.limit)
    Path(chosen.to).write_bytes(b"".join(one + b"\n" for one in written))


def relay(chosen: argparse.Namespace) -> None:
    """Serve until the pod terminates."""
    settings = RelaySettings(addresses=Path(chosen.addresses), kind=chosen.kind, concurrency=max(1, chosen.concurrency))
    asyncio.run(relays.serve(settings, chosen.port))


def _content(chosen: argparse.Namespace) -> bytes:
    if chosen.file:
        return item_download.from_file(Path(chosen.file))
    address = HubAddress(endpoint=chosen.hub, repository=chosen.repository, revision=chosen.revision, path=chosen.path)
    return asyncio.run(item_download.from_hub(address, os.environ.get("HF_TOKEN", ""), lambda: datetime.now(UTC)))


TASKS: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = {"read": read, "copy": copy, "relay": relay}
