"""The judge's tablet: the desk and the run are one document, so that it needs no network once it is open."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from web.auth import TheLab
from web.live.judging import Judge, view_desk, view_run
from web.rendering import DIST, load_manifest, render

router = APIRouter()


@router.get("/judge/worker.js")
def send_worker() -> Response:
    """The service worker that opens the judge's pages while the network is away."""
    return FileResponse(
        DIST / load_manifest()["judge_worker.js"],
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )


@router.get("/judge/{slug}", name="judge")
def show_desk(request: Request, lab: TheLab, judge: Judge, slug: str) -> Response:
    desk = view_desk(lab, slug, request.state.language)
    return render(request, "judge.html", slug=slug, desk=desk, run_id=None, run=None, judge=tell(judge))


@router.get("/judge/{slug}/runs/{run}", name="judge_run")
def show_run(request: Request, lab: TheLab, judge: Judge, slug: str, run: str) -> Response:
    language = request.state.language
    return render(
        request,
        "judge.html",
        slug=slug,
        desk=view_desk(lab, slug, language),
        run_id=run,
        run=view_run(lab, slug, run, language),
        judge=tell(judge),
    )


def tell(judge: Judge) -> dict[str, str]:
    """Whose presses this tablet makes."""
    return {"id": judge.account, "name": judge.name}
