"""The web application of one lab: pages, JSON, streams."""

from functools import cache
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from lab_controller.lab import Lab
from web import api, live, pages
from web.access import Access
from web.auth import load_account
from web.limits import BodyLimit
from web.live.channels import Channels
from web.live.stream import SERVER_SEND
from web.metrics import Metrics
from web.openapi import install_description
from web.origin import OriginCheck
from web.problems import install_problems
from web.rendering import DIST
from web.routers import iter_routers
from web.security import SecurityHeaders


class HashedFiles(StaticFiles):
    """Files whose names change with their content: a browser keeps them for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class LabApp(FastAPI):
    """Leaves the server's own `send` in the scope, for streams that write to thousands at once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[SERVER_SEND] = send
        await super().__call__(scope, receive, send)


def create_app(lab: Lab) -> FastAPI:
    """Serve `lab`, which the caller has opened and closes again."""
    metrics = Metrics()
    app = LabApp(
        title="Lab Controller",
        version=version("lab-controller"),
        description="Championships, standings and devices of a school robotics room.",
        docs_url=None,
        redoc_url=None,
        routes=build_routes(),
        middleware=[
            Middleware(Access, metrics=metrics),
            Middleware(SecurityHeaders),
            Middleware(BodyLimit, program_bytes=lab.settings.upload_max_mb * 1024 * 1024),
            Middleware(OriginCheck, public_url=lab.settings.public_url),
        ],
    )
    app.state.lab = lab
    app.state.metrics = metrics
    app.state.channels = Channels(lab.changes)
    install_problems(app)
    app.mount("/assets", HashedFiles(directory=DIST), name="assets")
    install_description(app)
    return app


@cache
def build_routes() -> list[BaseRoute]:
    """Every route of the API, the streams and the pages, made once: a second lab's app shares them."""
    whole = APIRouter()
    for package, in_schema in ((api, True), (live, False), (pages, False)):
        for router in iter_routers(package):
            whole.include_router(router, include_in_schema=in_schema, dependencies=[Depends(load_account)])
    return whole.routes
