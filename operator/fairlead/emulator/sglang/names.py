"""The names that SGLang accepts: any for the model, and `MODEL:ADAPTER` for an adapter.

A model's name is not checked, and the response repeats it. An adapter's name alone means the base model, although
`/v1/models` lists it: `srt/entrypoints/openai/serving_base.py: _parse_model_parameter`.
"""

from collections.abc import Callable
from typing import Any, Final

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.sglang import errors
from fairlead.emulator.surface.engine_interface import EngineControl

DEFAULT: Final = "default"
"""The model's name for a request without one."""


class SglangModelNames:
    """The model's one name and its adapters."""

    def __init__(self, serve_arguments: ServeArguments, control: EngineControl, clock: Callable[[], float]) -> None:
        self._serve_arguments = serve_arguments
        self._name = serve_arguments.names[0]
        self._control = control
        self._clock = clock
        self.adapters = dict(serve_arguments.adapters)

    def called(self, name: str | None) -> tuple[str, str | None]:
        """Return the name as given, and the adapter after its colon."""
        model = name or DEFAULT
        base = f"{self._name}:" if model.startswith(f"{self._name}:") else model.partition(":")[0] + ":"
        if model == self._name or ":" not in model:
            return model, None
        return model, self.loaded(model.removeprefix(base).strip() or None)

    def loaded(self, adapter: str | None) -> str | None:
        """Return the adapter if it is loaded; otherwise raise 400: `srt/managers/tokenizer_manager.py`."""
        if adapter is None or adapter in self.adapters:
            return adapter
        if not self._serve_arguments.limits.adapter_slots:
            raise errors.bad_request(
                f"LoRA adapter '{adapter}' was requested, but LoRA is not enabled. Please launch the server with "
                "--enable-lora flag and preload adapters using --lora-paths or /load_lora_adapter endpoint."
            )
        shown = f"dict_keys({list(self.adapters)})"
        raise errors.bad_request(
            f"Got LoRA adapter that has never been loaded: {adapter}\nAll loaded adapters: {shown}."
        )

    def cards(self) -> dict[str, Any]:
        """Return the model list; `created` is the time of the request."""
        own = _card(self._name, self._name, int(self._clock())) | {
            "max_model_len": self._serve_arguments.context_tokens
        }
        adapters = [
            _card(name, path, int(self._clock())) | {"parent": self._name} for name, path in self.adapters.items()
        ]
        return {"object": "list", "data": [own, *adapters]}

    def load(self, name: str, path: str, *, inplace: bool) -> str:
        """Load an adapter, never replacing one; return an empty text on success."""
        if not self._serve_arguments.limits.adapter_slots:
            raise errors.bad_request("LoRA is not enabled. Please set `--enable-lora` to enable LoRA.")
        if name in self.adapters and not inplace:
            raise errors.bad_request(f"Failed to load LoRA adapter {name}: LoRA with name {name} already exists.")
        self._control.add_adapter(name, path)
        self.adapters[name] = path
        return ""

    def unload(self, name: str) -> str:
        """Unload an adapter; requests in flight with it continue."""
        if name not in self.adapters:
            raise errors.bad_request(
                f"LoRA with name {name} does not exist. Loaded LoRAs: dict_keys({list(self.adapters)})"
            )
        self._control.remove_adapter(name)
        del self.adapters[name]
        return ""


def _card(name: str, root: str, now: int) -> dict[str, Any]:
    card = {"id": name, "object": "model", "created": now, "owned_by": "sglang", "root": root}
    return card | {"parent": None, "max_model_len": None}
