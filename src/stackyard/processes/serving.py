"""An HTTP server that is one part of a process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS: Final = 10


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the process it is one part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def http_server(app: ASGIApp, host: str, port: int) -> QuietServer:
    return QuietServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=75,
            server_header=False,
            proxy_headers=False,  # whom to believe is a setting: see `http/address.py`
        )
    )
