// Bundles the page: node build.mjs OUT writes OUT/{index.html,page.js,page.css,icon.svg}; --tests writes OUT/*.test.mjs instead.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const tests = process.argv.includes("--tests");
const out = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
if (!out) {
  console.error("usage: node build.mjs [--tests] OUT");
  process.exit(2);
}

const kLimit_bytes = 200_000; // of JavaScript, unzipped: the page stays small

const sources = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(join(folder, entry.name)) : [join(folder, entry.name)],
  );
const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
if (tests) {
  const files = sources(join(here, "src")).filter((file) => file.endsWith("_test.ts"));
  await build({ ...common, entryPoints: files, outdir: out, outExtension: { ".js": ".mjs" }, platform: "node", sourcemap: "inline" });
} else {
  await build({ ...common, entryPoints: { page: join(here, "src/main.tsx") }, outdir: out, minify: true, legalComments: "none" });
  await build({ entryPoints: { page: join(here, "src/page.css") }, outdir: out, minify: true, logLevel: "warning" });
  for (const file of ["index.html", "icon.svg"]) copyFileSync(join(here, "src", file), join(out, file));
  const bytes = statSync(join(out, "page.js")).size;
  if (bytes > kLimit_bytes) {
    console.error(`page.js has ${bytes} bytes; the most are ${kLimit_bytes}`);
    process.exit(1);
  }
}
