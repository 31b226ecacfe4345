"""What surrounds stacks and modules: clouds, webhooks, other tools to go over to.

The middle of `unit.Unit`; nobody opens it alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import CTE

from stackyard.clouds import (
    CloudAttachments,
    CloudAttachmentStore,
    Clouds,
    CloudStore,
    OwnClouds,
    OwnCloudStore,
)
from stackyard.foundation import Foundation
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import SpaceId, StackId
from stackyard.spaces import visible_to
from stackyard.stacks import StackStore, VendorMigrations
from stackyard.webhooks import (
    HookDeliveries,
    HookDeliveryStore,
    NamedWebhooks,
    NamedWebhookStore,
    StackWebhooks,
    StackWebhookStore,
)


@dataclass(frozen=True)
class Surroundings(Foundation):
    @cached_property
    def clouds(self) -> Clouds:
        return Clouds(
            CloudStore(self.session),
            CloudAttachmentStore(self.session),
            self.stacks,
            self.access,
            self.clock,
            self.means.site,
            visible_to,
            self.trail,
        )

    @cached_property
    def vendor_migrations(self) -> VendorMigrations:
        return VendorMigrations(
            StackStore(self.session),
            self.stacks,
            self.access,
            self.outbox,
            self.clock,
            self.trail,
        )

    @cached_property
    def cloud_attachments(self) -> CloudAttachments:
        return CloudAttachments(
            CloudAttachmentStore(self.session),
            self.stacks,
            self.clouds,
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def own_clouds(self) -> OwnClouds:
        return OwnClouds(
            OwnCloudStore(self.session),
            self.stacks,
            self.access,
            self.clock,
            self.trail,
        )

    @cached_property
    def stack_webhooks(self) -> StackWebhooks:
        return StackWebhooks(
            StackWebhookStore(self.session),
            HookDeliveryStore(self.session),
            self.stacks,
            self.access,
            self.means.vault,
            self.clock,
            self.trail,
        )

    @cached_property
    def hook_deliveries(self) -> HookDeliveries:
        return HookDeliveries(
            HookDeliveryStore(self.session),
            self.stacks,
            self.outbox,
            self.means.vault,
            self.clock,
            self.means.site,
            self.trail,
        )

    @cached_property
    def named_webhooks(self) -> NamedWebhooks:
        return NamedWebhooks(
            NamedWebhookStore(self.session),
            self.access,
            self.means.vault,
            self.clock,
            self.trail,
        )

    async def _things_in(self, space: SpaceId) -> list[tuple[str, int]]:
        return [
            *await super()._things_in(space),
            ("cloud integration", await self.clouds.count_in(space, by=SYSTEM)),
            ("webhook", await self.named_webhooks.count_in(space, by=SYSTEM)),
        ]

    async def _cut_off(self, reaching: CTE) -> Sequence[str]:
        return [
            *await super()._cut_off(reaching),
            *await self.cloud_attachments.cut_off(reaching, by=SYSTEM),
        ]

    async def _uses_cut_off(self, project_id: StackId) -> Sequence[str]:
        return await self.cloud_attachments.cut_off_of(project_id, by=SYSTEM)
