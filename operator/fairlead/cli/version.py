"""`fairlead version`: the version of Fairlead, and of its main dependencies."""

import argparse
import json
import platform
from importlib import metadata

import fairlead

STANDS_ON = ("kopf", "kubernetes", "pydantic", "prometheus-api-client", "pyyaml")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")


def run(chosen: argparse.Namespace) -> int:
    """Print the versions, as aligned text or as JSON."""
    versions = {"fairlead": fairlead.__version__, "python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in STANDS_ON}
    if chosen.output == "json":
        print(json.dumps(versions))
    else:
        width = max(map(len, versions))
        print("\n".join(f"{name:<{width}}  {number}" for name, number in versions.items()))
    return 0
