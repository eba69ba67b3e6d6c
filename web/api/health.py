"""Is it alive, is it ready, how is it doing: for whatever watches the lab."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from web.auth import TheLab
from web.metrics import AppMetrics

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="The process answers")
def show_health() -> dict[str, str]:
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Database, broker and clock are there",
    responses={503: {"description": "Something is away; `problems` has its codes"}},
)
def show_readiness(lab: TheLab) -> JSONResponse:
    health = lab.health()
    return JSONResponse(health, status_code=503 if health["problems"] else 200)


@router.get("/metrics", summary="Counters in Prometheus' text format", response_class=Response)
def show_metrics(metrics: AppMetrics) -> Response:
    return Response(generate_latest(REGISTRY) + metrics.format(), media_type=CONTENT_TYPE_LATEST)
