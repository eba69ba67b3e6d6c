"""The choice of language, kept in a cookie and, for those signed in, with the account."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from lab_controller.errors import Invalid
from web.addresses import own_path
from web.auth import CurrentAccount, TheLab
from web.languages import LANGUAGES, format_cookie

router = APIRouter()


@router.post("/language")
def choose(
    lab: TheLab,
    account: CurrentAccount,
    language: Annotated[str, Form()],
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002
) -> Response:
    if language not in LANGUAGES:
        raise Invalid("language_unknown", language=language)
    if account:
        lab.people.set_language(account.account, language)
    response = RedirectResponse(own_path(next) or "/", 303)
    response.headers.append("Set-Cookie", format_cookie(language))
    return response
