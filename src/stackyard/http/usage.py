"""How much was worked, as a table: `GET /usageanalytics/csv`.

`since` and `until` are days of UTC, both included; `aspect` is `run-minutes` or
`worker-count`; `groupBy`, with minutes only, is `run-type` or `run-state`. It is for
the command line, which sends a token: a browser's cookie is not looked at.
"""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stackyard.http.routes import route
from stackyard.kernel.access import Subject
from stackyard.kernel.errors import UnauthorizedError
from stackyard.kernel.needs import Rule
from stackyard.runs import UsageLine, UsageQuery
from stackyard.unit import OpenUnit

Who: TypeAlias = Callable[[Request], Awaitable[Subject]]


def usage_routes(open_unit: OpenUnit, who: Who) -> list[Route]:
    async def table(request: Request) -> Response:
        scheme = request.headers.get("authorization", "").partition(" ")[0]
        if scheme.lower() != "bearer":
            raise UnauthorizedError
        by = await who(request)
        asked = request.query_params
        query = UsageQuery.read(
            since=asked.get("since", ""),
            until=asked.get("until", ""),
            aspect=asked.get("aspect", ""),
            group=asked.get("groupBy", ""),
        )
        async with open_unit() as unit:
            lines = await unit.usage.lines(query, by=by)
        return Response(written(query, lines), media_type="text/csv")

    return [route("/usageanalytics/csv", table, needs=Rule.ACCOUNT_ADMIN)]


def written(query: UsageQuery, lines: Sequence[UsageLine]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(query.columns)
    for line in lines:
        writer.writerow([line.day.isoformat(), line.key, f"{line.amount:.10g}"])
    return text.getvalue()
