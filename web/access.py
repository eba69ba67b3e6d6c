"""Each request gets an id, a language, a line in the log and its place in the metrics."""

import re
import time
import uuid

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.languages import choose_language, format_cookie
from web.metrics import Metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET = {"/healthz", "/readyz", "/metrics"}
log = structlog.get_logger("web.access")


class Access:
    """Outermost of our layers: what it sets in `request.state` holds for all others."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        request.state.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        request.state.language = choose_language(request)
        structlog.contextvars.bind_contextvars(request_id=request.state.request_id)
        status, began = 500, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request.state.request_id
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Language"] = request.state.language
                if request.query_params.get("lang") == request.state.language:
                    headers.append("Set-Cookie", format_cookie(request.state.language))
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "unmatched")
            self.metrics.observe(scope["method"], route, status, seconds)
            if route not in QUIET:
                log.info("request", **describe(scope, status, seconds))
            structlog.contextvars.unbind_contextvars("request_id")


def describe(scope: Scope, status: int, seconds: float) -> dict[str, object]:
    """The line's fields; never a query string or a body, which may hold a person's data."""
    client = scope.get("client")
    return {
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1000, 1),
        "address": client[0] if client else "",
    }
