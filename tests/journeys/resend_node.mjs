// What a program with Resend's SDK for Node does, against the server at RESEND_BASE_URL; prints what it was answered.
// usage: node resend_node.mjs KEY

import { Resend } from "../node/node_modules/resend/dist/index.mjs";

const resend = new Resend(process.argv[2]);
const from = "Ann <ann@example.com>";
const letter = { from, to: "bob@example.org", subject: "Hello", text: "Hi Bob" };
const later = new Date(Date.now() + 3_600_000).toISOString();
const said = {};

said.sent = await resend.emails.send({
  ...letter,
  to: ["bob@example.org", "Carl <carl@example.org>"],
  cc: "dora@example.org",
  bcc: ["eve@example.org"],
  replyTo: "desk@example.com",
  html: "<img src='cid:logo'>",
  headers: { "X-Order": "17" },
  tags: [{ name: "kind", value: "order" }],
  attachments: [
    { filename: "offer.pdf", content: Buffer.from("%PDF-1.7") },
    { filename: "logo.png", content: Buffer.from("PNG").toString("base64"), contentType: "image/png", contentId: "logo" },
  ],
});
said.got = await resend.emails.get(said.sent.data.id);
said.files = await resend.emails.attachments.list({ emailId: said.sent.data.id });
said.file = await resend.emails.attachments.get({ emailId: said.sent.data.id, id: said.files.data.data[0].id });

said.scheduled = await resend.emails.send({ ...letter, scheduledAt: later });
said.inWords = await resend.emails.send({ ...letter, scheduledAt: "in 1 hour" });
said.moved = await resend.emails.update({ id: said.scheduled.data.id, scheduledAt: new Date(Date.now() + 7_200_000).toISOString() });
said.cancelled = await resend.emails.cancel(said.scheduled.data.id);
said.after = await resend.emails.get(said.scheduled.data.id);

said.once = [];
for (const subject of ["Once", "Once", "Other"]) {
  said.once.push(await resend.emails.send({ ...letter, subject, scheduledAt: later }, { idempotencyKey: "node-1" }));
}

const bad = { ...letter, to: "nobody" };
said.batch = await resend.batch.send([letter, { ...letter, scheduledAt: later }]);
said.strict = await resend.batch.send([letter, bad]);
said.permissive = await resend.batch.send([letter, bad], { batchValidation: "permissive", idempotencyKey: "node-batch" });
said.page = await resend.emails.list({ limit: 2 });
said.next = await resend.emails.list({ limit: 2, after: said.page.data.data[1].id });

said.template = await resend.templates.create({
  name: "Welcome",
  alias: "welcome-node",
  subject: "Welcome, {{ FIRST }}",
  html: "<p>{{ FIRST }}, {{ CITY }}</p>",
  variables: [{ key: "FIRST", type: "string" }, { key: "CITY", type: "string", fallbackValue: "Oslo" }],
}).publish();
said.templates = await resend.templates.list();
said.edited = await resend.templates.update("welcome-node", { text: "{{ FIRST }}" });
said.welcome = await resend.emails.send({ from, to: "bob@example.org", template: { id: "welcome-node", variables: { FIRST: "Bob" } } });
said.welcomed = await resend.emails.get(said.welcome.data.id);
said.incomplete = await resend.emails.send({ from, to: "bob@example.org", template: { id: "welcome-node" } });
said.copy = await resend.templates.duplicate("welcome-node");
said.read = await resend.templates.get(said.copy.data.id);
said.removed = await resend.templates.remove(said.copy.data.id);

said.invalid = await resend.emails.send(bad);
said.topic = await resend.emails.send({ ...letter, topicId: "news" });
said.remote = await resend.emails.send({ ...letter, attachments: [{ filename: "a.pdf", path: "https://example.com/a.pdf" }] });
said.unknown = await resend.emails.get("0199c2a4-7b1e-7c3d-9f52-3f8f0f7e6a11");
said.wrongKey = await new Resend("pl_wrong").emails.send(letter);
said.noKey = await new Resend(" ").emails.send(letter);

console.log(JSON.stringify(said));
