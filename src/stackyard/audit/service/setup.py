"""Set the webhook up: an endpoint that is switched on has to answer first."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeAlias

from stackyard.audit.errors import WebhookSilentError
from stackyard.audit.model.webhook import Webhook, WebhookSettings
from stackyard.audit.service.webhooks import Webhooks
from stackyard.kernel.access import Subject
from stackyard.kernel.deliveries import POST_SECONDS
from stackyard.kernel.needs import Rule, needs
from stackyard.kernel.outbound import Poster

OpenWebhooks: TypeAlias = Callable[[], AbstractAsyncContextManager[Webhooks]]


@dataclass(frozen=True, slots=True)
class WebhookSetup:
    """Lives as long as the process: no transaction waits for somebody's endpoint."""

    open: OpenWebhooks
    poster: Poster

    @needs(Rule.ACCOUNT_ADMIN)
    async def set(self, settings: WebhookSettings, *, by: Subject) -> Webhook:
        """Replace the webhook's settings; nothing changes if the test fails."""
        async with self.open() as webhooks:
            test = await webhooks.prepare(settings, by=by)
        if test is not None:
            posted = await self.poster.post(
                test.url, test.body, test.headers, seconds=POST_SECONDS
            )
            if not posted.accepted:
                raise WebhookSilentError(status=posted.status, problem=posted.problem)
        async with self.open() as webhooks:
            return await webhooks.save(settings, by=by)
