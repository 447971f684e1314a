// Builds dist/: the same sources as ES modules and as CommonJS, each with its types.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";

const tsc = (...options) =>
  execFileSync("tsc", ["--project", ".", ...options], { stdio: "inherit" });

rmSync("dist", { recursive: true, force: true });
tsc();
tsc("--module", "commonjs", "--moduleResolution", "bundler", "--outDir", "dist/cjs");
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');
