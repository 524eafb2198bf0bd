// What npm mailauth says of DKIM signatures. usage: node mail_auth.mjs < JSON
// {"messages": [base64], "records": {"name": ["TXT record"]}}; prints one {"result", "comment"} a message, of its first signature.

import { json } from "node:stream/consumers";
import { dkimVerify } from "../node/node_modules/mailauth/lib/dkim/verify.js";

const { messages, records } = await json(process.stdin);

async function resolver(name, kind) {
  if (kind !== "TXT" || !(name in records)) throw Object.assign(new Error(`no ${kind} of ${name}`), { code: "ENOTFOUND" });
  return records[name].map((text) => text.match(/.{1,255}/gs));
}

const verdicts = [];
for (const message of messages) {
  const { results } = await dkimVerify(Buffer.from(message, "base64"), { resolver });
  const { result, comment } = results[0].status;
  verdicts.push({ result, comment: comment ?? null });
}
console.log(JSON.stringify(verdicts));
