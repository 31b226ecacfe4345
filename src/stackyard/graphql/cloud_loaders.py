"""What lists join in about clouds and webhooks."""

from functools import cached_property

from stackyard.clouds import AttachedCloud, AwsRole, GcpAccount
from stackyard.graphql.batches import Batches
from stackyard.graphql.loader import Loader
from stackyard.kernel.ids import CloudId, StackId
from stackyard.webhooks import StackWebhook


class CloudLoaders(Batches):
    @cached_property
    def projects_in_clouds(self) -> Loader[CloudId, list[AttachedCloud]]:
        return self._loader(
            lambda u, keys: u.cloud_attachments.having(keys, by=self._by), lambda _: []
        )

    @cached_property
    def aws_roles(self) -> Loader[StackId, AwsRole | None]:
        return self._loader(
            lambda u, keys: u.own_clouds.roles(keys, by=self._by), lambda _: None
        )

    @cached_property
    def gcp_accounts(self) -> Loader[StackId, GcpAccount | None]:
        return self._loader(
            lambda u, keys: u.own_clouds.accounts(keys, by=self._by), lambda _: None
        )

    @cached_property
    def stack_webhooks(self) -> Loader[StackId, list[StackWebhook]]:
        return self._loader(
            lambda u, keys: u.stack_webhooks.of(keys, by=self._by), lambda _: []
        )
