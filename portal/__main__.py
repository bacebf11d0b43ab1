"""The `portal` command."""

import typer

from portal.commands import (
    agencies,
    checking,
    demo,
    exports,
    feeds,
    keys,
    leads,
    ledger,
    limits,
    mail,
    outbox,
    policies,
    properties,
    serving,
)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
for name, noun in (
    ("agencies", agencies), ("feeds", feeds), ("properties", properties), ("leads", leads), ("exports", exports),
    ("outbox", outbox), ("mail", mail), ("policies", policies), ("limits", limits), ("ledger", ledger), ("keys", keys),
):  # fmt: skip
    app.add_typer(noun.app, name=name, help=noun.__doc__)
app.command("demo")(demo.demo)
app.command("serve")(serving.serve)
app.command("work")(serving.work)
app.command("migrate")(serving.migrate)
app.command("check")(checking.check)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
