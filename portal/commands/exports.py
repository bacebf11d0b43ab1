"""Who took which leads out."""

import typer

from portal import exporting
from portal.commands import context
from portal.commands.context import AsJson
from portal.exporting import Export

app = typer.Typer(no_args_is_help=True)

FIELDS = ("id", "at", "by", "reason", "format", "preset", "filters", "rows", "sha256")


@app.callback()
def exports() -> None:
    """Who took which leads out, when and why."""


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every export, newest first; one without rows was interrupted or is still running."""
    with context.database().read() as session:
        found = exporting.history(session)
    if as_json:
        context.print_json([{field: getattr(export, field) for field in FIELDS} for export in found])
        return
    context.print_table([field.upper() for field in FIELDS], [_line(export) for export in found])


def _line(export: Export) -> list[object]:
    shown = {field: getattr(export, field) for field in FIELDS}
    shown["filters"] = " ".join(f"{name}={value}" for name, value in export.filters.items()) or "all leads"
    return list(shown.values())
