from stackyard.kernel.errors import NotFoundError


class SpaceNotFoundError(NotFoundError):
    """There is no such space, or you may not know of it."""
