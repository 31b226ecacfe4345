"""Request bodies, read up to a limit."""

from starlette.requests import Request

from stackyard.http.problems import BodyTooLargeError


async def read_body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise BodyTooLargeError(limit=limit)
    return bytes(body)
