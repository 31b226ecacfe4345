"""The shapes of secrets that are recognised without having been told the value.

None of them but the private keys contains white space, so a stream is safe to cut
at white space; `OPEN` finds a private key whose end has not come yet.
"""

import re
from typing import Final

_TOKEN = rb"(?<![A-Za-z0-9_])(?:%s)(?![A-Za-z0-9_])"

_TOKENS = (
    rb"(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16}",  # AWS
    rb"gh[pousr]_[A-Za-z0-9]{36,255}",  # GitHub: personal, OAuth, app, refresh
    rb"github_pat_[A-Za-z0-9_]{22,255}",  # GitHub, fine-grained
    # JWT
    rb"eyJ[A-Za-z0-9_-]{8,8192}\.eyJ[A-Za-z0-9_-]{2,8192}\.[A-Za-z0-9_-]{0,2048}",
    rb"xox[abeoprs]-[A-Za-z0-9-]{10,255}",  # Slack
    rb"xapp-[A-Za-z0-9-]{10,255}",  # Slack, app level
    rb"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",  # Azure AD client secret
)

# Connection strings of Azure: only what follows the name is secret, but a stream is
# easier to keep right when the whole word goes.
_CONNECTION = rb"(?:AccountKey|SharedAccessSignature|SharedAccessKey)=[^\s;\"']{8,4096}"

_BODY = rb"[A-Za-z0-9+/=\s\\:,.()]{0,16384}"
_BEGIN = rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_END = rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_KEY = _BEGIN + _BODY + rb"(?:" + _END + rb")?"

# Every shape has one of these in it. Looking for them first is ten times as fast as
# trying the shapes everywhere.
HINTS: Final = (
    *(b"AKIA", b"ASIA", b"AGPA", b"AIDA", b"AROA"),
    *(b"AIPA", b"ANPA", b"ANVA", b"ABIA", b"ACCA"),
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
    *(b"eyJ", b"xox", b"xapp-", b"Q~"),
    *(b"AccountKey=", b"SharedAccess", b"PRIVATE KEY"),
)

_PATTERNS: Final = re.compile(
    rb"|".join([*(_TOKEN % token for token in _TOKENS), _CONNECTION, _KEY])
)

OPEN: Final = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,60}-{0,5}\Z"
    rb"|" + _BEGIN + _BODY + rb"(?:-{1,5}(?:E(?:N(?:D[A-Z0-9 ]{0,60}-{0,4})?)?)?)?\Z"
)


def find(data: bytes) -> list[tuple[int, int]]:
    """Return where something of a known shape begins and ends."""
    if not any(hint in data for hint in HINTS):
        return []
    return [match.span() for match in _PATTERNS.finditer(data)]
