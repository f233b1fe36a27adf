// The page's types (tsc) and the tests beside its sources (node --test), in the build's copy of the sources.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const stage = process.env.HONE_WEB_STAGE;
const packages = process.env.HONE_WEB_PACKAGES;

function run(...argv) {
  const { status } = spawnSync(process.execPath, argv, { stdio: "inherit", cwd: stage });
  if (status !== 0) process.exit(1);
}

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );

run(join(packages, "node_modules/typescript/bin/tsc"), "-p", stage, "--typeRoots", join(packages, "node_modules/@types"));
run(join(stage, "build.mjs"), "--tests", join(stage, "tests"));
run("--test", ...files(join(stage, "tests")).filter((file) => file.endsWith("_test.mjs")));
