"""`fairlead advise`: what limits a service, and the change that fixes it, simulated."""

import argparse

from fairlead.cli import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = (
        "The files have one InferenceDeployment and the policy that it names; TRACE is what `fairlead simulate` reads, "
        "access lines among it; or name what runs with --from. Of more than 5,000 requests the busiest are simulated."
    )
    options.add_traffic(parser)
    options.add_search_on_traffic(parser)
    parser.set_defaults(longest_gap=None, speed_up="1")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if nothing limits it, 1 with advice or if no change helps, 2 for invalid arguments."""
    from fairlead.cli import advise_inputs, advise_text, playing_errors, traffic_source

    def advised() -> int:
        with traffic_source.opened(chosen) as source:
            shown = advise_inputs.advised(chosen, source)
        print(advise_text.RENDER[chosen.output](shown))
        return 0 if shown.advice.before.keeps and shown.advice.best is None else 1

    return playing_errors.reported("advise", advised)
