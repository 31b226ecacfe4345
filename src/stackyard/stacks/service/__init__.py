"""What people, pushes, runs and the platform do with stacks."""

from stackyard.stacks.service.config import StackConfig
from stackyard.stacks.service.contexts import Given, StackContexts
from stackyard.stacks.service.migrations import VendorMigrations
from stackyard.stacks.service.stacks import Stacks

__all__ = ["Given", "StackConfig", "StackContexts", "Stacks", "VendorMigrations"]
