"""The description of the JSON interface: every operation says how it refuses."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from web.api.shapes import Problem
from web.problems import MEDIA_TYPE

REFUSALS = {"4XX": "Refused: `code` says why", "503": "A part that is needed is away"}


def install_description(app: FastAPI) -> None:
    """Make /openapi.json name our problem details in place of the framework's errors."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build_description(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def build_description(app: FastAPI) -> dict[str, Any]:
    described = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = described["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, operations in described["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            if path.startswith("/api/"):
                for status, about in REFUSALS.items():
                    operation["responses"][status] = {"description": about, "content": content}
    return described
