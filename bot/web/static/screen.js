// The screen of a roll call: asks what is to be shown every few seconds, and counts down between.
"use strict";

const screenNow = document.getElementById("screen").dataset.now;
const shownParts = ["code", "expected", "present", "on_leave", "missing"];
const EVERY_MS = 3000;
let changesAt = Date.now() + Number(document.getElementById("left").textContent) * 1000;

function show(now) {
  for (const part of shownParts) document.getElementById(part).textContent = now[part];
  if (now.picture) document.getElementById("picture").src = now.picture;
  document.getElementById("open").hidden = !now.is_open;
  document.getElementById("over").hidden = now.is_open;
  changesAt = Date.now() + now.left_s * 1000;
}

async function look() {
  const line = document.getElementById("line");
  try {
    const reply = await fetch(screenNow, { cache: "no-store" });
    if (!reply.ok) throw new Error(await reply.text());
    show(await reply.json());
    line.textContent = "";
  } catch {
    line.textContent = "连接断了，正在重连…上面的数字可能已经过期。";
  }
}

function tick() {
  const left = Math.ceil((changesAt - Date.now()) / 1000);
  document.getElementById("left").textContent = Math.max(0, left);
  if (left === 0) look();
}

setInterval(look, EVERY_MS);
setInterval(tick, 1000);
