"""The names that requests may use: the model's own and those of loaded adapters, with vLLM's errors."""

from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface import errors
from fairlead.emulator.surface.engine_interface import EngineControl
from fairlead.emulator.surface.errors import ErrorResponse

_WRONG = "InvalidUserInput"


class ServedModelNames:
    """The model's served names and its adapters."""

    def __init__(self, serve_arguments: ServeArguments, control: EngineControl, clock: Callable[[], float]) -> None:
        self._serve_arguments = serve_arguments
        self._control = control
        self._clock = clock
        self.adapters = dict(serve_arguments.adapters)

    def called(self, name: str | None) -> tuple[str, str | None]:
        """Return the model's name in the response, and the adapter to use; a request without a name means the model."""
        if not name or name in self._serve_arguments.names:
            return self._serve_arguments.names[0], None
        if name in self.adapters:
            return name, name
        raise errors.unknown_model(name, self._serve_arguments.names)

    def cards(self) -> dict[str, Any]:
        """Return the model list; `created` is the time of the request, as in vLLM."""
        now = int(self._clock())
        serve_arguments = self._serve_arguments
        models = [
            _card(name, serve_arguments.model, now) | {"max_model_len": serve_arguments.context_tokens}
            for name in serve_arguments.names
        ]
        adapters = [
            _card(name, path, now) | {"parent": serve_arguments.names[0], "max_model_len": None}
            for name, path in self.adapters.items()
        ]
        cards = [card | {"permission": [_permission(now)]} for card in models + adapters]
        return {"object": "list", "data": cards}

    def load(self, name: str, path: str, *, inplace: bool) -> str:
        """Load an adapter. An absolute path must exist; any other is taken for a repository on the hub."""
        if not name or not path:
            raise _wrong("Both 'lora_name' and 'lora_path' must be provided.")
        if name in self._serve_arguments.names:
            raise _wrong(f"The lora adapter '{name}' conflicts with a served base model.")
        if name in self.adapters and not inplace:
            why = "If you want to load the adapter in place, set 'load_inplace' to True."
            raise _wrong(f"The lora adapter '{name}' has already been loaded. {why}")
        if Path(path).is_absolute() and not Path(path).exists():
            raise errors.not_found(f"Loading lora {name} failed: No adapter found for {path}")
        why_not = self._control.add_adapter(name, path)
        if why_not is not None:
            raise ErrorResponse(500, why_not, "InternalServerError")
        self.adapters[name] = path
        return f"Success: LoRA adapter '{name}' added successfully."

    def unload(self, name: str) -> str:
        """Unload an adapter; requests in flight with it continue."""
        if not name:
            raise _wrong("'lora_name' needs to be provided to unload a LoRA adapter.")
        if name not in self.adapters:
            raise errors.not_found(f"The lora adapter '{name}' cannot be found.")
        self._control.remove_adapter(name)
        del self.adapters[name]
        return f"Success: LoRA adapter '{name}' removed successfully."


def _wrong(message: str) -> ErrorResponse:
    return ErrorResponse(400, message, _WRONG)


def _card(name: str, root: str, now: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": now, "owned_by": "vllm", "root": root, "parent": None}


def _permission(now: int) -> dict[str, Any]:
    rights = {"allow_create_engine": False, "allow_sampling": True, "allow_logprobs": True}
    more = {"allow_search_indices": False, "allow_view": True, "allow_fine_tuning": False}
    head = {"id": f"modelperm-{token_hex(8)}", "object": "model_permission", "created": now}
    return head | rights | more | {"organization": "*", "group": None, "is_blocking": False}
