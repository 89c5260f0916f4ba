"""`fairlead loader`: loads and unloads LoRA adapters of a running engine, from within its pod."""

import argparse
import os
from pathlib import Path
from typing import Final

from fairlead.cli import options

MAX_RANK: Final = 4096


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments; the operator sets all of them in the pod."""
    parser.add_argument("--config-map", required=True, metavar="NAME", help="holds the list of adapters; is followed")
    parser.add_argument(
        "--folder",
        type=options.file_name,
        required=True,
        metavar="PATH",
        help="shared with the engine; adapters lie there",
    )
    parser.add_argument(
        "--engine", type=address, default="127.0.0.1:8000", metavar="HOST:PORT", help="default 127.0.0.1:8000"
    )
    parser.add_argument(
        "--max-rank",
        type=options.whole_number(MAX_RANK),
        required=True,
        metavar="N",
        help="rank that the engine's slots hold",
    )
    parser.add_argument("--modules", nargs="*", metavar="NAME", help="matrices that the engine adapts; default all")
    parser.add_argument("--fixed", nargs="*", metavar="NAME", help="names with an @ of the spec itself")
    parser.add_argument("--claim", metavar="NAME", help="the volume claim that is mounted at --claim-folder")
    parser.add_argument("--claim-folder", default="/claim", metavar="PATH", help="default /claim")
    parser.add_argument("--pull-secrets", default="/pull-secrets", metavar="PATH", help="default /pull-secrets")
    parser.add_argument("--host", default="0.0.0.0", help="where it answers the kubelet; default all")  # noqa: S104 - in a pod
    parser.add_argument("--port", type=options.port, default=8086, help="default 8086")


def address(text: str) -> str:
    """Parse a host and a port."""
    host, _, port = text.rpartition(":")
    if not host:
        raise argparse.ArgumentTypeError(f"{text[:40]!a}: write HOST:PORT")
    options.port(port)
    return text


def run(chosen: argparse.Namespace) -> int:
    """Return 0 once a signal stops it, 2 without its folder."""
    import logging
    import sys

    from fairlead.adapting.adapter_check import AdapterExpectation
    from fairlead.loader import process
    from fairlead.loader.sources import HUB, SourceAccess

    folder = Path(chosen.folder)
    if not folder.is_dir():
        remedy = "there is no such folder; mount the one that the engine shares"
        print(f"fairlead loader: --folder {folder}: {remedy}", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return process.serve(
        process.LoaderOptions(
            namespace=os.environ.get("POD_NAMESPACE", "default"),
            pod=os.environ.get("POD_NAME", ""),
            config_map=chosen.config_map,
            folder=folder,
            engine=chosen.engine,
            slots=AdapterExpectation(
                max_rank=chosen.max_rank,
                modules=None if chosen.modules is None else frozenset(chosen.modules),
            ),
            host=chosen.host,
            port=chosen.port,
            fixed=frozenset(chosen.fixed or ()),
            access=SourceAccess(
                claim=chosen.claim,
                claim_folder=Path(chosen.claim_folder),
                hub=os.environ.get("HF_ENDPOINT") or HUB,
                hub_token=os.environ.get("HF_TOKEN"),
                pull_secrets=Path(chosen.pull_secrets),
            ),
        )
    )
