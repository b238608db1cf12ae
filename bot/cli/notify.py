"""``notify``: send a message now, which is also the installer's test that sending works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from bot.cli.running import DATA, FAILED, ConfigOption, DataOption, Place, run_command, unheard

_STATES = {
    "sent": "已送达",
    "open": "还在发，稍后会自动再试",
    "failed": "没发出去",
    "uncertain": "不确定是否送达",
    "coalesced": "和别的消息合成一条",
}


def notify(
    target: Annotated[str, typer.Argument(help="webhook:名称、member:姓名 或 unit:单位。")],
    text: Annotated[str, typer.Argument(help="要发的话。")],
    config: ConfigOption = None,
    data: DataOption = DATA,
) -> None:
    """马上发一条消息；也用来试试发送通不通。"""
    place = Place(config=config, data=data)

    async def work() -> None:
        async with place.caller(with_loops=True) as caller:
            result = await caller.run("notify", {"target": target, "text": text}, hear=unheard)
        counted = result if isinstance(result, Mapping) else {}
        print("，".join(f"{_STATES.get(state, state)} {n} 条" for state, n in counted.items()))
        if set(counted) - {"sent", "open", "coalesced"}:
            raise typer.Exit(FAILED)

    run_command(place, work)
