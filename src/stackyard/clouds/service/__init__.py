"""What people do with ways into clouds. Nobody calls a cloud here."""

from stackyard.clouds.service.attachments import CloudAttachments
from stackyard.clouds.service.integrations import Clouds
from stackyard.clouds.service.own import OwnClouds

__all__ = ["CloudAttachments", "Clouds", "OwnClouds"]
