"""`stackyard server`: page, API, git, state, worker calls, MQTT broker."""

import asyncio
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from stackyard.adapters.crypto.authority import BrokerTls
from stackyard.adapters.mqtt import Broker, Fanout
from stackyard.adapters.postgres.live import LiveHub
from stackyard.adapters.queue import PostgresSender
from stackyard.adapters.second_factor import PyotpPasswords, WebAuthnPasskeys
from stackyard.composition import Platform
from stackyard.graphql.context import Means
from stackyard.graphql.execution import Graph
from stackyard.graphql.schema import build_schema
from stackyard.http.app import build_app
from stackyard.http.cli_login import CliLoginRoutes
from stackyard.http.condition import Condition
from stackyard.http.discovery import discovery_route
from stackyard.http.doors import Doors, Outside
from stackyard.http.git import GitHttp
from stackyard.http.graphql import GraphRoute
from stackyard.http.health import health_routes, instrumentation_app
from stackyard.http.live import Live, live_routes
from stackyard.http.modules import MODULES, ModuleRoutes
from stackyard.http.oauth import LOGIN, OauthRoutes
from stackyard.http.plugin_logs import plugin_log_route
from stackyard.http.policy_contract import policy_contract_route
from stackyard.http.providers import PROVIDERS, ProviderRoutes
from stackyard.http.second_factor import SecondFactorRoutes
from stackyard.http.session import SessionRoutes
from stackyard.http.sign_on import SignOnRoutes
from stackyard.http.spa import spa_routes
from stackyard.http.state import StateRoutes
from stackyard.http.usage import usage_routes
from stackyard.http.wellknown import wellknown_routes
from stackyard.http.worker import WorkerRoutes
from stackyard.identity import AdminCredentials, MembersOnly
from stackyard.kernel.access import SYSTEM
from stackyard.kernel.ids import PoolId, WorkerId
from stackyard.kernel.queue import Queue
from stackyard.kernel.routing import message_of
from stackyard.logs import configure_logs
from stackyard.plugins import seed_templates
from stackyard.processes import pulse
from stackyard.processes.life import (
    in_background,
    prepare_database,
    run_to_end,
    say_if_deaf,
    stop_signal,
)
from stackyard.processes.queues import relaying
from stackyard.processes.serving import http_server
from stackyard.processes.telemetry import telemetry
from stackyard.reactions import WorkerSpoke
from stackyard.runs import LIVE_CHANNEL
from stackyard.settings import ServerSettings, load_or_exit
from stackyard.spaces import seed
from stackyard_protocol.mqtt import NAMESPACE

log = structlog.get_logger()

# In a wheel the page lies beside the code, in a checkout where it was built.
PAGES = (Path(__file__).parents[1] / "web", Path(__file__).parents[3] / "web" / "dist")
# Routes that count.
UNLIMITED = dict.fromkeys(("/git/", "/state", "/worker/", "/provider-upload/"))


def main() -> None:
    configure_logs("server")
    settings = load_or_exit(ServerSettings)
    run_to_end(serve(settings))


async def serve(settings: ServerSettings) -> None:
    """Serve until SIGTERM: unready at once, then what is in flight finishes."""
    await prepare_database(settings)
    await say_if_deaf(settings.direct_database)
    condition, stop = Condition(), stop_signal()
    async with (
        telemetry(settings, "server") as metrics,
        Platform.open(settings, cache="server", metrics=metrics) as platform,
    ):
        async with platform.database.transaction() as session:
            await seed(session, at=platform.means.clock())
            await seed_templates(session, at=platform.means.clock())
        tls = BrokerTls(platform.authority, [settings.mqtt_broker_endpoint.host])
        broker = make_broker(platform, tls)
        live = LiveHub(settings.direct_database, LIVE_CHANNEL)
        fanout = Fanout(settings.direct_database, platform.database.engine, broker)
        server = http_server(
            make_app(platform, live),
            settings.stackyard_http_host,
            settings.stackyard_http_port,
        )
        probes = http_server(
            instrumentation_app(condition),
            settings.stackyard_http_host,
            settings.stackyard_instrumentation_port,
        )
        await broker.start(settings.stackyard_http_host, settings.stackyard_mqtt_port)
        serving = [server] + [probes] * settings.enable_instrumentation_endpoints
        async with (
            relaying(settings, platform.traffic) as relays,
            in_background(
                live.run(), fanout.run(), tls.run(), pulse.beat(platform), *relays
            ),
        ):
            tasks = [asyncio.create_task(one.serve()) for one in serving]
            condition.started = True
            log.info("server.started", port=settings.stackyard_http_port)
            await wait_until_over(stop, tasks)
            condition.stopping = True
            log.info("server.stopping")
            live.close()
            for one in serving:
                one.should_exit = True
            await asyncio.gather(*tasks)
            await broker.close()
    log.info("server.stopped")


