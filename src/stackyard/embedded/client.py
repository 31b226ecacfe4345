"""The platform's public API, as a script would use it: HTTP and JSON, nothing else.

Of the standard library alone: `stackyard up` stays in memory as long as the platform
runs, and an HTTP library would be half of its size.
"""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from stackyard.kernel.errors import UnavailableError

PATIENCE_SECONDS: Final = 30


class PlatformError(UnavailableError):
    """The platform did not do as asked."""

    def __str__(self) -> str:
        return f"{super().__str__()} {self.facts}"


@dataclass(slots=True)
class Client:
    """Blocks; call it from a thread. Sends `headers` with every request."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def healthy(self) -> bool:
        try:
            return self._send("GET", "/health").status == http.client.OK
        except PlatformError:
            return False

    def sign_in(self, username: str, password: str) -> None:
        """Become the administrator, as a browser does."""
        answer = self._send(
            "POST", "/session", {"username": username, "password": password}
        )
        cookie = answer.getheader("set-cookie")
        if cookie is None:
            raise PlatformError(path="/session", status=answer.status)
        self.headers = {
            "Cookie": cookie.partition(";")[0],
            "X-Stackyard-Csrf": "1",
        }

    def use_key(self, key_id: str, secret: str) -> bool:
        """Become the API key; False if there is no such key."""
        query = (
            "mutation($id:ID!,$secret:String!){apiKeyUser(id:$id,secret:$secret){jwt}}"
        )
        self.headers = {}
        user = self.graphql(query, id=key_id, secret=secret)["apiKeyUser"]
        if user is None:
            return False
        self.headers = {"Authorization": f"Bearer {user['jwt']}"}
        return True

    def graphql(self, query: str, **variables: object) -> dict[str, Any]:
        """Return `data`; raises `PlatformError` with the first message."""
        answer = self._send(
            "POST", "/graphql", {"query": query, "variables": variables}
        )
        try:
            body = json.loads(answer.read())
        except (ValueError, OSError, http.client.HTTPException) as error:
            raise PlatformError(path="/graphql", status=answer.status) from error
        if body.get("errors"):
            raise PlatformError(message=body["errors"][0]["message"])
        data: dict[str, Any] = body["data"]
        return data

    def events(self, path: str) -> Iterator[tuple[str, str, str]]:
        """Yield kind, id and data of each server-sent event until the stream ends."""
        answer = self._send("GET", path, accept="text/event-stream")
        if answer.status != http.client.OK:
            raise PlatformError(path=path, status=answer.status)
        fields: dict[str, str] = {}
        try:
            for raw in answer:
                line = raw.decode().rstrip("\r\n")
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
                elif "data" in fields or "event" in fields:
                    kind = fields.get("event", "message")
                    yield kind, fields.get("id", ""), fields.get("data", "")
                    fields = {}
        except (OSError, http.client.HTTPException) as error:
            raise PlatformError(path=path) from error
        finally:
            answer.close()

    def _send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        accept: str = "application/json",
    ) -> http.client.HTTPResponse:
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            where.hostname or "", where.port, timeout=PATIENCE_SECONDS
        )
        headers = {"Accept": accept, "Connection": "close", **self.headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            encoded = None if body is None else json.dumps(body)
            connection.request(method, path, encoded, headers)
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise PlatformError(path=path) from error
