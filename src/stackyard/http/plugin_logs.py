"""Where a plugin, inside a run, puts the Markdown that it has to say.

The bearer is the run's own token, which ends with the leg. What is put is an object in
the bucket of logs, kept as long as these; nothing shows it yet.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stackyard.http.bodies import read_body
from stackyard.http.problems import BodyError
from stackyard.http.routes import route
from stackyard.kernel.access import Subject
from stackyard.kernel.blobs import Blobs, Bucket
from stackyard.kernel.needs import Rule
from stackyard.runs import plugin_log_key

UPLOAD_SECONDS: Final = 300
MAX_BODY: Final = 4096

Who: TypeAlias = Callable[[Request], Awaitable[Subject]]


class Wanted(msgspec.Struct, frozen=True):
    plugin_name: str


def plugin_log_route(blobs: Blobs, who: Who) -> Route:
    async def answer(request: Request) -> Response:
        by = await who(request)
        # clients leave the content type to their library, which says it is a form
        body = await read_body(request, MAX_BODY)
        try:
            wanted = msgspec.json.decode(body, type=Wanted)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BodyError from error
        key = plugin_log_key(wanted.plugin_name, by=by)
        url = await blobs.presign_put(Bucket.RUN_LOGS, key, seconds=UPLOAD_SECONDS)
        # the client adds its own, so there must be an object to add them to
        return JSONResponse({"url": url, "headers": {}})

    return route(
        "/worker/plugin_logs_url", answer, methods=["POST"], needs=Rule.OWN_RUN
    )
