"""One sentence for each error code, in English: the catalogues hold the Kazakh and the Russian.

Each says what is wrong and what to do next. Names in braces are the error's parameters.
"""

from web.languages import mark as _

UNKNOWN = _("Something is wrong: {code}. Tell whoever looks after the lab.")

SENTENCES = {
    "sign_in_needed": _("Sign in first, then open this page again."),
    "sign_in_failed": _("The login and the password do not fit together. Check both and try again."),
    "sign_in_limited": _("Too many tries. Wait {retry_after_s} seconds, then try again."),
    "role_needed": _("Your account may not do this. Ask an administrator for the role “{role}”."),
    "origin_foreign": _("This came from another site's page. Open the lab's own page and do it there."),
    "body_large": _("That is too much at once. Send a file under 5 MB."),
    "page_unknown": _("There is no page at this address. Check it, or begin at the start page."),
    "method_not_allowed": _(
        "This address does not take that kind of request. Go back and use the page's own buttons."
    ),
    "request_invalid": _(
        "Something in what was sent is missing or wrong ({at}). Correct it and send it again."
    ),
    "request_refused": _("The request was refused. Go back and try again."),
    "unforeseen": _("We did not expect this. Try again; if it stays, tell whoever looks after the lab."),
}
