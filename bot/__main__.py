"""``python -m bot`` is ``yaodian``."""

from bot.cli.main import main

main()
