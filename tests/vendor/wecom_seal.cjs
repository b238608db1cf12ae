// Seals XML for our callback with the vendor's own package: lines of JSON in, lines of JSON out.
const { createRequire } = require("node:module");
const readline = require("node:readline");
const { encrypt, decrypt, getSignature } = createRequire(process.argv[2] + "/x.js")("@wecom/crypto");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { token, key, id, timestamp, nonce, xml, ciphertext } = JSON.parse(line);
  const answer = ciphertext
    ? decrypt(key, ciphertext)
    : { ciphertext: encrypt(key, xml, id) };
  answer.signature = getSignature(token, timestamp, nonce, ciphertext || answer.ciphertext);
  console.log(JSON.stringify(answer));
});
