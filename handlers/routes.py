"""The command table: which words go where. /帮助 and the README are checked against it."""

from __future__ import annotations

from bot.routing import Router
from handlers.ask.dialogue import AskDialogue, asks_for_original, is_thumb
from handlers.documents.dialogue import DocumentsDialogue
from handlers.help import Help


def build_router(ask: AskDialogue, documents: DocumentsDialogue, help: Help) -> Router:
    """Every command, phrase and kind of message, once."""
    router = Router(
        otherwise=ask.question, feedback=ask.feedback, enter=help.help, media=ask.question
    )
    router.command(
        "帮助", "help", "?", to=help.help, help="能做什么，怎么说", example="/帮助", is_fast=True
    )
    router.command(
        "来源", "出处", "source", to=ask.sources,
        help="上一个回答引用的条款，看全文", example="/来源 1",
    )  # fmt: skip
    router.command(
        "原文", "original", to=ask.original,
        help="把引用的原文件发过来，也可以说“把原文发我”", example="/原文",
    )  # fmt: skip
    router.command(
        "文档", "文件", "documents", to=documents.documents_command,
        help="有哪些文件；加名称看一份", example="/文档 党建工作要点",
    )  # fmt: skip
    router.phrase(asks_for_original, to=ask.original)
    router.phrase(is_thumb, to=ask.thumb)
    help.visible = router.visible
    return router
