"""Which topics there are, and whose. Pure."""

from dataclasses import dataclass

from stackyard.kernel.ids import PoolId, WorkerId


@dataclass(frozen=True, slots=True)
class Rights:
    """What a pool may do follows from the pool alone, never from what it says."""

    namespace: str

    def inbox(self, pool_id: PoolId, worker_id: WorkerId) -> str:
        return f"{self.namespace}/readonly/{pool_id}/{worker_id}"

    def may_read(self, pool_id: PoolId, topic_filter: str) -> bool:
        """Whether the pool may subscribe to, or be sent, this topic or filter.

        The prefix is literal, so that no wildcard stands before or in the pool.
        """
        prefix = f"{self.namespace}/readonly/{pool_id}/"
        return topic_filter.startswith(prefix) and len(topic_filter) > len(prefix)

    def sender(self, pool_id: PoolId, topic: str) -> WorkerId | None:
        """Return which worker of the pool writes here, or None if none may."""
        prefix = f"{self.namespace}/writeonly/{pool_id}/"
        worker = topic.removeprefix(prefix)
        if worker == topic or not worker or "/" in worker:
            return None
        return WorkerId(worker)


def is_filter(topic_filter: str) -> bool:
    """Whether wildcards stand alone in their level, and `#` in the last one."""
    levels = topic_filter.split("/")
    return "#" not in "".join(levels[:-1]) and all(
        level in {"+", "#"} or not {"+", "#"} & set(level) for level in levels
    )


def has_wildcard(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter


def matches(topic: str, topic_filter: str) -> bool:
    there, wanted = topic.split("/"), topic_filter.split("/")
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(there) or level not in ("+", there[place]):
            return False
    return len(there) == len(wanted)
