"""Start a program that does not outlive its parent, as another user if asked.

    python leash.py PARENT SIGNAL UID:GID PROGRAM ARGUMENT…

This file is run as a program, without site packages: standard library only. It is
needed because the kernel forgets the wish when the user changes, so the order is:
become the user, make the wish, then start the program.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal: int, user: str, command: list[str]) -> None:
    if user:
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal)
    if os.getppid() != parent:  # it died before we wished
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - a shell is what we do not want


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
