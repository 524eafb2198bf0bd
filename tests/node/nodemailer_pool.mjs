// nodemailer's pool alone, MIME made for every message: node nodemailer_pool.mjs HOST PORT MESSAGES CONNECTIONS
// Prints one line of JSON. bench/send.py compares Paceline with it over a line with a delay.

import nodemailer from "nodemailer";

const [host, port, count, connections] = process.argv.slice(2);
const transport = nodemailer.createTransport({
  host,
  port: Number(port),
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: Number(connections),
  maxMessages: Infinity,
});
const body = (i) => `Hi Lead${i},\n\n${"One idea for your company, in a line of its own.\n".repeat(17)}\nAlex\n`;
let next = 0;

async function send() {
  while (next < Number(count)) {
    const i = next++;
    await transport.sendMail({
      from: '"Alex Morgan" <alex@example.com>',
      to: `lead${i}@example.com`,
      subject: `A question about Company ${i}, Lead${i}`,
      text: body(i),
      html: `<html><body><p>${body(i)}</p></body></html>`,
    });
  }
}

const before = process.cpuUsage();
const began = performance.now();
await Promise.all(Array.from({ length: 2 * Number(connections) }, send));
const seconds = (performance.now() - began) / 1000;
const used = process.cpuUsage(before);
console.log(
  JSON.stringify({
    per_second: Number((Number(count) / seconds).toFixed(1)),
    seconds: Number(seconds.toFixed(3)),
    cpu_ms: Number(((used.user + used.system) / 1000 / Number(count)).toFixed(4)),
  }),
);
process.exit(0);
