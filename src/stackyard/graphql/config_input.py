"""Read what clients send of one variable or file."""

from typing import Any

from stackyard.kernel.config import ConfigInput, ConfigType


def config_from(given: dict[str, Any]) -> ConfigInput:
    return ConfigInput(
        id=given["id"],
        type=ConfigType(given["type"]),
        value=given["value"],
        write_only=given["write_only"],
        description=given.get("description"),
    )
