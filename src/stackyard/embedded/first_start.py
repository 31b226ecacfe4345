"""What a fresh platform lacks: an API key, and a pool for the local workers.

Made through the public API, as an operator would, so that nothing here is a back
door. Safe to repeat: what exists and is still good is found again.
"""

import base64
import json
from dataclasses import dataclass, field

from stackyard.embedded.client import Client, PlatformError
from stackyard.embedded.environment import Site, make_password
from stackyard.embedded.keys import make_rsa_key, make_signing_request

POOL = "default"


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    secret: str = field(repr=False)
    new: bool


def ensure_api_key(site: Site, client: Client) -> ApiKey:
    """Leave *client* signed in with a key; the first time, make the key."""
    if site.folder.has("api-key.json"):
        kept = json.loads(site.folder.kept("api-key.json", str))
        if client.use_key(kept["id"], kept["secret"]):
            return ApiKey(kept["id"], kept["secret"], new=False)
    client.sign_in("admin", site.folder.kept("admin-password", make_password))
    made = client.graphql(
        "mutation($input:ApiKeyInput!){apiKeyCreate(input:$input){id secret}}",
        input={"admin": True, "name": "stackyard up"},
    )["apiKeyCreate"]
    site.folder.keep("api-key.json", json.dumps(made))
    if not client.use_key(made["id"], made["secret"]):
        raise PlatformError(key=made["id"])
    return ApiKey(made["id"], made["secret"], new=True)


def ensure_pool(site: Site, client: Client) -> tuple[str, dict[str, str]]:
    """Return the pool's id and what a worker of it needs in its environment.

    The token in it names the addresses of its time, so when a port has changed since,
    the pool gets a new one.
    """
    key = site.folder.kept("pool.pem", make_rsa_key)
    pools = client.graphql("{workerPools{id name}}")["workerPools"]
    found = next((pool["id"] for pool in pools if pool["name"] == POOL), None)
    if found is None:
        pool = client.graphql(
            "mutation($name:String!,$csr:String!,$space:ID){workerPoolCreate("
            "name:$name,certificateSigningRequest:$csr,space:$space){id config}}",
            name=POOL,
            csr=make_signing_request(key, POOL),
            space="root",
        )["workerPoolCreate"]
    else:
        pool = client.graphql(
            "query($id:ID!){workerPool(id:$id){id config}}", id=found
        )["workerPool"]
        if not _is_current(pool["config"], site):
            pool = client.graphql(
                "mutation($id:ID!,$csr:String!){workerPoolReset("
                "id:$id,certificateSigningRequest:$csr){id config}}",
                id=found,
                csr=make_signing_request(key, POOL),
            )["workerPoolReset"]
    return pool["id"], {
        "SPACELIFT_TOKEN": pool["config"],
        "SPACELIFT_POOL_PRIVATE_KEY": base64.b64encode(key.encode()).decode(),
    }


def _is_current(token: str, site: Site) -> bool:
    try:
        read = json.loads(base64.b64decode(token))
        places = (read["api"]["endpoint"], read["broker"]["endpoint"])
    except (ValueError, KeyError, TypeError):
        return False
    return places[0] == site.url and site.broker.endswith(places[1].rpartition("//")[2])
