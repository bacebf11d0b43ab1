"""Exports of the lead ledger. Owns `export`: who took which leads out, when and why."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Integer, String
from sqlmodel import SQLModel

from portal.db import UTCDateTime, column


class Export(SQLModel, table=True):
    """One export: by whom, why, of what, how many rows, and the SHA-256 of the bytes given out."""

    __tablename__ = "export"
    __table_args__ = (CheckConstraint("format IN ('csv', 'jsonl')", name="format"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    at: datetime = column(UTCDateTime, personal=None)
    by: str = column(String(120), personal="operator")
    reason: str = column(String(500), personal="operator")
    format: str = column(String(8), personal=None)
    filters: dict[str, Any] = column(JSON, personal=None, default_factory=dict)
    rows: int = column(Integer, personal=None)
    sha256: str = column(String(64), personal=None)
