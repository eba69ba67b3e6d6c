"""Where the documents are that a message points to: in a checkout, or where a wheel has put them."""

import sysconfig
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
INSTALLED = Path(sysconfig.get_path("data")) / "share" / "lab-controller"


def find_document(name: str, roots: Sequence[Path] = (CHECKOUT, INSTALLED)) -> Path:
    """The file `name` of the folder `docs`."""
    files = [root / "docs" / name for root in roots]
    return next((file for file in files if file.is_file()), files[-1])
