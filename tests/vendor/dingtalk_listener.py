"""DingTalk's own stream client, which says what it hears; run as a program of its own."""

from __future__ import annotations

import json
import sys

import dingtalk_stream


def say(line: dict[str, str]) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


class Robot(dingtalk_stream.ChatbotHandler):
    async def process(self, callback: dingtalk_stream.CallbackMessage) -> tuple[int, str]:
        heard = dingtalk_stream.ChatbotMessage.from_dict(callback.data)
        say({"text": heard.text.content, "from": heard.sender_staff_id})
        return dingtalk_stream.AckMessage.STATUS_OK, "OK"


class Events(dingtalk_stream.EventHandler):
    async def process(self, event: dingtalk_stream.EventMessage) -> tuple[int, str]:
        say({"event": event.headers.event_type})
        return dingtalk_stream.AckMessage.STATUS_OK, "OK"


client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential(*sys.argv[1:3]))
client.register_callback_handler(dingtalk_stream.ChatbotMessage.TOPIC, Robot())
client.register_all_event_handler(Events())
client.start_forever()
