"""A ledger as an installation has it: keys that are certified, events that are sealed, and the verifier beside it."""

import importlib.util
import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from portal import ledger
from portal.db import Database
from portal.ledger import promises, sealing
from portal.ledger.keys import LedgerKey
from portal.ledger.notes import SigningKey
from portal.settings import ROOT
from tests.cast import NOW

ORIGIN = "immomarket.example/ledger"
VERIFIER = ROOT / "static" / "immomarket_verify.py"


class Sealed:
    """One log with a sealing key and the promise key of one host."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOW
        self.sealing, self.promise = SigningKey.new(ORIGIN), SigningKey.new(ORIGIN)
        self._add("sealing", self.sealing, self.sealing)
        self._add("promise", self.promise, self.sealing)

    def record(self, kind: str, business: dict[str, Any], person: dict[str, Any] | None = None) -> str:
        """Record one event; its id."""
        return self.database.write(lambda session: ledger.record(session, kind, self._tick(), business, person).id)

    def seal(self) -> int:
        """Seal everything; how many leaves there are."""
        return sealing.seal(self.database, self.sealing, self._tick(), everything=True).size

    def rotate(self) -> None:
        """Another sealing key takes over; the promise key stays certified by the one before."""
        old, self.sealing = self.sealing, SigningKey.new(ORIGIN)
        self._add("sealing", self.sealing, old, self.sealing)
        self.database.write(lambda session: setattr(session.get_one(LedgerKey, old.vkey), "retired_at", self.now))

    def _add(self, purpose: str, key: SigningKey, *signers: SigningKey) -> None:
        at = self._tick()
        note = promises.certificate(purpose, key.vkey, at, *signers)
        row = LedgerKey(vkey=key.vkey, purpose=purpose, certificate=note, created_at=at)
        self.database.write(lambda session: session.add(row))

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@cache
def verifier() -> ModuleType:
    """The stand-alone verifier, as a module of its own."""
    spec = importlib.util.spec_from_file_location("immomarket_verify", VERIFIER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verified(path: Path, *arguments: str) -> int:
    """The exit code of the verifier for a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["immomarket_verify.py", str(path), *arguments])
        return int(verifier().main())


def kept(path: Path, document: Any) -> Path:
    """The document as a JSON file."""
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path
