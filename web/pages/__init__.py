"""Pages: one module each with a `router`, found by web.routers."""
