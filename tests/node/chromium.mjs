// Unpacks the Chromium of @sparticuz/chromium into the folder given, with the libraries and fonts it needs, and prints nothing.
// usage: node chromium.mjs FOLDER
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const folder = resolve(process.argv[2]);
const part = `${folder}.part-${process.pid}`;
mkdirSync(part, { recursive: true });

// The package unpacks into the temporary folder and nowhere else.
process.env.TMPDIR = part;
const { inflate } = await import("@sparticuz/chromium");
const archives = join(dirname(fileURLToPath(import.meta.resolve("@sparticuz/chromium"))), "..", "bin");
await Promise.all(
  ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"].map((name) => inflate(join(archives, name))),
);

// The package's own fonts.conf looks for fonts where AWS Lambda has them; without any font Chromium ends itself.
writeFileSync(
  join(part, "fonts", "fonts.conf"),
  `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <dir prefix="xdg">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`,
);

rmSync(folder, { recursive: true, force: true });
renameSync(part, folder);
