"""Signing in, accounts, and requests as such."""

from web.languages import mark as _

SENTENCES = {
    "sign_in_needed": _("This is for people who have signed in. Sign in, then open it again."),
    "judge_differs": _("Another judge pressed this. It is sent when that judge signs in on this tablet."),
    "sign_in_failed": _("The login and the password do not fit together. Check both and try again."),
    "sign_in_limited": _("Too many tries. Wait {retry_after_s} seconds, then try again."),
    "role_needed": _("Your account may not do this. Ask an administrator for the role “{role}”."),
    "role_unknown": _("There is no role “{role}”. Choose one of the roles on the page."),
    "scope_unknown": _("“{scope}” is not a place a role can hold for. Choose one on the page."),
    "grant_unknown": _("{login} does not have this role any more. Load the page again."),
    "login_taken": _("The login {login} is taken. Choose another one."),
    "login_unknown": _("Nobody has the login {login}. Check the spelling."),
    "login_invalid": _("A login has 1 to 64 characters and no spaces. Write it without spaces."),
    "password_wrong": _("The old password is not right. Type it again."),
    "passwords_differ": _("The new password was typed in two different ways. Type it twice alike."),
    "password_short": _("The password is too short. Use {min_length} characters or more."),
    "password_long": _("The password is too long. Use {max_length} characters or fewer."),
    "language_unknown": _("The pages speak Kazakh, Russian and English. Choose one of these."),
    "origin_foreign": _("This came from another site's page. Open the lab's own page and do it there."),
    "body_large": _("That is too much at once. Send a file under 5 MB."),
    "page_unknown": _("There is no page at this address. Check it, or begin at the start page."),
    "method_not_allowed": _(
        "This address does not take that kind of request. Go back and use the page's own buttons."
    ),
    "request_invalid": _(
        "Something in what was sent is missing or wrong ({at}). Correct it and send it again."
    ),
    "text_unstorable": _("A character in what was sent cannot be kept. Take it out and send it again."),
    "request_refused": _("The request was refused. Go back and try again."),
    "unforeseen": _("We did not expect this. Try again; if it stays, tell whoever looks after the lab."),
    "too_many_streams": _("Too many live pages are open here. Close some, then try again."),
    "cursor_invalid": _("This page of the list does not exist. Begin again at its first page."),
    "key_missing": _("The request has no Idempotency-Key. Send one that is new for each write."),
    "bad_key": _("The Idempotency-Key must be 1 to {longest} plain characters. Send a shorter one."),
    "key_reused": _("This was already sent with other content. Load the page again and repeat your change."),
}
