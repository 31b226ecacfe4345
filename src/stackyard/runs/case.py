"""A test case of a module: what its code says is made in a run, and destroyed."""

from msgspec import Struct, field

from stackyard.stacks import RuntimeConfig


class Case(Struct, frozen=True, kw_only=True):
    """What the module's own file says of it. *negative*: it is expected to fail.

    It goes after those that *depends_on* names, and only if they went well.
    """

    id: str
    name: str
    negative: bool = False
    depends_on: list[str] = field(default_factory=list)
    config: RuntimeConfig = field(default_factory=RuntimeConfig)
