"""``yaodian``: every command. Heavy modules are imported when a command runs, not for --help."""

from __future__ import annotations

import typer

from bot.cli import (
    answering,
    calendars,
    documents,
    indicators,
    keeping,
    notify,
    people,
    records,
    reporting,
    serving,
    syncing,
    tasks,
    times,
    wecom,
)

cli = typer.Typer(
    name="yaodian",
    help="要点：问工作要点、通知、方案里的事，答案都指到原文哪一条。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli.command()(serving.serve)
cli.command()(answering.chat)
cli.command()(answering.ask)
cli.add_typer(documents.commands, name="documents")
cli.add_typer(tasks.commands, name="tasks")
cli.add_typer(records.commands, name="records")
cli.add_typer(people.commands, name="roster")
people.commands.command("sync")(syncing.sync)
cli.add_typer(wecom.commands, name="wecom")
cli.add_typer(reporting.commands, name="people")
records.commands.command("export")(reporting.export_records)
records.commands.command("bundle")(reporting.bundle_records)
cli.command()(reporting.report)
cli.add_typer(indicators.commands, name="indicators")
cli.add_typer(indicators.proof_commands, name="proof")
cli.add_typer(calendars.commands, name="calendar")
cli.command()(notify.notify)
cli.command()(times.when)
cli.command()(answering.evaluate)
cli.command()(serving.doctor)
cli.command()(keeping.backup)
cli.command()(keeping.restore)


def main() -> None:
    """The console script."""
    cli()
