"""The Terraform provider and other clients, as far as what they send goes."""

from pathlib import Path
from typing import Any, Final, Self

from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import SpaceId
from stackyard.spaces import Holder, HolderKind
from tests.support.documents import CLIENTS
from tests.support.edge import Edge

OPERATIONS: Final = CLIENTS / "terraform-provider"


class Provider:
    """A client that sends what the provider sends, or what is in another folder."""

    def __init__(self, edge: Edge, folder: Path = OPERATIONS) -> None:
        self.edge, self.folder = edge, folder
        self.headers: dict[str, str] = {}

    def beside(self, folder: str) -> "Provider":
        """Return another client, with the same key."""
        other = Provider(self.edge, CLIENTS / folder)
        other.headers = self.headers
        return other

    async def answer(self, operation: str, **variables: Any) -> dict[str, Any]:
        async with self.edge.client() as client:
            answer = await client.post(
                "/graphql",
                json={
                    "query": (self.folder / f"{operation}.graphql").read_text(),
                    "variables": variables,
                },
                headers=self.headers,
            )
        assert answer.status_code == 200
        return dict(answer.json())

    async def data(self, operation: str, **variables: Any) -> Any:
        """Return the one thing that was asked for."""
        said = await self.answer(operation, **variables)
        assert "errors" not in said, said
        (value,) = said["data"].values()
        return value

    async def error(self, operation: str, **variables: Any) -> str:
        said = await self.answer(operation, **variables)
        return str(said["errors"][0]["message"])

    async def sign_in_with(self, role: str, space: SpaceId) -> Self:
        """Come by a key that has this role there, and nothing else."""
        key, secret = await self.edge.key(admin=False)
        async with self.edge.unit() as unit:
            holder = Holder(HolderKind.API_KEY, key.id)
            await unit.bindings.create(holder, role=role, space=space, by=SYSTEM)
        issued = await self.edge.exchange(key.id, secret)
        assert issued is not None
        self.headers = {"authorization": f"Bearer {issued.jwt}"}
        return self

    async def sign_in(self) -> Self:
        """Come by a key of the account's administrator from now on."""
        key, secret = await self.edge.key()
        issued = await self.data(
            "SpaceliftProviderBuildClientFromAPIKeyParams", id=key.id, secret=secret
        )
        self.headers = {"authorization": f"Bearer {issued['jwt']}"}
        return self
