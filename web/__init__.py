"""Pages, JSON API and live streams of the lab."""
