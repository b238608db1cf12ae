// The vendor's Node crypto: argv = module folder, "seal" or "open", JSON with token, key, …
import { createRequire } from "node:module";
const [folder, what, json] = process.argv.slice(2);
const { encrypt, decrypt, getSignature } = createRequire(`${folder}/`)("@wecom/crypto");
const given = JSON.parse(json);
if (what === "seal") {
  const encrypted = encrypt(given.key, given.message, "");
  const signature = getSignature(given.token, given.timestamp, given.nonce, encrypted);
  console.log(JSON.stringify({ encrypted, signature }));
} else {
  const { message } = decrypt(given.key, given.encrypted);
  const signature = getSignature(given.token, given.timestamp, given.nonce, given.encrypted);
  console.log(JSON.stringify({ message, signature }));
}
