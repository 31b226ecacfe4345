"""Get a job: download, decrypt, check. Nothing of it is trusted before that."""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

import httpx
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from stackyard_protocol.envelope import EnvelopeError, open_sealed
from stackyard_protocol.job import Job
from stackyard_protocol.mqtt import RunAssigned
from stackyard_worker.backoff import delays

log = structlog.get_logger()

MAX_JOB: Final = 64 * 1024 * 1024
PATIENCE: Final = 60.0  # by then the control plane has undone the claim anyway
_IS_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")  # it names a folder
_TIMEOUT: Final = httpx.Timeout(15, connect=5)


class NoJobError(Exception):
    """The job cannot be had; the control plane will give the leg to somebody else."""


@dataclass(frozen=True, slots=True)
class JobFetcher:
    client: httpx.AsyncClient
    private_key: RSAPrivateKey

    async def fetch(self, assigned: RunAssigned) -> Job:
        """Return the job of this leg. Raises `NoJobError`."""
        if not _IS_ID.fullmatch(assigned.leg):
            raise NoJobError("the leg has no proper id")
        sealed = assigned.job
        if sealed is None:
            if assigned.url is None:
                raise NoJobError("the message says nothing of where the job is")
            sealed = await self._downloaded(assigned.leg, assigned.url)
        job = await asyncio.to_thread(self._open, sealed)
        if (job.leg, job.run) != (assigned.leg, assigned.run):
            raise NoJobError("the job is not of the leg that was assigned")
        return job

    async def _downloaded(self, leg: str, url: str) -> bytes:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._download(leg, url)
        except TimeoutError:
            raise NoJobError("the job could not be downloaded in time") from None

    async def _download(self, leg: str, url: str) -> bytes:
        """Try until there is an answer. The URL is a grant: it is never logged."""
        for delay in delays():
            try:
                status, body = await self._get(url)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                problem = type(error).__name__
            else:
                if status == httpx.codes.OK:
                    return body
                problem = str(status)
            log.warning("job.not_downloaded", leg=leg, problem=problem)
            await asyncio.sleep(delay)
        raise AssertionError  # delays never end

    async def _get(self, url: str) -> tuple[int, bytes]:
        body = bytearray()
        async with self.client.stream("GET", url, timeout=_TIMEOUT) as response:
            if response.status_code == httpx.codes.OK:
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MAX_JOB:
                        raise NoJobError("the job is too large")
            return response.status_code, bytes(body)

    def _open(self, sealed: bytes) -> Job:
        try:
            return msgspec.json.decode(open_sealed(self.private_key, sealed), type=Job)
        except EnvelopeError:
            raise NoJobError("the job is not sealed to this pool's key") from None
        except msgspec.DecodeError:  # its text may quote the job
            raise NoJobError("the job is of another version") from None
