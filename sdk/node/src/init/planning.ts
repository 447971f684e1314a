/** The changes that set a project up. A file that is somebody's gets lines, never other ones. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { text } from "./detection.js";
import type { Project, Table } from "./detection.js";
import { ended, withDependency, withMember } from "./manifests.js";

const SECRET_BYTES = 24;
const PAIR = ["WATCHWORD_DEV_KEY", "WATCHWORD_DEV_SECRET"];
const SKILL_FOLDERS = [".agents/skills", ".claude/skills"];
/** Claude Code's and Cursor's; the public key of the sandbox is in it, a key of yours never is. */
const MCP_FILES = { ".mcp.json": "mcpServers", ".cursor/mcp.json": "mcpServers" };
const BEARER = "Bearer watchword_sandbox_demo.watchword_sandbox_secret";

/** One file as it is (undefined: there is none) and as it will be. */
export interface Change {
  path: string;
  before: string | undefined;
  after: string;
}

/** What is carried in the package: `templates/` and `skills/`. */
export interface Carried {
  folder: string;
  table: Table;
}

/** What is to be done; nothing when everything is there. */
export function changes(
  project: Project, carried: Carried, url: string, entropy: (size: number) => Buffer,
): Change[] {
  const { folder } = project;
  const found = [manifest(project, carried.table), ...environment(folder, carried.table, url, entropy)];
  const written = (path: string, after: string) =>
    existsSync(join(folder, path)) ? [] : [{ path, before: undefined, after }];
  for (const [path, after] of routes(project, carried.folder)) found.push(...written(path, after));
  for (const [path, table] of Object.entries(MCP_FILES)) {
    const before = text(folder, path);
    found.push({ path, before, after: withEntry(before, table, url) });
  }
  for (const [path, after] of skills(join(carried.folder, "skills"))) found.push(...written(path, after));
  return found.filter(({ before, after }) => before !== after);
}

/** The lines that the user adds so that the routes are served. */
export function mounting(project: Project): string[] {
  const loads = isModule(project)
    ? 'import { router } from "./watchword-routes.mjs";'
    : 'const { router } = require("./watchword-routes.cjs");';
  return project.row.mount.map((line) => line.replace("{import}", loads));
}

/** The change as a unified diff. */
export function diff({ path, before, after }: Change): string {
  const [old, now] = [lines(before ?? ""), lines(after)];
  const shorter = Math.min(old.length, now.length);
  let same = 0;
  while (same < shorter && old[same] === now[same]) same += 1;
  let tail = 0;
  while (tail < shorter - same && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const from = Math.max(0, same - 3);
  const until = (all: string[]) => Math.min(all.length, all.length - tail + 3);
  const range = (all: string[]) => {
    const length = until(all) - from;
    return length === 1 ? `${from + 1}` : `${from + (length ? 1 : 0)},${length}`;
  };
  const marked = (mark: string, all: string[]) => all.map((line) => mark + ended(line)).join("");
  return [
    `--- ${before === undefined ? "/dev/null" : `a/${path}`}\n+++ b/${path}\n`,
    `@@ -${range(old)} +${range(now)} @@\n`,
    marked(" ", old.slice(from, same)),
    marked("-", old.slice(same, old.length - tail)),
    marked("+", now.slice(same, now.length - tail)),
    marked(" ", old.slice(old.length - tail, until(old))),
  ].join("");
}

function lines(whole: string): string[] {
  return whole.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The files with the routes, by where they go. */
function routes(project: Project, carried: string): Array<[string, string]> {
  const places: Record<string, string> = {
    "{app}": existsSync(join(project.folder, "src")) ? "src/app" : "app",
    "{js}": text(project.folder, "tsconfig.json") === undefined ? "js" : "ts",
    "{mjs}": project.framework === "express" && !isModule(project) ? "cjs" : "mjs",
  };
  return Object.entries(project.row.files).map(([place, template]) => {
    const path = place.replace(/\{\w+\}/g, (mark) => places[mark] ?? mark);
    const ending = path.slice(path.lastIndexOf(".") + 1);
    return [path, inDialect(text(carried, "templates", `${template}.txt`) ?? "", ending)];
  });
}

function inDialect(template: string, ending: string): string {
  const typed = template.replace(/\/\*(: \w+)\*\//g, ending === "ts" ? "$1" : "");
  if (ending !== "cjs") return typed;
  const required = typed.replace(/^import (.+) from "(.+)";$/gm, 'const $1 = require("$2");');
  return `${required.replace("export const router", "const router")}\nmodule.exports = { router };\n`;
}

function isModule(project: Project): boolean {
  return project.row.language === "node" && JSON.parse(text(project.folder, project.manifest) ?? "{}").type === "module";
}

function manifest(project: Project, table: Table): Change {
  const before = text(project.folder, project.manifest);
  return { path: project.manifest, before, after: withDependency(project, before ?? "", table) };
}

function environment(
  folder: string, table: Table, url: string, entropy: (size: number) => Buffer,
): Change[] {
  const before = text(folder, ".env");
  const named = (before ?? "").matchAll(/^\s*(?:export\s+)?(\w+)\s*=/gm);
  const there = new Set(Array.from(named, ([, name]) => name as string));
  const secret = `whsec_${entropy(SECRET_BYTES).toString("base64")}`;
  const wanted = { ...table.env, WATCHWORD_URL: url, WATCHWORD_WEBHOOK_SECRET: secret };
  // Half of somebody's key fits no half of ours.
  if (PAIR.some((name) => there.has(name))) for (const name of PAIR) there.add(name);
  const added = Object.entries(wanted).filter(([name]) => !there.has(name));
  const after = ended(before ?? "") + added.map(([name, value]) => `${name}=${value}\n`).join("");
  const ignored = text(folder, ".gitignore");
  const rules = (ignored ?? "").split("\n").map((line) => line.trim().replace(/^\/+/, ""));
  const found: Change[] = [{ path: ".env", before, after }];
  if (!rules.some((rule) => [".env", ".env*", "*.env"].includes(rule))) {
    found.push({ path: ".gitignore", before: ignored, after: `${ended(ignored ?? "")}.env\n` });
  }
  return found;
}

/** An agent's configuration with the entry in it; one that is there stays as it is. */
function withEntry(before: string | undefined, table: string, url: string): string {
  const entry = { type: "http", url: `${url}/mcp`, headers: { Authorization: BEARER } };
  if (before === undefined) return `${JSON.stringify({ [table]: { watchword: entry } }, null, 2)}\n`;
  if (Object.hasOwn(JSON.parse(before)[table] ?? {}, "watchword")) return before;
  return withMember(before, table, "watchword", entry);
}

/** The files of the skills that this package carries: where each goes, and what it says. */
function skills(root: string, inside = ""): Array<[string, string]> {
  const entries = readdirSync(join(root, inside), { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((each) => {
    const path = inside ? `${inside}/${each.name}` : each.name;
    if (each.isDirectory()) return skills(root, path);
    const said = text(root, path) ?? "";
    return SKILL_FOLDERS.map((folder): [string, string] => [`${folder}/${path}`, said]);
  });
}
