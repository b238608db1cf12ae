// The vendor's Node client against our simulated platform: argv = module folder, ws url.
import { createRequire } from "node:module";
const [folder, wsUrl] = process.argv.slice(2);
const { WSClient } = createRequire(`${folder}/`)("@wecom/aibot-node-sdk");
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const say = (name, value) => console.log(JSON.stringify([name, value]));

const client = new WSClient({ botId: "bot-1", secret: "long-secret", wsUrl, logger: quiet });
client.on("authenticated", () => say("authenticated", true));
client.on("error", () => {});
client.on("event.enter_chat", async (frame) => {
  await client.replyWelcome(frame, { msgtype: "text", text: { content: "您好" } });
  say("welcomed", true);
});
client.on("event.template_card_event", async (frame) => {
  const taskId = frame.body.event.template_card_event.task_id;
  await client.updateTemplateCard(frame, { card_type: "text_notice", task_id: taskId });
  say("updated", taskId);
});
client.on("message.text", async (frame) => {
  say("text", frame.body.text.content);
  await client.replyStream(frame, "s1", "一", false, undefined, { id: "f1" });
  await client.replyStream(frame, "s1", "一二", true);
  await client.replyStream(frame, "s1", "一二三", true).catch((e) => say("refused", String(e?.errcode ?? e?.message)));
  const media = await client.uploadMedia(Buffer.alloc(600 * 1024, 7), { type: "file", filename: "a.bin" });
  await client.sendMediaMessage("zhangsan", "file", media.media_id);
  await client.sendMessage("zhangsan", { msgtype: "markdown", markdown: { content: "推送" } });
  say("done", media.media_id);
});
client.on("event.disconnected_event", () => { say("replaced", true); process.exit(0); });
client.connect();
