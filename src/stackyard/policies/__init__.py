"""Policies: rules, in Rego, of what may happen, and of what comes of it.

They are kept here, and which stack has which is said by `stackyard.stacks`. What
evaluates them is behind `ports.PolicyEngine`; so far there is none. `inputs/` is what
it will have to tell them, and `contract.py` says it to others.
"""

from stackyard.policies.contract import policy_contract
from stackyard.policies.errors import (
    NoPolicyEngineError,
    PolicyNameTakenError,
    PolicyNotFoundError,
    PolicyProblemsError,
    PolicySlugTakenError,
    PolicySpaceError,
    PolicyUnreachableError,
)
from stackyard.policies.model import EngineType, Policy, PolicySpec, PolicyType
from stackyard.policies.ports import Neighbours, NoEngine, PolicyEngine
from stackyard.policies.service import Policies
from stackyard.policies.store import PolicyStore

__all__ = [
    "EngineType",
    "Neighbours",
    "NoEngine",
    "NoPolicyEngineError",
    "Policies",
    "Policy",
    "PolicyEngine",
    "PolicyNameTakenError",
    "PolicyNotFoundError",
    "PolicyProblemsError",
    "PolicySlugTakenError",
    "PolicySpaceError",
    "PolicySpec",
    "PolicyStore",
    "PolicyType",
    "PolicyUnreachableError",
    "policy_contract",
]
