"""One sentence or two for each error code, in English: the catalogues hold the Kazakh and the Russian.

Each says what is wrong and what to do next; names in braces are the error's parameters. A module of this
folder is a subject, and its SENTENCES are found by themselves.
"""

import pkgutil
from importlib import import_module

from web.languages import mark as _

UNKNOWN = _("Something is wrong: {code}. Tell whoever looks after the lab.")

SENTENCES: dict[str, str] = {}
for _module in pkgutil.iter_modules(__path__):
    SENTENCES |= import_module(f"{__name__}.{_module.name}").SENTENCES
