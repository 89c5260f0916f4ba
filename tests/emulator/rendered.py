"""The command of an emulated engine's pod, as its process would read it here."""

from pathlib import Path

from fairlead.fleet.engine_launch import EngineLaunch


def command(launch: EngineLaunch, folder: Path) -> list[str]:
    """The words from `--` on; the file that they name, which the kubelet would have written, is in this folder."""
    words = list(launch.command[launch.command.index("--") :])
    if launch.options is None:
        return words
    file = folder / launch.options.name
    file.write_text(launch.options.text)
    path = f"{launch.options.folder}/{launch.options.name}"
    return [str(file) if word == path else word for word in words]
