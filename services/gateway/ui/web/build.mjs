// Build the scripts and styles of the screens into ../assets, under names that change with their content.
import { build } from "esbuild";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const finished = join(here, "..", "assets");
// Built beside it and moved at the end: a gateway that reads the folder meanwhile sees the old one or the new one.
const folder = `${finished}.new`;
// What a page asks for by name. All else is loaded by these, when it is needed.
const entries = {
  main: "src/main.ts",
  inbox: "src/inbox/main.ts",
  incident: "src/incident.ts",
  graph: "src/graph/main.ts",
  layout: "src/graph/worker.ts",
  charts: "src/charts.ts",
  screens: "styles/screens.css",
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: entries,
  outdir: folder,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome111", "firefox114", "safari16.4"],
  minify: true,
  sourcemap: false,
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

const manifest = { entries: {}, files: {} };
for (const [path, output] of Object.entries(metafile.outputs)) {
  const name = basename(path);
  const bytes = readFileSync(join(here, path));
  const packed = gzipSync(bytes, { level: 9 });
  writeFileSync(join(folder, `${name}.gz`), packed);
  manifest.files[name] = { bytes: bytes.length, compressed: packed.length, imports: staticImports(output) };
  const entry = Object.keys(entries).find((one) => output.entryPoint === entries[one]);
  if (entry) manifest.entries[entry] = name;
}
writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest, null, 2));
rmSync(finished, { recursive: true, force: true });
renameSync(folder, finished);
console.log(`built ${Object.keys(manifest.files).length} files into ${relative(process.cwd(), finished) || finished}`);

function staticImports(output) {
  return output.imports.filter((one) => one.kind === "import-statement").map((one) => basename(one.path));
}
