"""All SQL about ways into clouds."""

from stackyard.clouds.store.attachments import CloudAttachmentStore
from stackyard.clouds.store.integrations import CloudStore
from stackyard.clouds.store.own import OwnCloudStore

__all__ = ["CloudAttachmentStore", "CloudStore", "OwnCloudStore"]
