"""Namespaces by bubblewrap: the machine's /usr, read-only, and the leg's own folders.

As root the command runs as another, real user without any capability; no user
namespace is needed then. As an ordinary user a user namespace takes its place, in
which no further ones can be made. The network is the machine's.
"""

import os
from pathlib import Path
from typing import Final

from stackyard_worker.environment import Place
from stackyard_worker.host import SANDBOX_UID, Host
from stackyard_worker.room import Room
from stackyard_worker.sandbox.driver import limited, tool_folders

WORKSPACE: Final = "/mnt/workspace"
HOME: Final = "/home/spacelift"
CONTROL: Final = "/run/stackyard"
BINDS_FILE: Final = "sandbox-binds"

_FROM_ETC: Final = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "gai.conf",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "nsswitch.conf",
    "pki/ca-trust",
    "pki/tls/certs",
    "protocols",
    "resolv.conf",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
)
_TOP_FOLDERS: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Only what `setpriv` needs to give the rights up, the bounding set included.
_TO_STEP_DOWN: Final = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")


class Bubblewrap:
    def __init__(self, host: Host, room: Room, *, root: bool | None = None) -> None:
        self._host = host
        self._is_root = os.geteuid() == 0 if root is None else root
        self._tools = tool_folders(host)
        self.room = room
        self.reports = True
        self.control = CONTROL
        self.place = Place(
            workspace=WORKSPACE,
            home=HOME,
            temporary="/tmp",  # noqa: S108 - the leg's own
            tools=tuple(map(str, self._tools)),
        )

    def command(self, script: str, *, report_to: int) -> list[str]:
        return [
            *limited(self._host.limits),
            "bwrap",
            *self._isolation(),
            *_system(),
            *self._own_folders(),
            *self._readable(),
            "--chdir",
            "/",
            "--info-fd",
            str(report_to),
            "--",
            *self._stepping_down(),
            "/bin/sh",
            f"{CONTROL}/{script}",
        ]

    def _isolation(self) -> list[str]:
        common = [
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup-try",
            "--hostname",
            "stackyard",
            "--die-with-parent",
            "--new-session",
            "--clearenv",
            "--cap-drop",
            "ALL",
        ]
        if self._is_root:
            return [
                *common,
                *(word for cap in _TO_STEP_DOWN for word in ("--cap-add", cap)),
            ]
        user = str(SANDBOX_UID)
        return [
            *common,
            "--unshare-user",
            "--disable-userns",
            "--uid",
            user,
            "--gid",
            user,
        ]

    def _stepping_down(self) -> list[str]:
        if not self._is_root:
            return []
        return [
            "/usr/bin/setpriv",
            f"--reuid={SANDBOX_UID}",
            f"--regid={SANDBOX_UID}",
            "--clear-groups",
            "--no-new-privs",
            "--inh-caps=-all",
            "--bounding-set=-all",
            "--",
        ]

    def _own_folders(self) -> list[str]:
        room = self.room
        return [
            *("--bind", str(room.temporary), "/tmp"),  # noqa: S108 - inside
            *(*_parents(Path(HOME)), "--bind", str(room.home), HOME),
            *(*_parents(Path(WORKSPACE)), "--bind", str(room.workspace), WORKSPACE),
            *(*_parents(Path(CONTROL)), "--bind", str(room.control), CONTROL),
            *("--ro-bind", str(room.etc / "passwd"), "/etc/passwd"),
            *("--ro-bind", str(room.etc / "group"), "/etc/group"),
        ]

    def _readable(self) -> list[str]:
        paths = [*self._tools, *_named_in(self._tools), *self._host.extra_binds]
        return [
            word
            for path in dict.fromkeys(paths)
            if not path.is_relative_to("/usr")
            for word in (*_parents(path), "--ro-bind", str(path), str(path))
        ]


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    for name in _TOP_FOLDERS:
        path = Path("/", name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    for name in _FROM_ETC:
        path = Path("/etc", name)
        words += [*_parents(path), "--ro-bind-try", str(path), str(path)]
    return words


def _parents(path: Path) -> list[str]:
    """Make the folders above a bind: made on the way, nobody but root could enter."""
    above = [str(parent) for parent in reversed(path.parents)]
    return [word for parent in above[1:] for word in ("--dir", parent)]


def _named_in(folders: tuple[Path, ...]) -> list[Path]:
    """Return what the operator's tools need besides their own folder."""
    found = []
    for folder in folders:
        file = folder / BINDS_FILE
        if file.is_file():
            lines = file.read_text(encoding="utf-8").splitlines()
            found += [Path(line) for line in lines if line.strip()]
    return found
