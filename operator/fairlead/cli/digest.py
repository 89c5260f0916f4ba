"""`fairlead digest`: the digest of a LoRA adapter's folder, as an Adapter pins it, and a summary of its files."""

import argparse
import json
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("folder", metavar="FOLDER", help="with adapter_config.json and adapter_model.safetensors")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 for an adapter, 1 for a folder without one."""
    from pathlib import Path

    from fairlead.adapting.adapter_files import UnreadableAdapter
    from fairlead.loader import staging_folder

    folder = Path(chosen.folder)
    try:
        facts, digest = staging_folder.facts_of(folder), staging_folder.digest_of(folder)
    except UnreadableAdapter as problem:
        print(f"fairlead digest: {chosen.folder}: {problem}; {staging_folder.REMEDY}", file=sys.stderr)
        return 1
    fields: dict[str, object] = {
        "digest": digest,
        "rank": facts.rank,
        "base": facts.base or "not named",
        "modules": sorted(facts.modules),
        "layers": facts.layers,
        "beyond": list(facts.beyond),
    }
    if chosen.output == "json":
        print(json.dumps(fields))
        return 0
    for name, value in fields.items():
        if value != []:
            print(f"{name:<8} {', '.join(value) if isinstance(value, list) else value}")
    return 0
