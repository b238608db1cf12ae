// One chat page: sends what is typed, shows what the server pushes, and picks up where it left off.
"use strict";

const log = document.getElementById("log");
const line = document.getElementById("line");
const form = document.getElementById("composer");
const box = document.getElementById("say");
let seen = log.dataset.seen;

function atEnd() {
  log.scrollTop = log.scrollHeight;
}

// A picture grows when it has come; who reads at the end stays at the end.
log.addEventListener("load", (event) => {
  const below = log.scrollHeight - log.scrollTop - log.clientHeight;
  if (event.target.tagName === "IMG" && below < event.target.height + 160) atEnd();
}, true);

function element(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

function waiting(id, words) {
  const selector = `.pending[data-reply-to="${CSS.escape(id)}"]`;
  let bubble = log.querySelector(selector);
  if (!bubble) {
    bubble = element('<article class="bubble theirs pending"><div class="words"></div></article>');
    bubble.dataset.replyTo = id;
    log.append(bubble);
  }
  bubble.querySelector(".words").textContent = words;
  atEnd();
}

function settled(id) {
  log.querySelectorAll(`.pending[data-reply-to="${CSS.escape(id)}"]`).forEach((bubble) => bubble.remove());
}

// crypto.randomUUID needs https or this very machine; a school's own network may have neither.
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function post(message) {
  const reply = await fetch(log.dataset.send, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(message),
  });
  if (!reply.ok) throw new Error((await reply.text()) || "没发出去");
}

async function say(text) {
  const id = newId();
  const bubble = element('<article class="bubble mine" aria-label="您说"><p></p></article>');
  bubble.id = `m-${id}`;
  bubble.querySelector("p").textContent = text;
  log.append(bubble);
  atEnd();
  // The id makes a repeat harmless, so a send that failed is simply tried again.
  for (const pause of [0, 1000, 3000, 8000]) {
    if (pause) await new Promise((go) => setTimeout(go, pause));
    try {
      await post({ id, kind: "text", text });
      bubble.classList.remove("unsent");
      setTimeout(() => {
        if (!log.querySelector(`[data-reply-to="${CSS.escape(id)}"]`)) waiting(id, "正在查找…");
      }, 400);
      return;
    } catch {
      bubble.classList.add("unsent");
    }
  }
  bubble.title = "没发出去，点一下重发";
  bubble.addEventListener("click", () => { bubble.remove(); say(text); }, { once: true });
}

// Photos and files go as soon as they are chosen; the server says how its bubble looks.
async function sendFiles(files) {
  if (!files.length) return;
  const id = newId();
  const bubble = element('<article class="bubble mine unsent" aria-label="您说"><p></p></article>');
  bubble.id = `m-${id}`;
  bubble.querySelector("p").textContent = `正在发：${files.map((file) => file.name).join("、")}`;
  log.append(bubble);
  atEnd();
  const body = new FormData();
  body.append("id", id);
  body.append("text", "");
  files.forEach((file) => body.append("file", file, file.name));
  let problem = "没发出去，请检查网络再发一次。";
  for (const pause of [0, 1500, 5000]) {
    if (pause) await new Promise((go) => setTimeout(go, pause));
    try {
      const reply = await fetch(log.dataset.files, { method: "POST", body });
      if (reply.ok) {
        bubble.replaceWith(element((await reply.json()).html));
        atEnd();
        setTimeout(() => {
          if (!log.querySelector(`[data-reply-to="${CSS.escape(id)}"]`)) waiting(id, "收到，正在看…");
        }, 600);
        return;
      }
      problem = (await reply.text()) || problem;
      if (reply.status < 500) break;
    } catch {
      // Tried again: the id makes a repeat harmless.
    }
  }
  bubble.querySelector("p").textContent = files.map((file) => file.name).join("、");
  const said = element('<p class="problem" role="alert"></p>');
  said.textContent = problem;
  bubble.append(said);
}

const chooser = document.getElementById("files");
document.getElementById("attach").addEventListener("click", () => chooser.click());
chooser.addEventListener("change", () => {
  sendFiles([...chooser.files]);
  chooser.value = "";
  box.focus();
});
box.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  sendFiles(files);
});
document.addEventListener("dragover", (event) => { event.preventDefault(); log.classList.add("dropping"); });
document.addEventListener("dragleave", () => log.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  log.classList.remove("dropping");
  sendFiles([...event.dataTransfer.files]);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  fit();
  say(text);
});

box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

function fit() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
}
box.addEventListener("input", fit);

log.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.say) {
    if (button.dataset.say.endsWith(" ")) { box.value = button.dataset.say; box.focus(); } else say(button.dataset.say);
  } else if (button.dataset.tap) {
    button.disabled = true;
    await post({ id: newId(), kind: "tap", text: button.dataset.tap }).catch(() => { button.disabled = false; });
    setTimeout(() => { button.disabled = false; }, 3000);
  } else if (button.dataset.verdict) {
    const group = button.parentElement;
    const on = button.getAttribute("aria-pressed") !== "true";
    await post({
      id: newId(),
      kind: "feedback",
      text: on ? button.dataset.verdict : "cancel",
      feedback_id: group.dataset.feedback,
    });
    group.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", String(on && other === button)));
  }
});

function listen() {
  const events = new EventSource(`${log.dataset.events}&after=${encodeURIComponent(seen)}`);
  events.addEventListener("open", () => { line.textContent = ""; });
  events.addEventListener("message", (event) => {
    const { id, reply_to, html } = JSON.parse(event.data);
    seen = id;
    if (document.getElementById(`r-${id}`)) return;
    if (reply_to) settled(reply_to);
    log.append(element(html));
    atEnd();
  });
  events.addEventListener("change", (event) => {
    const { id, html } = JSON.parse(event.data);
    document.getElementById(`r-${id}`)?.replaceWith(element(html));
  });
  events.addEventListener("draft", (event) => {
    const { reply_to, text } = JSON.parse(event.data);
    waiting(reply_to, text);
  });
  events.addEventListener("error", () => {
    line.textContent = "连接断了，正在重连…";
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

listen();
atEnd();
