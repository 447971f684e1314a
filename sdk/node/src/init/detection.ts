/** What a project is made of, told from its files. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { WatchwordError } from "../errors.js";
import { read, strings } from "./toml.js";

/** A framework's row in the table. */
export interface Row {
  language: "python" | "node";
  package: string;
  files: Record<string, string>;
  prefix: string;
  port: number;
  mount: string[];
}

/** What `templates/frameworks.json` holds. */
export interface Table {
  version: string;
  npm_version: string;
  env: Record<string, string>;
  frameworks: Record<string, Row>;
}

/** The project is none that can be set up; the text says what would help. */
export class NotUnderstood extends WatchwordError {}

/** A project: where it is, its framework, its package manager, and the file that names packages. */
export interface Project {
  folder: string;
  framework: string;
  row: Row;
  manager: string;
  /** Its name in the folder. */
  manifest: string;
}

/** A file's text; undefined if there is none. */
export function text(...path: string[]): string | undefined {
  const place = join(...path);
  return existsSync(place) && statSync(place).isFile() ? readFileSync(place, "utf8") : undefined;
}

/** What is in `folder`; a `framework` that is given is believed. NotUnderstood if there is none. */
export function detect(folder: string, table: Table, framework?: string): Project {
  const python = pythonPackages(folder);
  const node = nodePackages(folder);
  for (const [name, row] of Object.entries(table.frameworks)) {
    const found = row.language === "node" ? node : python;
    if (framework !== undefined ? framework !== name : !found.has(row.package)) continue;
    const [manifest, manager] = row.language === "node" ? nodeManifest(folder) : pythonManifest(folder);
    return { folder, framework: name, row, manager, manifest };
  }
  throw new NotUnderstood(
    `No framework found in ${folder}: looked for ${Object.keys(table.frameworks).join(", ")} in ` +
      "package.json, pyproject.toml and requirements.txt. Run it in the project's folder, or name " +
      "one with --framework.",
  );
}

/** A Python package's name as indexes compare it. */
export function normal(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

function nodePackages(folder: string): Set<string> {
  const manifest = JSON.parse(text(folder, "package.json") ?? "{}");
  return new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));
}

function pythonPackages(folder: string): Set<string> {
  const source = text(folder, "pyproject.toml") ?? "";
  const lines = (text(folder, "requirements.txt") ?? "").split("\n");
  for (const { table, key, start, end } of read(source).members) {
    if (table === "project" && key === "dependencies") lines.push(...(strings(source.slice(start, end)) ?? []));
    if (table === "tool.poetry.dependencies") lines.push(key);
  }
  const names = lines.map((line) => /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(line)?.[1]);
  const found = new Set(names.filter((name) => name !== undefined).map(normal));
  if (text(folder, "manage.py") !== undefined) found.add("django");
  return found;
}

function pythonManifest(folder: string): [string, string] {
  const source = text(folder, "pyproject.toml");
  if (source === undefined) return ["requirements.txt", "pip"];
  const { heads, members } = read(source);
  const uses = (tool: string) =>
    text(folder, `${tool}.lock`) !== undefined ||
    [...heads.keys()].some((head) => `${head}.`.startsWith(`tool.${tool}.`));
  if (uses("poetry")) return ["pyproject.toml", "poetry"];
  if (uses("uv")) return ["pyproject.toml", "uv"];
  const listed = members.some(({ table, key }) => table === "project" && key === "dependencies");
  if (!listed && text(folder, "requirements.txt") !== undefined) return ["requirements.txt", "pip"];
  return ["pyproject.toml", "pip"];
}

function nodeManifest(folder: string): [string, string] {
  const source = text(folder, "package.json");
  if (source === undefined) {
    throw new NotUnderstood(`There is no package.json in ${folder}. Make one: npm init -y`);
  }
  const said = `${JSON.parse(source).packageManager ?? ""}`;
  for (const [manager, lock] of [["pnpm", "pnpm-lock.yaml"], ["yarn", "yarn.lock"]] as const) {
    if (said.startsWith(`${manager}@`) || text(folder, lock) !== undefined) return ["package.json", manager];
  }
  return ["package.json", "npm"];
}
