"""Whole lives of everything the provider manages, as many of them at once as wanted.

A life is what `terraform apply`, `plan`, `apply` with a change, `import` and `destroy`
send about one resource: it is made, read until nothing differs, changed, read again by
its id alone, deleted, and read as null.
"""

from typing import Final

from tests.support.lives.course import Life, Sender, carry
from tests.support.lives.crowds import CROWDS, Crowd
from tests.support.lives.kinds import KINDS, Kind
from tests.support.lives.modules import (
    live_of_a_module,
    live_of_what_a_module_has,
    live_of_what_is_attached_to_a_module,
)
from tests.support.lives.people import live_with_roles
from tests.support.lives.shelves import (
    live_of_a_context,
    live_of_a_plugin,
    live_of_a_pool,
    live_of_a_provider,
    live_of_a_repository,
    live_of_a_webhook,
)
from tests.support.lives.stacks import (
    live_of_a_dependency,
    live_of_a_stack,
    live_of_what_a_stack_has,
    live_of_what_is_attached_to_a_stack,
)
from tests.support.lives.templates import live_of_a_template

__all__ = ["CROWDS", "LIVES", "Crowd", "Life", "Sender", "called", "carry"]

# The longest first: whoever comes too late for one would go on for longest.
LIVES: Final[tuple[Life, ...]] = (
    live_of_a_dependency,
    live_of_what_is_attached_to_a_stack,
    live_of_a_stack,
    live_of_what_a_stack_has,
    live_of_what_is_attached_to_a_module,
    live_of_what_a_module_has,
    live_of_a_module,
    live_of_a_template,
    live_with_roles,
    live_of_a_context,
    live_of_a_plugin,
    live_of_a_pool,
    live_of_a_provider,
    live_of_a_repository,
    live_of_a_webhook,
    *(kind.live for kind in KINDS),
)


def called(life: Life | Crowd) -> str:
    """Return its name, for people."""
    whose = getattr(life, "__self__", None)
    return whose.noun if isinstance(whose, Kind) else str(getattr(life, "__name__", ""))
