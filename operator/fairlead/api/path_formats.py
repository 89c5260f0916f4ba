"""The formats of paths: in a container, and within a volume, a repository or an image."""

from typing import Annotated

from fairlead.api.string_formats import PATH_PIECE, StringFormat

ContainerPath = Annotated[
    str,
    StringFormat(
        pattern=rf"(/{PATH_PIECE})+",
        longest=512,
        because="this is not the path of a file in the container",
        remedy="write an absolute path, for instance /vllm-workspace/examples/tool_chat_template_hermes.jinja",
    ),
]
RelativePath = Annotated[
    str,
    StringFormat(
        pattern=rf"{PATH_PIECE}(/{PATH_PIECE})*",
        longest=512,
        because="this is not the path of a file within it",
        remedy="write a path that does not begin with a slash and has no .., for instance evals/items.jsonl",
    ),
]
