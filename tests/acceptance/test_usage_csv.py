"""`spacectl profile usage-csv`, as the whole server answers it."""

import csv
import io
from pathlib import Path

from tests.support.whole import whole
from tests.support.world import World

PATH = "/usageanalytics/csv"


async def test_usage_is_a_table_for_administrators_with_a_token(
    database_url: str, tmp_path: Path
) -> None:
    async with whole(database_url, tmp_path) as server:
        world = await World(server).build()
        today = server.clock().date()
        asked = {
            "since": str(today.replace(day=1)),
            "until": str(today),
            "aspect": "run-minutes",
        }
        async with server.client() as client:

            async def ask(who: str, **more: str) -> tuple[int, str]:
                said = await client.get(
                    PATH, params=asked | more, headers=world.headers[who]
                )
                if said.status_code == 200:
                    assert said.headers["content-type"].startswith("text/csv")
                return said.status_code, said.text

            for who in ("nobody", "expired", "revoked", "worker", "crossed"):
                status, text = await ask(who)
                assert (status, "unauthorized" in text) == (401, True), who
            status, text = await ask("admin")
            assert (status, "unauthorized" in text) == (403, True)

            status, text = await ask("root", groupBy="run-type")
            assert status == 200
            rows = list(csv.DictReader(io.StringIO(text)))
            assert {"date", "run_type", "minutes"} == set(rows[0])
            spent = sum(float(row["minutes"]) for row in rows)
            assert spent == 3 * 11 * 60  # three runs that nobody ended
            assert {"PROPOSED", "TRACKED"} >= {row["run_type"] for row in rows}

            status, text = await ask("root", aspect="worker-count")
            assert text.splitlines()[0] == "date,worker_pool,workers"
            assert {row.split(",")[1] for row in text.splitlines()[1:]} == {
                world.names["pool"],
                world.names["away"],
            }
            status, text = await ask("root", since="yesterday")
            assert (status, "dates like 2026-01-31" in text) == (400, True)
            status, text = await ask("root", aspect="worker-count", groupBy="run-type")
            assert (status, "Only run-minutes" in text) == (400, True)
