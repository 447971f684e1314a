// Builds dist/: the same sources as ES modules and as CommonJS, each with its types, and the
// command with what it writes: the templates of the Python package, and the skills.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, rmSync, writeFileSync } from "node:fs";

const tsc = (...options) =>
  execFileSync("tsc", ["--project", ".", ...options], { stdio: "inherit" });

rmSync("dist", { recursive: true, force: true });
tsc();
tsc("--module", "commonjs", "--moduleResolution", "bundler", "--outDir", "dist/cjs");
rmSync("dist/cjs/init", { recursive: true }); // a command is run, not required
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');
copyFileSync("bin.mjs", "dist/watchword.mjs");
const carry = (from, to) =>
  cpSync(from, `dist/init/${to}`, {
    recursive: true, dereference: true, filter: (path) => !path.includes("__pycache__"),
  });
carry("../python/src/watchword/init/templates", "templates");
carry("../../skills", "skills");
