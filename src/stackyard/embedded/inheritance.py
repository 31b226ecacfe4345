"""What children see of the environment that `stackyard up` was started in."""

import os
from pathlib import Path
from typing import Final

import stackyard

# Nobody's settings for another installation may leak into this one.
_OURS: Final = (
    "ADMIN_",
    "DATABASE_",
    "DRAIN_",
    "ENCRYPTION_",
    "MESSAGE_",
    "MQTT_",
    "OBJECT_STORAGE_",
    "PYTHON",
    "SERVER_DOMAIN",
    "SPACELIFT_",
    "STACKYARD_",
)


def inherited() -> dict[str, str]:
    """Return what children keep of the environment `stackyard up` was started in."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
    # children start elsewhere: a relative path in PYTHONPATH would lead nowhere
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [Path(stackyard.__file__).parents[1], *map(Path, filter(None, given))]
    kept["PYTHONPATH"] = os.pathsep.join(str(path.resolve()) for path in paths)
    kept["PYTHONUNBUFFERED"] = "1"
    return kept


def bare() -> dict[str, str]:
    """Return the little that a foreign server needs: no secret of ours or of others."""
    return {k: os.environ[k] for k in ("PATH", "LANG", "TZ") if k in os.environ}
