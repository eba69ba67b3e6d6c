"""Live pages: one stream a page, a snapshot first, then changes, each rendered once for everybody."""
