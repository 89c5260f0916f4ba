"""`fairlead validate FILE…`: everything that admission would report, without a cluster."""

import argparse
import json
import sys
from typing import Any

from fairlead.cli import options, terminal_colours
from fairlead.cluster import documents


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("files", nargs="+", type=options.file_name, metavar="FILE", help=options.FILES_HELP)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")
    parser.add_argument("--with-vllm", action="store_true", help="also check with vLLM's own parser and configuration")
    parser.add_argument("--config-json", action="append", default=[], metavar="MODEL=FILE", help=options.CONFIG_HELP)
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if everything would be admitted."""
    from fairlead.cli import foreign_documents, offline_data, repeated_objects, review_text
    from fairlead.review import admission

    found, others = foreign_documents.apart(documents.read(chosen.files))
    if not found:
        print(foreign_documents.nothing_of_ours(chosen.files), file=sys.stderr)
        return 2
    try:
        context = offline_data.offline_knowledge(chosen.config_json, chosen.products, found)
    except (OSError, ValueError) as problem:
        print(f"fairlead validate: {problem}", file=sys.stderr)
        return 2
    reviews: list[tuple[documents.YamlDocument, Any]] = list(
        repeated_objects.refused(
            (one, None if one.problem else admission.review(one.content, context)) for one in found
        )
    )
    if chosen.with_vllm:
        from fairlead.cli import vllm_check

        try:
            reviews = vllm_check.with_vllm_refusals(reviews)
        except vllm_check.VllmUnavailable as problem:
            print(f"fairlead validate: {problem}", file=sys.stderr)
            return 2
    if chosen.output == "json":
        print(json.dumps([review_text.as_json(one, review) for one, review in reviews], indent=1))
    else:
        colour = terminal_colours.wanted(sys.stdout)
        lines = [review_text.as_text(one, review, colour=colour) for one, review in reviews]
        print("\n".join([*lines, *map(foreign_documents.as_text, others)]))
    return 0 if all(review is not None and not review.refusals for _, review in reviews) else 1
