"""Whatever a client can say of a thing is read again, and can be unsaid.

Each is made with as little as there can be; then it is changed to have all that it can
have; then it is as bare again as in the beginning. Other tests of its noun see to what
else it is told.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import pytest
from tests.support.inputs import READ_AS
from tests.support.lives.course import same, shows
from tests.support.lives.said import ROLE, csr, git_server
from tests.support.scene import Scene
from tests.support.wire import PROVIDER

Said: TypeAlias = dict[str, Any]

GITLAB: Final = "our-git"
PHASES: Final = ("Init", "Plan", "Apply", "Perform", "Destroy")
HOOKS: Final[dict[str, list[str]]] = {
    f"{when}{phase}": [f"echo {when} {phase}"]
    for when in ("before", "after")
    for phase in PHASES
} | {"afterRun": ["echo after all"]}
LABELLED: Final[Said] = {"labels": ["b", "a"], "description": "d"}
OURS: Final[Said] = {"name": "ours"}
MODULE: Final[Said] = {
    "administrative": False,
    "branch": "main",
    "localPreviewEnabled": False,
    "protectFromDeletion": False,
}
OF_BOTH: Final = {  # inputs of a module, the one within the other
    *MODULE,
    *LABELLED,
    *("projectRoot", "gitSparseCheckoutPaths", "runnerImage", "space", "workerPool"),
}
CODE: Final[Said] = {"provider": "GITHUB", "repository": "terraform-aws-net"}


@dataclass(frozen=True, slots=True)
class Trip:
    """*bare* and *full* are said of what there is; *first* beside *bare* to make it.

    What is not said is left out, as one does who has never heard of it.
    """

    noun: str
    create: str
    read: str
    update: str
    bare: Said
    full: Said
    first: Said
    flat: bool = False  # its settings are no input, but arguments
    later: str = ""  # what cannot be said of a new one

    def making(self, said: Said) -> Said:
        said = {
            name: value
            for name, value in (said | self.first).items()
            if name != self.later
        }
        if self.create == "ModuleCreate":
            own = {name: said.pop(name) for name in OF_BOTH & said.keys()}
            said |= {"updateInput": own, "name": "net"}
        return said if self.flat else {"input": said}

    def changing(self, here: str, said: Said) -> Said:
        return {"id": here} | (said if self.flat else {"input": said})


TRIPS: Final = (
    Trip(
        "context",
        "ContextCreate",
        "ContextRead",
        "ContextUpdate",
        OURS | {"hooks": {key: [] for key in HOOKS}},
        OURS | LABELLED | {"hooks": HOOKS, "space": "root"},
        {},
    ),
    Trip(
        "policy",
        "PolicyCreateV2",
        "PolicyRead",
        "PolicyUpdateV2",
        OURS | {"body": "package spacelift"},
        OURS | LABELLED | {"body": "package a", "engineType": "REGO_V1"},
        {"type": "PLAN", "space": "root"},
    ),
    Trip(
        "module",
        "ModuleCreate",
        "ModuleAWSRoleRead",
        "ModuleUpdate",
        MODULE | CODE,
        LABELLED
        | {
            "administrative": True,
            "branch": "next",
            "localPreviewEnabled": True,
            "namespace": "us",
            "projectRoot": "part",
            "gitSparseCheckoutPaths": ["part"],
            "protectFromDeletion": True,
            "provider": "GITLAB",
            "repository": "terraform-aws-net2",
            "runnerImage": "image:1",
            "vcsIntegrationId": GITLAB,
            "space": "home",
            "workerPool": "pool",
            "workflowTool": "CUSTOM",
        },
        {},
    ),
    Trip(
        "module of any server",
        "ModuleCreate",
        "ModuleAWSRoleRead",
        "ModuleUpdate",
        MODULE | CODE,
        MODULE
        | {
            "provider": "GIT",
            "namespace": "us",
            "repository": "net",
            "repositoryURL": "https://git.example/us/net.git",
        },
        {},
    ),
    Trip(
        "repository",
        "RepoCreate",
        "RepoRead",
        "RepoUpdate",
        OURS,
        OURS | LABELLED | {"vcsChecks": "ALL"},
        {"spaceID": "root"},
    ),
    Trip(
        "template",
        "TemplateCreate",
        "TemplateRead",
        "TemplateUpdate",
        OURS | {"space": "root"},
        OURS | LABELLED | {"space": "legacy"},
        {},
    ),
    Trip(
        "role",
        "RoleCreate",
        "RoleRead",
        "RoleUpdate",
        OURS | {"actions": ["SPACE_READ"], "description": ""},
        OURS | {"actions": ["RUN_STOP"], "description": "d"},
        {},
    ),
    Trip(
        "API key",
        "APIKeyCreate",
        "APIKeyRead",
        "APIKeyUpdate",
        OURS | {"teams": [], "description": ""},
        {"name": "theirs", "teams": ["ops"], "description": "d"},
        {"admin": True},
        later="description",
    ),
    Trip(
        "pool",
        "WorkerPoolCreate",
        "WorkerPoolRead",
        "WorkerPoolUpdate",
        OURS | {"labels": [], "drift_detection_run_limit": 0},
        OURS | LABELLED | {"drift_detection_run_limit": 7, "space": "root"},
        {"csr": csr()},
        flat=True,
    ),
    Trip(
        "integration with AWS",
        "AWSIntegrationCreate",
        "AWSIntegrationRead",
        "AWSIntegrationUpdate",
        OURS
        | {
            "labels": [],
            "roleArn": ROLE,
            "durationSeconds": 900,
            "generateCredentialsInWorker": False,
            "externalID": "",
            "autoattachEnabled": False,
            "tagAssumeRole": False,
        },
        {
            "name": "theirs",
            "labels": ["b", "a"],
            "roleArn": f"{ROLE}-2",
            "durationSeconds": 1800,
            "generateCredentialsInWorker": True,
            "externalID": "them",
            "autoattachEnabled": True,
            "tagAssumeRole": True,
            "region": "eu-west-1",
            "space": "root",
        },
        {},
        flat=True,
    ),
    Trip(
        "integration with Azure",
        "AzureIntegrationCreate",
        "AzureIntegrationRead",
        "AzureIntegrationUpdate",
        OURS | {"labels": [], "autoattachEnabled": False},
        {
            "name": "theirs",
            "labels": ["b", "a"],
            "autoattachEnabled": True,
            "defaultSubscriptionId": "one",
        },
        {"tenantID": "tenant", "space": "root"},
        flat=True,
    ),
    Trip(
        "provider",
        "TerraformProviderCreate",
        "TerraformProviderRead",
        "TerraformProviderUpdate",
        {"space": "root"},
        LABELLED | {"space": "legacy"},
        {"type": "net"},
        flat=True,
    ),
)


def as_read(said: Said) -> Said:
    return said | {READ_AS[name]: said[name] for name in READ_AS.keys() & said.keys()}


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who sends it all, where it can be used: in one space, with what is there."""

    scene: Scene

    async def ask(self, operation: str, **said: Any) -> Any:
        return await self.scene.data(f"{PROVIDER}/{operation}", **said)

    def here(self, said: Said) -> Said:
        named = {one: self.scene.names[one] for one in ("home", "pool")}
        return {name: named.get(str(value), value) for name, value in said.items()}


