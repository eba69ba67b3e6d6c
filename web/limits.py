"""How much a request may carry; too much is refused before it is read."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab_controller.errors import LabError
from web.problems import answer_error

MAX_BODY_BYTES = 256 * 1024
MAX_UPLOAD_BYTES = 5 * 1024 * 1024
# What a form may say beside its file.
MAX_FORM_BYTES = 64 * 1024


class TooLargeError(LabError):
    """The body is over the limit."""

    status = 413


class BodyLimit:
    """413 by Content-Length at once; a body of unknown length is cut off at the limit."""

    def __init__(self, app: ASGIApp, program_bytes: int = MAX_UPLOAD_BYTES) -> None:
        self.app = app
        self.program_bytes = program_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope)
        limit = self._limit(request)
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            response = answer_error(request, TooLargeError("body_large", limit_bytes=limit))
            response.headers["connection"] = "close"
            return await response(scope, receive, send)
        taken = 0

        async def receive_counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413, "body_large")
            return message

        return await self.app(scope, receive_counted, send)

    def _limit(self, request: Request) -> int:
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return MAX_BODY_BYTES
        if request.url.path.endswith("/uploads"):
            return self.program_bytes + MAX_FORM_BYTES
        return MAX_UPLOAD_BYTES
