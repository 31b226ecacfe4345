"""`python -m stackyard_worker`: the launcher, with the phases that carry legs out."""

import sys

from stackyard_worker.host import Host
from stackyard_worker.leg import carry_out
from stackyard_worker.settings import Settings
from stackyard_worker.start import start


def host_of(settings: Settings) -> Host:
    """Return what this machine offers to the phases."""
    return Host(
        pool_key=settings.private_key,
        driver=settings.sandbox,
        tool_folders=settings.tools,
        mask_env=settings.mask_env,
        pass_env=settings.pass_env,
        debug=settings.debug,
        upload_sensitive_outputs=settings.upload_sensitive_outputs,
    )


def main() -> int:
    """Run until told to leave; return the exit code."""
    return start(carry_out, host_of)


if __name__ == "__main__":
    sys.exit(main())