@pytest.fixture
async def traveller(scene: Scene) -> Traveller:
    traveller = Traveller(scene)
    server = git_server("Our Git") | {"token": "hush"}
    server["customInput"] |= {"spaceID": scene.names["home"]}
    made = await traveller.ask("GitLabIntegrationCreate", **server)
    assert made["id"] == GITLAB
    return traveller


every_trip = pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: trip.noun)


@every_trip
async def test_whatever_is_said_of_a_new_thing_is_read_again(
    traveller: Traveller, trip: Trip
) -> None:
    said = traveller.here(trip.full)
    made = await traveller.ask(trip.create, **trip.making(said))
    said.pop(trip.later, None)
    assert shows(made, as_read(said)), made
    assert made.get("hooks") == said.get("hooks")
    read = await traveller.ask(trip.read, id=made["id"])
    assert same(read, made), (read, made)


@every_trip
async def test_a_change_says_all_there_is_and_can_unsay_it(
    traveller: Traveller, trip: Trip
) -> None:
    made = await traveller.ask(trip.create, **trip.making(trip.bare))

    for said in map(traveller.here, (trip.full, trip.bare)):
        changing = trip.changing(made["id"], said)
        changed = await traveller.ask(trip.update, **changing)
        assert shows(changed, as_read(said)), changed
        assert changed.get("hooks") == said.get("hooks")
        assert await traveller.ask(trip.read, id=made["id"]) == changed

    stays = {"space", "spaceDetails", "updatedAt"}  # nobody says that it is nowhere
    assert same(changed, {name: made[name] for name in made.keys() - stays})
