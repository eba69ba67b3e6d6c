"""Refuses writes that another site's page sends with our visitor's cookie."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from lab_controller.errors import Forbidden
from web.problems import answer_error

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}


class OriginCheck:
    """An unsafe method passes when its Origin (or Referer) is this host; a program without either passes."""

    def __init__(self, app: ASGIApp, public_url: str = "") -> None:
        self.app = app
        self.public_host = urlsplit(public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            request = Request(scope)
            if not self.is_own(request):
                response = answer_error(request, Forbidden("origin_foreign"))
                return await response(scope, receive, send)
        return await self.app(scope, receive, send)

    def is_own(self, request: Request) -> bool:
        if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return False
        claimed = request.headers.get("origin") or request.headers.get("referer")
        if claimed is None:
            return True
        host = urlsplit(claimed).netloc
        return bool(host) and host in (request.headers.get("host"), self.public_host)
