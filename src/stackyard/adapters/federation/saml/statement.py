"""What a signed assertion says, and whether it says it to us, now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from lxml import etree

from stackyard.adapters.federation.saml.names import BEARER, PREFIXES
from stackyard.adapters.federation.saml.ours import Ourselves
from stackyard.kernel.federation import (
    Assertion,
    NameMissingError,
    Person,
    SamlAttribute,
    SamlResponseError,
)

SKEW: Final = timedelta(seconds=60)
_LONGEST_LOGIN: Final = 320


@dataclass(frozen=True, slots=True)
class Statement:
    root: Any  # lxml has no types

    @classmethod
    def of(cls, assertion: Any) -> Self:
        """Take exactly the bytes that the signature is of, and read them anew."""
        signed = etree.tostring(
            assertion, method="c14n", exclusive=True, with_comments=False
        )
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return cls(etree.fromstring(signed, parser))

    def judge(self, us: Ourselves, request_id: str, issuer: str, now: datetime) -> None:
        """Refuse what another provider said, or to others, or at another time."""
        if self._texts("./saml:Issuer") != [issuer]:
            raise SamlResponseError(reason="another provider issued it")
        if not any(self._confirmations(us, request_id, now)):
            reason = "it was not made for this address and this sign-in, or expired"
            raise SamlResponseError(reason=reason)
        restrictions = self._find("./saml:Conditions/saml:AudienceRestriction")
        for one in restrictions:
            if us.entity_id not in _texts(one, "./saml:Audience"):
                raise SamlResponseError(reason=_audience(us))
        if not restrictions:
            raise SamlResponseError(reason=_audience(us))
        for one in self._find("./saml:Conditions"):
            if not _is_current(one, now):
                reason = "it has expired, or is not valid yet; compare the clocks"
                raise SamlResponseError(reason=reason)

    def person(self, mapping: Mapping[str, SamlAttribute]) -> Person:
        names = self._texts("./saml:Subject/saml:NameID")
        login = names[0].strip() if len(names) == 1 else ""
        if not login or not login.isprintable() or len(login) > _LONGEST_LOGIN:
            raise NameMissingError
        said: dict[SamlAttribute, list[str]] = {one: [] for one in SamlAttribute}
        for name, values in self._attributes():
            known = mapping.get(name) or _known(name)
            if known:
                said[known] += values
        parts = said[SamlAttribute.FIRST_NAME][:1] + said[SamlAttribute.LAST_NAME][:1]
        return Person(
            login,
            " ".join(parts),
            tuple(dict.fromkeys(said[SamlAttribute.TEAMS])),
            Assertion(self.root.get("ID"), self._end()),
        )

    def _confirmations(
        self, us: Ourselves, request_id: str, now: datetime
    ) -> Iterator[bool]:
        for one in self._find("./saml:Subject/saml:SubjectConfirmation"):
            for data in _find(one, "./saml:SubjectConfirmationData"):
                yield (
                    one.get("Method") == BEARER
                    and data.get("Recipient") == us.acs
                    and data.get("InResponseTo") == request_id
                    and data.get("NotOnOrAfter") is not None
                    and _is_current(data, now)
                )

    def _end(self) -> datetime:
        """Return when it will not be believed any more, whatever is kept."""
        path = "./saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
        ends = [one.get("NotOnOrAfter") for one in self._find(path)]
        return max(_time(one) for one in ends if one) + SKEW

    def _attributes(self) -> Iterator[tuple[str, list[str]]]:
        for one in self._find("./saml:AttributeStatement/saml:Attribute"):
            values = _texts(one, "./saml:AttributeValue")
            yield one.get("Name"), [value for value in values if value]

    def _find(self, path: str) -> Any:
        return _find(self.root, path)

    def _texts(self, path: str) -> list[str]:
        return _texts(self.root, path)


def _audience(us: Ourselves) -> str:
    return f"it is meant for somebody else; the audience must be {us.entity_id}"


def _known(name: str) -> SamlAttribute | None:
    return SamlAttribute(name) if name in set(SamlAttribute) else None


def _is_current(element: Any, now: datetime) -> bool:
    start, end = element.get("NotBefore"), element.get("NotOnOrAfter")
    begun = start is None or _time(start) <= now + SKEW
    return begun and (end is None or now < _time(end) + SKEW)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise SamlResponseError(reason="one of its times is odd") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _find(element: Any, path: str) -> Any:
    return element.xpath(path, namespaces=PREFIXES)


def _texts(element: Any, path: str) -> list[str]:
    return ["".join(one.itertext()) for one in _find(element, path)]
