"""Errors as answers: RFC 9457 problem details for programs, a page that says what to do for people."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from competitions.errors import CompetitionError, RuleError
from lab_controller.errors import LabError, NotSignedIn
from web.rendering import render
from web.security import HEADERS
from web.sentences import explain_code

MEDIA_TYPE = "application/problem+json"
HTTP_CODES = {404: "page_unknown", 405: "method_not_allowed", 413: "body_large"}
log = structlog.get_logger("web.problems")


def problem_body(request: Request, status: int, code: str, params: dict[str, Any]) -> dict[str, Any]:
    """The problem document; `detail` is the sentence in the reader's language."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": explain_code(code, params, request.state.language),
        "instance": request.url.path,
        "code": code,
        "params": params,
        "request_id": request.state.request_id,
    }


def answer(request: Request, status: int, code: str, params: dict[str, Any]) -> Response:
    """A page for a browser that asks for one, problem details for everybody else."""
    if wants_page(request):
        return render(request, "error.html", status_code=status, status=status, code=code, params=params)
    body = problem_body(request, status, code, params)
    headers = {"Retry-After": str(params["retry_after_s"])} if "retry_after_s" in params else None
    # Escaped to ASCII: a parameter may echo half a surrogate pair, which UTF-8 cannot write.
    return Response(json.dumps(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def answer_error(request: Request, error: LabError) -> Response:
    """The answer to an error of ours; a page that needs a sign-in leads to it and back."""
    if isinstance(error, NotSignedIn) and wants_page(request) and request.method == "GET":
        return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)
    return answer(request, error.status, error.code, error.params)


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks: not under /api, and HTML is acceptable."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def install_problems(app: FastAPI) -> None:
    """Register the handlers, from our errors to the unforeseen."""

    @app.exception_handler(LabError)
    async def on_lab_error(request: Request, error: LabError) -> Response:
        return answer_error(request, error)

    @app.exception_handler(CompetitionError)
    async def on_rule(request: Request, error: CompetitionError) -> Response:
        return answer(request, 409 if isinstance(error, RuleError) else 422, error.code, error.params)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [{"at": ".".join(map(str, fault["loc"])), "code": fault["type"]} for fault in error.errors()]
        return answer(
            request, 422, "request_invalid", {"at": faults[0]["at"] if faults else "", "faults": faults}
        )

    @app.exception_handler(DataError)
    async def on_unstorable(request: Request, error: DataError) -> Response:
        """PostgreSQL keeps no text with a NUL in it, and is not even asked for one."""
        return answer(request, 422, "text_unstorable", {})

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        code = HTTP_CODES.get(error.status_code, "request_refused")
        response = answer(request, error.status_code, code, {})
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def on_unforeseen(request: Request, error: Exception) -> Response:
        log.error("unforeseen", path=request.url.path, exc_info=error)
        response = answer(request, 500, "unforeseen", {"request_id": request.state.request_id})
        response.headers.update(HEADERS)
        return response
