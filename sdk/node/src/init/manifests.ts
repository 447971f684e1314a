/** One more dependency in a manifest, with everything else in it as it was.
 *
 * Each edit is of the text, so that comments and layout stay; what it came to is read back, and an
 * edit that did more or less than add the dependency is given up.
 */

import { isDeepStrictEqual } from "node:util";

import { NotUnderstood, normal } from "./detection.js";
import type { Project, Table } from "./detection.js";
import { read, strings } from "./toml.js";
import type { Member } from "./toml.js";

const NAME = "watchword";

/** The manifest's text with the dependency in it; unchanged if it is there. */
export function withDependency(project: Project, text: string, table: Table): string {
  if (project.manifest === "package.json") return packageJson(text || "{}\n", table.npm_version);
  const requirement = `${NAME}${table.version}`;
  if (project.manifest === "requirements.txt") {
    return text.split("\n").some(isOurs) ? text : `${ended(text)}${requirement}\n`;
  }
  const { members } = read(text);
  const poetry = members.filter((one) => one.table === "tool.poetry.dependencies");
  const listed = members.find((one) => one.table === "project" && one.key === "dependencies");
  if (poetry.length && !listed) {
    return poetry.some(({ key }) => key === NAME) ? text : withPoetry(text, table.version);
  }
  return withRequirement(text, listed, requirement);
}

/** JSON's text with one more member in an object of its root; the layout is kept. */
export function withMember(text: string, table: string, name: string, value: unknown): string {
  const whole = JSON.parse(text);
  const wanted = { ...whole, [table]: { ...whole[table], [name]: value } };
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? "  ";
  const entry = JSON.stringify(value, null, indent).replaceAll("\n", `\n${indent.repeat(2)}`);
  const any = Object.keys(whole[table] ?? {}).length > 0;
  const line = `\n${indent.repeat(2)}${JSON.stringify(name)}: ${entry}${any ? "," : `\n${indent}`}`;
  for (const found of text.matchAll(new RegExp(`"${table}"\\s*:\\s*\\{`, "g"))) {
    const at = found.index + found[0].length;
    const rest = text.slice(at);
    const candidate = text.slice(0, at) + line + (any ? rest : rest.trimStart());
    try {
      if (isDeepStrictEqual(JSON.parse(candidate), wanted)) return candidate;
    } catch {
      continue;
    }
  }
  return `${JSON.stringify(wanted, null, indent)}\n`;
}

/** The text with the line it ends in ended. */
export function ended(text: string): string {
  return !text || text.endsWith("\n") ? text : `${text}\n`;
}

function isOurs(requirement: string): boolean {
  return normal(/^[\w.-]+/.exec(requirement.trim())?.[0] ?? "") === NAME;
}

function packageJson(text: string, version: string): string {
  const { dependencies } = JSON.parse(text);
  return dependencies && NAME in dependencies ? text : withMember(text, "dependencies", NAME, version);
}

function withRequirement(text: string, listed: Member | undefined, requirement: string): string {
  const head = read(text).heads.get("project");
  if (head === undefined) {
    throw new NotUnderstood("pyproject.toml has no [project]: add watchword where you list yours.");
  }
  if (!listed) return `${ended(text.slice(0, head))}dependencies = ["${requirement}"]\n${text.slice(head)}`;
  const before = text.slice(listed.start, listed.end);
  const found = strings(before);
  if (found?.some(isOurs)) return text;
  const after = `[${appended(before.slice(1, -1), requirement)}]`;
  if (!found || !isDeepStrictEqual(strings(after), [...found, requirement])) {
    throw new NotUnderstood(`Add "${requirement}" to the dependencies in pyproject.toml yourself.`);
  }
  return text.slice(0, listed.start) + after + text.slice(listed.end);
}

function appended(inside: string, requirement: string): string {
  const body = inside.trimEnd();
  const comma = !body || body.endsWith(",") ? "" : ",";
  if (!inside.includes("\n")) return `${body}${comma}${body ? " " : ""}"${requirement}"`;
  const indent = [...inside.matchAll(/^([ \t]+)\S/gm)].at(-1)?.[1] ?? "    ";
  return `${body}${comma}\n${indent}"${requirement}",${inside.slice(body.length)}`;
}

function withPoetry(text: string, version: string): string {
  const head = /^\[tool\.poetry\.dependencies\][^\n]*\n(?:[^[\n][^\n]*\n)*/m.exec(text);
  if (!head) throw new NotUnderstood("Add it yourself: poetry add watchword");
  const at = head.index + head[0].length;
  return `${ended(text.slice(0, at))}${NAME} = "${version}"\n${text.slice(at)}`;
}
