"""The command table, /帮助 and the README say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bot.config import load_settings
from bot.messages import Role
from bot.routing import Router
from handlers.ask.actions import Ask
from handlers.ask.dialogue import AskDialogue
from handlers.documents.actions import Documents
from handlers.documents.dialogue import DocumentsDialogue
from handlers.help import Help
from handlers.pending import Pending
from handlers.people.actions import People
from handlers.reminders.actions import Reminders
from handlers.reminders.dialogue import RemindersDialogue
from handlers.routes import build_router
from handlers.tasks.actions import Tasks
from handlers.tasks.assignees import Assignees
from handlers.tasks.changing import Changes
from handlers.tasks.dialogue import TasksDialogue
from handlers.tasks.draft_dialogue import DraftDialogue
from handlers.tasks.drafting import Drafting
from handlers.tasks.evidence import Evidence
from handlers.tasks.feeds import Feeds
from handlers.tasks.matching import Matching
from handlers.tasks.sheets import Sheets
from handlers.times import Times
from tests.fakes.running import running_routes

README = Path(__file__).parents[3] / "README.md"


@pytest.fixture
def router() -> Router:
    """Only the table is looked at; nothing behind it is called."""
    nobody, nothing, times = cast("People", None), cast("Pending", None), cast("Times", None)
    return build_router(
        AskDialogue(cast("Ask", None), nobody),
        DocumentsDialogue(cast("Documents", None), nobody),
        Help(nobody),
        TasksDialogue(
            tasks=cast("Tasks", None),
            reminders=cast("Reminders", None),
            people=nobody,
            drafts=DraftDialogue(cast("Drafting", None), nobody, nothing),
            matching=cast("Matching", None),
            sheets=cast("Sheets", None),
            times=times,
            pending=nothing,
            evidence=cast("Evidence", None),
            changes=cast("Changes", None),
        ),
        RemindersDialogue(cast("Reminders", None), nobody, cast("Assignees", None), times, nothing),
        cast("Feeds", SimpleNamespace(command=None)),
        running=running_routes(),
    )


def test_every_command_stands_in_the_readme(router: Router) -> None:
    text = README.read_text("utf-8")

    for command in router.visible(list(Role)):
        assert f"/{command.names[0]}" in text


def test_every_command_says_what_it_does_and_how(router: Router) -> None:
    for command in router.visible(list(Role)):
        assert command.help
        assert command.example.startswith("/")


def test_the_readmes_configuration_is_one(tmp_path: Path) -> None:
    block = re.search(r"```toml\n(.*?)```", README.read_text("utf-8"), re.S)
    assert block is not None
    text = block[1].replace("https://…", "https://bot.example.cn")
    path = tmp_path / "yaodian.toml"
    path.write_text(text, "utf-8")

    assert set(tomllib.loads(text)) >= {"bot", "knowledge"}
    assert load_settings(path).bot.port == 8765
