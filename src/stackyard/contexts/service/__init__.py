"""What people do with contexts."""

from stackyard.contexts.service.config import ContextConfig
from stackyard.contexts.service.contexts import Contexts

__all__ = ["ContextConfig", "Contexts"]
