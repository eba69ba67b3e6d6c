"""What an installation may choose, each by an environment variable `LAB_<NAME>`; see docs/settings.md."""

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

KIB = 1024


def _homie_id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError("only a-z, 0-9 and single hyphens between them")
    return value


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LAB_", extra="ignore", frozen=True)

    data_dir: Path = Field(default_factory=lambda: Path.home() / ".lab-controller")
    database_url: str = ""
    host: str = "0.0.0.0"  # noqa: S104  tablets and screens on the LAN are the users
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    trusted_proxies: str = ""
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    room: Annotated[str, AfterValidator(_homie_id)] = "room-1"
    serial_ports: str = ""
    serial_usb: bool = True
    worker: int = Field(default=0, ge=0, le=999)

    mqtt_url: str = ""
    mqtt_username: str = ""
    mqtt_password: str = ""
    mqtt_agent_password: str = ""
    mqtt_clock_password: str = ""
    mqtt_shared: bool = False
    mqtt_host: str = "0.0.0.0"  # noqa: S104  gates on the LAN publish to it
    mqtt_port: int = Field(default=1883, ge=0, le=65535)
    mqtt_max_payload_bytes: int = Field(default=256 * KIB, ge=64 * KIB)
    mqtt_keepalive_s: int = Field(default=15, ge=5, le=3600)

    session_days: int = Field(default=30, ge=1, le=400)
    password_min_length: int = Field(default=8, ge=4, le=64)
    argon2_time_cost: int = Field(default=3, ge=1)
    argon2_memory_kib: int = Field(default=64 * KIB, ge=8)
    argon2_parallelism: int = Field(default=2, ge=1)
    sign_in_tries_per_login: int = Field(default=10, ge=1)
    sign_in_tries_per_address: int = Field(default=100, ge=1)
    sign_in_window_s: int = Field(default=900, ge=1)

    spec_ppm: int = Field(default=5000, ge=1, le=100_000)
    telemetry_raw_days: int = Field(default=30, ge=1)
    telemetry_minute_days: int = Field(default=730, ge=1)
    console_chunks: int = Field(default=2000, ge=10)
    upload_max_mb: int = Field(default=4, ge=1, le=4)
    upload_approval: bool = False
    job_days: int = Field(default=365, ge=1)

    @cached_property
    def store_url(self) -> str:
        """The database's SQLAlchemy address: as set, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'lab.sqlite3'}"

    @property
    def timers_dir(self) -> Path:
        """Where a school puts the TOML files of its own race timers."""
        return self.data_dir / "timers"

    @property
    def embedded_broker(self) -> bool:
        return not self.mqtt_url
