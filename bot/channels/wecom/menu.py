"""The app's menu: three buttons at most, what is more goes under the last one.

Source:
    WeCom, 创建菜单 (path/90231): name 16 bytes (40 below a button), key 128 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.channels.wecom.api import QyApi
from bot.channels.wecom.settings import MenuItem
from bot.errors import ConfigError

_MOST = 3
_MOST_BELOW = 5
_NAME_BYTES, _NAME_BELOW_BYTES, _KEY_BYTES = 16, 40, 128
_MORE = "更多"

Json = Mapping[str, object]


async def create_menu(api: QyApi, agent_id: int, items: Sequence[MenuItem]) -> None:
    """Replace the app's menu."""
    await api.post("menu/create", menu_of(items), is_repeatable=True, agentid=str(agent_id))


def menu_of(items: Sequence[MenuItem]) -> Json:
    """The menu's body.

    Raises:
        ConfigError: More entries than fit, or one too long.
    """
    if not 1 <= len(items) <= _MOST - 1 + _MOST_BELOW:
        raise ConfigError(f"{len(items)} menu entries", reply="企业微信菜单要有 1 到 7 项。")
    if len(items) <= _MOST:
        return {"button": [_button(item, _NAME_BYTES) for item in items]}
    first, rest = items[: _MOST - 1], items[_MOST - 1 :]
    more = {"name": _MORE, "sub_button": [_button(item, _NAME_BELOW_BYTES) for item in rest]}
    return {"button": [*(_button(item, _NAME_BYTES) for item in first), more]}


def _button(item: MenuItem, name_bytes: int) -> Json:
    if not 0 < len(item.label.encode()) <= name_bytes or len(item.command.encode()) > _KEY_BYTES:
        raise ConfigError(
            f"menu entry {item.label!r} is empty or too long",
            reply=f"菜单项“{item.label}”太长：名称最多 {name_bytes // 3} 个汉字。",
        )
    return {"type": "click", "name": item.label, "key": item.command}
