"""Termination messages of engines that cannot read a model from the hub: those of its library, so the same for all."""

from fairlead.emulator.serve_arguments import ServeArguments


def gated(serve_arguments: ServeArguments) -> str:
    """The hub refuses the model's files without a token."""
    page = f"https://huggingface.co/{serve_arguments.model}"
    return (
        f"OSError: You are trying to access a gated repo.\nMake sure to have access to it at {page}.\n"
        f"401 Client Error. Cannot access gated repo for url {page}/resolve/main/config.json.\n"
        f"Access to model {serve_arguments.model} is restricted. You must have access to it and be authenticated "
        "to access it. Please log in."
    )


def missing(serve_arguments: ServeArguments) -> str:
    """The hub has no model of that name."""
    return (
        f"OSError: {serve_arguments.model} is not a local folder and is not a valid model identifier listed on "
        "'https://huggingface.co/models'"
    )
