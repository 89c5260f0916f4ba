"""The formats of paths: in a container, and within a volume, a repository or an image."""

from typing import Annotated, Final

from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import PATH_PIECE

ContainerPath = Annotated[
    str,
    StringFormat(
        pattern=rf"(/{PATH_PIECE})+",
        longest=512,
        because="this is not the path of a file in the container",
        remedy="write an absolute path, for instance /vllm-workspace/examples/tool_chat_template_hermes.jinja",
    ),
]
_MOUNTED_PIECE: Final = r"\.?[A-Za-z0-9_+=,@-][-A-Za-z0-9._+=,@]*"
"""One segment of a path in a pod: folders such as .cache, and names such as E=8,N=3584.json of vLLM's tuned kernels."""
MountPath = Annotated[
    str,
    StringFormat(
        pattern=rf"(/{_MOUNTED_PIECE})+",
        longest=512,
        because="nothing can be mounted at this path",
        remedy="write an absolute path of letters, digits and . _ - + = , @ without .. and without a slash at its end, "
        "for instance /etc/company-ca",
    ),
]
MountedEntry = Annotated[
    str,
    StringFormat(
        pattern=rf"{_MOUNTED_PIECE}(/{_MOUNTED_PIECE})*",
        longest=512,
        because="this is not the name of a key, nor a path in a volume",
        remedy="write letters, digits and . _ - + = , @ without .. and without a slash at its beginning or end, for "
        "instance ca.crt",
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
