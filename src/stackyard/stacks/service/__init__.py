"""What people, pushes, runs and the platform do with stacks."""

from stackyard.stacks.service.config import StackConfig
from stackyard.stacks.service.contexts import Given, StackContexts
from stackyard.stacks.service.dependencies import StackDependencies
from stackyard.stacks.service.migrations import VendorMigrations
from stackyard.stacks.service.policies import StackPolicies
from stackyard.stacks.service.pools import StackPools
from stackyard.stacks.service.schedules import Schedules
from stackyard.stacks.service.settling import Settling
from stackyard.stacks.service.sources import StackSources
from stackyard.stacks.service.stacks import Stacks

__all__ = [
    "Given",
    "Schedules",
    "Settling",
    "StackConfig",
    "StackContexts",
    "StackDependencies",
    "StackPolicies",
    "StackPools",
    "StackSources",
    "Stacks",
    "VendorMigrations",
]
