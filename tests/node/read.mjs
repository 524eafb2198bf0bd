// Reads messages (RFC 5322) by postal-mime, which knows nothing of how they were made: one line of JSON for each file named.
import { readFile } from 'node:fs/promises';
import PostalMime, { decodeWords } from 'postal-mime';

const people = (found) => [found ?? []].flat().map(({ name, address }) => [name, address]);

for (const file of process.argv.slice(2)) {
  const read = await PostalMime.parse(await readFile(file));
  console.log(
    JSON.stringify({
      subject: read.subject ?? '',
      people: {
        from: people(read.from),
        to: people(read.to),
        cc: people(read.cc),
        reply_to: people(read.replyTo),
      },
      message_id: read.messageId,
      date: read.date,
      headers: read.headers.map(({ key, value }) => [key, decodeWords(value)]),
      text: read.text ?? null,
      html: read.html ?? null,
      files: read.attachments.map(({ filename, mimeType, disposition, contentId, content }) => ({
        name: filename,
        type: mimeType,
        disposition,
        content_id: contentId ?? null,
        content: Buffer.from(content).toString('base64'),
      })),
    }),
  );
}
