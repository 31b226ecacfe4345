"""What the phases of a leg need of the launcher: to report, to log, to hear a stop.

The phases know no MQTT, no HTTP and no journal; the launcher knows no Terraform.
"""

import asyncio
from typing import Protocol

from stackyard_protocol.report import Answer, Body


class LetGoError(Exception):
    """The control plane says that this leg is not ours any more: drop everything."""


class Conversation(Protocol):
    """One leg's line to the control plane.

    `stop` is set when somebody wants the run stopped; it is a wish, and only the
    initialising and planning phases honour it.
    """

    stop: asyncio.Event

    async def report(self, body: Body) -> Answer:
        """Say *body* and return the answer; repeats through any outage.

        Everything written before has been handed over as the log of the state before
        this report; what is written afterwards belongs to the state in the answer.
        Raises `LetGoError`.
        """

    def write(self, masked: bytes) -> None:
        """Append to the log of the present state. Never blocks, never fails."""

    async def upload_url(self) -> str:
        """Return a fresh signed URL that takes the archived workspace by PUT."""