async def wait_until_over(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Return when we are to stop, or when a part could not even start."""
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def make_broker(platform: Platform, tls: BrokerTls) -> Broker:
    async def authenticate(certificate: bytes) -> PoolId | None:
        async with platform.unit() as unit:
            return await unit.pools.authenticate(certificate, by=SYSTEM)

    async def received(pool_id: PoolId, worker_id: WorkerId, payload: bytes) -> None:
        """Make it durable before the worker is told that we have it."""
        event = WorkerSpoke(
            pool_id=pool_id,
            worker_id=worker_id,
            payload=payload.decode(errors="replace"),
            at=platform.means.clock(),
        )
        async with platform.database.transaction() as session:
            sender = PostgresSender(session, platform.large_bodies, platform.traffic)
            await sender.send(Queue.IOT, message_of(event, "hear"))

    return Broker(
        authenticate=authenticate,
        received=received,
        ssl=tls.context,
        namespace=NAMESPACE,
    )


def make_app(platform: Platform, live: Live) -> Starlette:
    means, settings = platform.means, platform.settings
    assert isinstance(settings, ServerSettings)  # noqa: S101 - this is the server
    doors = make_doors(platform, settings)
    graph = Graph(
        build_schema(),
        platform.unit,
        Means(
            state_files=platform.state_files,
            state_links=platform.state_links,
            log_files=platform.log_files,
            provider_files=platform.provider_files,
            contents=platform.contents,
            pushes=platform.pushes,
            heads=platform.heads,
            local_workspaces=platform.local_workspaces,
            module_code=platform.module_code,
            evaluations=platform.evaluations,
            audit_webhook=platform.webhook_setup,
            key_exchange=doors.key_exchange,
            site=means.site,
            clock=means.clock,
            reach=settings.reach,
        ),
        open_list=platform.list_unit,
    )
    routes: list[BaseRoute] = [
        *health_routes(),
        GraphRoute(graph.answer, doors.identification).route(),
        *SessionRoutes(
            doors.identification, doors.sign_in, doors.key_exchange
        ).routes(),
        *SignOnRoutes(doors.identification, doors.sign_on).routes(),
        *SecondFactorRoutes(doors.identification, doors.factors).routes(),
        *CliLoginRoutes(doors.identification).routes(),
        *OauthRoutes(doors.identification).routes(),
        *wellknown_routes(means.tokens, means.site),
        policy_contract_route(),
        discovery_route(
            {"login.v1": LOGIN, "modules.v1": MODULES, "providers.v1": PROVIDERS}
        ),
        *ProviderRoutes(
            platform.provider_files, doors.identification.of, means.site.account
        ).routes(),
        *ModuleRoutes(
            platform.unit, platform.contents, means.blobs, doors.who
        ).routes(),
        *usage_routes(platform.unit, doors.who),
        *live_routes(platform.unit, platform.log_files, live, doors.who),
        *WorkerRoutes(platform.unit, means.blobs, platform.state_files).routes(),
        plugin_log_route(means.blobs, doors.who),
        *StateRoutes(platform.state_files, platform.state_links, doors.who).routes(),
        *GitHttp(platform.contents, platform.pushes, doors.basic).routes(),
        *spa_routes(page_folder(settings)),
    ]
    return build_app(
        routes,
        site=means.site,
        uploads_url=settings.object_storage_bucket_uploads_url,
        body_limits=UNLIMITED,
        trusted_proxies=settings.stackyard_trusted_proxies,
    )


def page_folder(settings: ServerSettings) -> Path:
    """Return where the browser application is, or would be."""
    if settings.stackyard_web_folder is not None:
        return settings.stackyard_web_folder
    return next((page for page in PAGES if page.is_dir()), PAGES[0])


def make_doors(platform: Platform, settings: ServerSettings) -> Doors:
    operator = None
    if settings.admin_username and settings.admin_password:
        operator = AdminCredentials(
            settings.admin_username, settings.admin_password.get_secret_value()
        )
    outside = Outside(
        platform.find_passport,
        platform.foreign_tokens,
        platform.sign_on_providers,
        WebAuthnPasskeys(platform.means.site),
        PyotpPasswords(platform.means.site),
        MembersOnly(),
        platform.unit,
    )
    return Doors.of(platform.stores, platform.means, outside, operator=operator)
