/** The command line of the package: `watchword init`. */

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { VERSION, rootUrl } from "../protocol.js";
import { detect } from "./detection.js";
import type { Project, Table } from "./detection.js";
import { changes, diff, mounting } from "./planning.js";
import type { Change } from "./planning.js";

const INSTALL: Record<string, string[]> = {
  uv: ["uv", "sync"],
  poetry: ["poetry", "update", "watchword"],
  npm: ["npm", "install"],
  pnpm: ["pnpm", "install"],
  yarn: ["yarn", "install"],
};
const HELP = `usage: watchword init [folder] [--framework NAME] [--url URL] [--dry-run] [--install]

add verification to the project in a folder (default: here)

  --framework NAME  instead of looking: FRAMEWORKS
  --url URL         the Watchword server (default: WATCHWORD_URL, or this machine's)
  --dry-run         show the changes and make none
  --install         run the package manager afterwards
  --version         print the version
`;

/** Run the command, with the files in a folder of the package; its exit code. */
export function main(words: string[], carried: string): number {
  const table: Table = JSON.parse(readFileSync(join(carried, "templates/frameworks.json"), "utf8"));
  let given;
  try {
    given = asked(words);
    const { framework } = given.values;
    if (framework !== undefined && !Object.hasOwn(table.frameworks, framework)) {
      throw new Error(`--framework is one of ${Object.keys(table.frameworks).join(", ")}`);
    }
  } catch (problem) {
    process.stderr.write(`watchword: ${(problem as Error).message}\n`);
    return 2;
  }
  const { values, positionals: [command, folder = "."] } = given;
  if (values.version) return said(`${VERSION}\n`);
  const help = HELP.replace("FRAMEWORKS", Object.keys(table.frameworks).join(", "));
  if (values.help) return said(help);
  if (command !== "init") {
    process.stderr.write(help);
    return 2;
  }
  try {
    const url = rootUrl(values.url ?? (process.env["WATCHWORD_URL"] || table.env["WATCHWORD_URL"]!));
    const project = detect(resolve(folder), table, values.framework);
    return set(project, changes(project, { folder: carried, table }, url, randomBytes), url, values);
  } catch (problem) {
    process.stderr.write(`watchword init: ${(problem as Error).message}\n`);
    return 1;
  }
}

function asked(words: string[]) {
  const [switched, named] = [{ type: "boolean" }, { type: "string" }] as const;
  return parseArgs({
    args: words, allowPositionals: true,
    options: {
      framework: named, url: named, "dry-run": switched, install: switched, version: switched,
      help: { type: "boolean", short: "h" },
    },
  });
}

function set(
  project: Project, planned: Change[], url: string, options: { "dry-run"?: boolean; install?: boolean },
): number {
  said(`${project.framework} with ${project.manager} in ${project.folder}\n`);
  const nothing = "Nothing to change.\n";
  if (options["dry-run"]) return said(planned.map(diff).join("") || nothing);
  for (const { path, after } of planned) {
    const place = join(project.folder, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, after);
  }
  said(planned.map(({ path, before }) => `${before === undefined ? "made" : "added to"} ${path}\n`).join("") || nothing);
  const install = installing(project);
  if (!options.install) return said(next(project, url, install));
  const [program = "", ...rest] = install[0] === "pip" ? ["python3", "-m", ...install] : install;
  return spawnSync(program, rest, { cwd: project.folder, stdio: "inherit" }).status ?? 1;
}

function installing({ manager, manifest }: Project): string[] {
  const byPip = manifest.endsWith(".txt") ? ["-r", manifest] : ["-e", "."];
  return INSTALL[manager] ?? ["pip", "install", ...byPip];
}

function next(project: Project, url: string, install: string[]): string {
  const here = `http://127.0.0.1:${project.row.port}${project.row.prefix}`;
  const steps = [install.join(" ")];
  const lines = mounting(project);
  if (lines.length) steps.push(`add to your app:\n${lines.map((line) => `     ${line}`).join("\n")}`);
  steps.push(
    "set -a; . ./.env; set +a   # then start your app",
    `curl ${here}/send -H 'Content-Type: application/json' -d '{"to": "+10000000005"}'`,
    `curl ${here}/verify -H 'Content-Type: application/json' \\\n` +
      `       -d '{"message_id": "FROM THE ANSWER", "code": "123456"}'`,
    `curl ${url}/v1/webhook-endpoints -u "$WATCHWORD_DEV_KEY:$WATCHWORD_DEV_SECRET" \\\n` +
      `       -H 'Content-Type: application/json' \\\n` +
      `       -d '{"url": "${here}/webhook", "secret": "'"$WATCHWORD_WEBHOOK_SECRET"'"}'`,
  );
  const numbered = steps.map((step, number) => `  ${number + 1}. ${step}\n`).join("");
  return `\nNext, with a server running at ${url} (uvx watchword-server serve):\n${numbered}`;
}

function said(words: string): number {
  process.stdout.write(words);
  return 0;
}
