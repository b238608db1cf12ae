"""``records``: what was done, out of a sentence."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

import typer

from bot.cli.running import (
    DATA,
    ConfigOption,
    DataOption,
    JsonOption,
    Place,
    print_json,
    run_command,
    unheard,
)
from bot.cli.times import configured_calendar, configured_terms, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

    from handlers.records.reading import RecordDraft

commands = typer.Typer(help="活动记录。", no_args_is_help=True)


@commands.callback()
def records() -> None:
    """活动记录。"""


@commands.command()
def draft(
    text: Annotated[str, typer.Argument(help="例如：今天下午开了支委会，应到5实到4，张三请假。")],
    now: Annotated[
        str | None, typer.Option(help="把它当作现在，例如 2026-03-02T09:00。", show_default=False)
    ] = None,
    as_member: Annotated[
        str | None, typer.Option("--as", help="以花名册上谁的身份说。", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """把一句话读成活动记录的草稿，不保存。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        from zoneinfo import ZoneInfo

        from handlers.records.reading import read_records, records_json
        from handlers.records.roster_view import roster_of_json
        from handlers.records.type_files import load_record_types

        settings = place.settings()
        zone = ZoneInfo(settings.bot.timezone)
        types = load_record_types(user_folder=data / "record_types")
        async with place.caller() as caller:
            seen = await caller.run("roster.view", {"name": as_member}, hear=unheard)
        drafts = read_records(
            text,
            now=moment(now, zone) if now else datetime.now(zone),
            types=types,
            roster=roster_of_json(seen),
            calendar=configured_calendar(settings),
            terms=configured_terms(settings),
        )
        if as_json:
            print_json(cast("JsonValue", records_json(drafts)))
        else:
            print(_told(drafts))

    run_command(place, work)


def _told(drafts: Sequence[RecordDraft]) -> str:
    from handlers.records.wording_draft import shown

    return "\n\n".join(map(shown, drafts)) or "这句话里没有活动记录。"
