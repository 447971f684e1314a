#!/usr/bin/env node
import { fileURLToPath } from "node:url";

import { main } from "./esm/init/command.js";

process.exitCode = main(process.argv.slice(2), fileURLToPath(new URL("init", import.meta.url)));
