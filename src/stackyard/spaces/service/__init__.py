from stackyard.spaces.service.bindings import Bindings
from stackyard.spaces.service.roles import Roles
from stackyard.spaces.service.spaces import Spaces

__all__ = ["Bindings", "Roles", "Spaces"]
