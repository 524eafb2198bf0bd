// Holds the two rules of the house that no linter knows: imports run downwards
// (ui, lib, api -> features -> routes; features never import each other), and a file has at most 250 lines.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const ROOT = new URL("../src", import.meta.url).pathname;
const MAX_LINES = 250;
const LAYERS = ["lib", "api", "ui", "features", "routes"];
const problems = [];

for (const entry of readdirSync(ROOT, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.tsx?$/.test(entry.name) || entry.name.endsWith(".d.ts")) continue;
  const path = relative(ROOT, join(entry.parentPath, entry.name));
  const source = readFileSync(join(ROOT, path), "utf8");
  const lines = source.split("\n").length - 1;
  if (lines > MAX_LINES) problems.push(`${path}: ${lines} lines, at most ${MAX_LINES}`);
  for (const [, target] of source.matchAll(/(?:from|import)\s*\(?["']((?:@\/|\.)[^"']*)["']/g)) {
    const problem = wrong(path, resolve(path, target));
    if (problem) problems.push(`${path}: imports ${target}: ${problem}`);
  }
}

function resolve(path, target) {
  if (target.startsWith("@/")) return target.slice(2);
  return relative(ROOT, join(ROOT, path, "..", target));
}

function wrong(from, to) {
  const [layer, feature] = from.split("/");
  const [otherLayer, otherFeature] = to.split("/");
  const mine = LAYERS.indexOf(layer);
  const theirs = LAYERS.indexOf(otherLayer);
  if (mine === -1 || theirs === -1) return null; // main.tsx composes everything; css and assets are data
  if (theirs > mine) return `${layer} may not import ${otherLayer}`;
  if (layer === "features" && otherLayer === "features" && feature !== otherFeature)
    return `feature ${feature} may not import feature ${otherFeature}`;
  return null;
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
