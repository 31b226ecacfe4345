"""How a leg ends other than well. The text is for the run's owner to read."""


class LegFailedError(Exception):
    """The leg fails; the argument is a whole sentence, free of secrets."""


class LegStoppedError(Exception):
    """Somebody wanted the run stopped, and this was still a moment to honour it."""


class ArchiveError(LegFailedError):
    """An archive holds something that we do not unpack; the argument says what."""


class UnsafePathError(Exception):
    """A path would leave its root, or goes through something that is no folder."""
