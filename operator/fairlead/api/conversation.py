"""Conversion between conversations and the model's text: the chat template, tool calls, reasoning."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.path_formats import ContainerPath
from fairlead.api.string_format import StringFormat
from fairlead.api.string_formats import ObjectName, SecretKeyName

ParserName = Annotated[
    str,
    StringFormat(
        pattern=r"[A-Za-z0-9][-A-Za-z0-9._]*",
        longest=64,
        because="this cannot be the name of a parser",
        remedy="write it as the engine does, for instance hermes or llama3_json",
    ),
]
TemplateText = Annotated[
    str,
    StringFormat(
        pattern=r"[^-\x00][^\x00]*",
        somewhere=r"[{]",
        longest=32_768,
        because="this is not the text of a Jinja template",
        remedy="write the template itself, including its Jinja braces, or name a file by path or configMap",
    ),
]


class ConfigMapKeyRef(ApiModel):
    """One key of a ConfigMap in the same namespace."""

    name: ObjectName = Field(description="Name of the ConfigMap, in the namespace of this object.")
    key: SecretKeyName = Field(description="Key in the ConfigMap that holds the value.")


class Tools(ApiModel):
    """Tool calls: how the engine finds them in the model's output."""

    parser: ParserName | None = Field(
        default=None,
        description="Parser of the format in which this model writes its tool calls, by the name that the engine's "
        "kind gives it: llama3_json in vLLM is llama3 in SGLang. Default: the one of the model's family; a model whose "
        "family has none is "
        "refused until a parser is named.",
    )
    auto: bool = Field(
        default=True,
        description="Whether the model may choose to call a tool (tool_choice auto, which clients send by default). "
        "Default true. With false only calls that the client requires are made, and tool_choice auto is answered 400.",
    )


class Reasoning(ApiModel):
    """Reasoning: how the engine separates it from the answer."""

    parser: ParserName | None = Field(
        default=None,
        description="Parser of the format in which this model writes its reasoning, by the name that the engine's kind "
        "gives it: deepseek_r1 in vLLM is deepseek-r1 in SGLang. Default: the one of the model's family; a model whose "
        "family has none is refused until "
        "a parser is named.",
    )


class ChatTemplate(ApiModel):
    """The Jinja template that turns messages and tools into a prompt; exactly one of three sources."""

    inline: TemplateText | None = Field(
        default=None,
        description="The template itself, which becomes part of the engine's command line. vLLM only: for SGLang and "
        "TensorRT-LLM put it into a ConfigMap.",
    )
    path: ContainerPath | None = Field(
        default=None,
        description="Absolute path of a file in the engine's container: one of the image, or of a mounted model, "
        "for instance /models/model/chat_template.jinja of an oci:// or pvc:// source.",
    )
    config_map: ConfigMapKeyRef | None = Field(
        default=None,
        description="Key of a ConfigMap that holds the template; it is mounted as a file. An engine reads it only when "
        "it starts, and a change of its content starts no rollout: put a new text into a ConfigMap of a new name and "
        "name that one here.",
    )
