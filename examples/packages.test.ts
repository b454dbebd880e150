import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { outputOf, type RunResult } from "@glovebox/engine";
import { type Json, Sandbox } from "@glovebox/sandbox";
import { EXAMPLES, runExample, statesOf } from "./run.fixture.ts";

const ROOT = dirname(EXAMPLES);
const sandbox = new Sandbox({ home: "process" });
const folders: string[] = [];
after(async () => {
  await sandbox[Symbol.asyncDispose]();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

interface Statistics {
  readonly totals: {
    readonly packages: number;
    readonly direct: number;
    readonly files: number;
    readonly bytes: number;
    readonly other_bytes: number;
  };
  readonly rows: readonly {
    name: string;
    version: string;
    path: string;
    bytes: number;
    depth: number;
    why: string[];
    kind: string;
    direct: boolean;
  }[];
  readonly direct: readonly { name: string; bytes: number; packages: number; with_all: number; alone: number }[];
  readonly licences: readonly { name: string | null; packages: number; bytes: number }[];
  readonly kinds: readonly { name: string; packages: number; bytes: number }[];
  readonly duplicates: readonly { name: string; copies: { version: string }[] }[];
  readonly file_kinds: readonly { name: string; files: number; bytes: number }[];
  readonly files_left_out: { readonly files: number; readonly bytes: number };
  readonly depths: readonly { depth: number; packages: number }[];
}

interface Findings {
  readonly problems: number;
  readonly findings: readonly { severity: string; rule: string; name: string; text: string; reason: string | null }[];
}

function output<T>(result: RunResult, id: string): T {
  const step = result.steps.find((candidate) => candidate.id === id);
  const value: Json | undefined = step === undefined ? undefined : outputOf(step);
  assert.ok(value !== undefined, `${id}: ${JSON.stringify(step?.outcome)}`);
  return value as T;
}

/** Every file below a folder, links left out. */
function filesBelow(folder: string): { path: string; bytes: number }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [{ path, bytes: lstatSync(path).size }] : [];
  });
}

const sum = (numbers: Iterable<number>): number => Array.from(numbers).reduce((total, number) => total + number, 0);

/** The names of elements that are opened and not closed, or the other way round. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const texts = html.replace(/<style>.*?<\/style>/gs, "");
  for (const [, closing, name = "", selfClosing] of texts.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/gi)) {
    if (selfClosing === "/" || ["meta", "br"].includes(name)) continue;
    if (closing === "") open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

test("packages.yaml tells of this clone what npm itself and a walk over its files tell", async () => {
  const report = ".cache/packages-report.test.html";
  const result = await runExample("packages.yaml", sandbox, { folder: ROOT, input: { report } });
  assert.equal(result.state, "succeeded", JSON.stringify(result.cause));
  const page = await readFile(join(ROOT, report), "utf8");
  await rm(join(ROOT, report));
  const statistics = output<Statistics>(result, "statistics");

  const hidden = JSON.parse(readFileSync(join(ROOT, "node_modules/.package-lock.json"), "utf8")) as {
    packages: Record<string, { link?: boolean; license?: string; dev?: boolean; version?: string }>;
  };
  const known = Object.entries(hidden.packages).filter(([path, entry]) => path.includes("node_modules/") && entry.link !== true);
  assert.deepEqual(statistics.rows.map(({ path }) => path).sort(), known.map(([path]) => path).sort());
  assert.equal(statistics.totals.packages, known.length);
  const licences = new Map<string | null, number>();
  for (const [, { license = null }] of known) licences.set(license, (licences.get(license) ?? 0) + 1);
  assert.deepEqual(new Map(statistics.licences.map(({ name, packages }) => [name, packages])), licences);
  assert.equal(statistics.kinds.find(({ name }) => name === "development")?.packages, known.filter(([, { dev }]) => dev === true).length);

  // A workspace may have packages of its own.
  const folders = new Set(known.map(([path]) => path.slice(0, path.indexOf("node_modules/") + "node_modules".length)));
  const files = [...folders].flatMap((folder) => filesBelow(join(ROOT, folder)));
  assert.equal(statistics.totals.bytes + statistics.totals.other_bytes, sum(files.map(({ bytes }) => bytes)));
  assert.ok(statistics.totals.files > 1_000);
  for (const groups of [statistics.licences, statistics.kinds, statistics.rows, [...statistics.file_kinds, statistics.files_left_out]]) {
    assert.equal(sum(groups.map(({ bytes }) => bytes)), statistics.totals.bytes);
  }
  for (const name of ["typescript", "pyodide", "quickjs-wasi"]) {
    const bytes = sum(filesBelow(join(ROOT, "node_modules", name)).map((file) => file.bytes));
    assert.equal(statistics.rows.find((row) => row.name === name)?.bytes, bytes, name);
  }

  for (const row of statistics.rows) {
    assert.equal(row.depth === 1, row.direct, `${row.path} is direct`);
    assert.equal(row.why.at(-1), row.name);
    const parent = statistics.rows.find(({ name, depth }) => name === row.why.at(-2) && depth === row.depth - 1);
    if (row.depth > 1) assert.deepEqual(parent?.why, row.why.slice(0, -1), `the way to ${row.path}`);
  }
  assert.equal(sum(statistics.depths.map(({ packages }) => packages)), known.length);
  for (const { name, bytes, with_all, alone } of statistics.direct) {
    assert.ok(bytes <= alone && alone <= with_all && with_all <= statistics.totals.bytes, name);
  }

  assert.equal(result.outputs["packages"], known.length);
  assert.equal(result.outputs["verdict"], "Nothing to worry about", JSON.stringify(result.outputs["problems"]));
  assert.equal(statesOf(result)["worries"], "skipped");
  assert.deepEqual(unbalanced(page), []);
  assert.equal(page.match(/<svg /g)?.length, 2);
  for (const { name } of statistics.rows.slice(0, 15)) assert.ok(page.includes(name), name);
  assert.doesNotMatch(page, /undefined|NaN|\[object/);
});

/** A project with three packages, and names in it that would be markup if anybody forgot to escape them. */
async function makeProject(policy: string | undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-project-"));
  folders.push(folder);
  const put = async (path: string, content: string | object): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  };
  await put("package-lock.json", {
    lockfileVersion: 3,
    packages: {
      "": { name: "<b>demo</b>", version: "1.0.0", dependencies: { left: "1" }, devDependencies: { pad: "2" } },
      "node_modules/left": { version: "1.0.0", dependencies: { pad: "1" } },
      "node_modules/left/node_modules/pad": { version: "1.0.0" },
      "node_modules/pad": { version: "2.0.0", dev: true },
    },
  });
  await put("node_modules/left/package.json", { name: "left", version: "1.0.0", license: "MIT" });
  await put("node_modules/left/data.bin", "x".repeat(2_000_000));
  await put("node_modules/left/node_modules/pad/package.json", { name: "pad", version: "1.0.0", license: "(MIT AND GPL-3.0-only)" });
  await put("node_modules/pad/package.json", { name: "pad", version: "2.0.0-<script>alert(1)</script>\ud800" });
  await put("node_modules/pad/LICENSE", "you may");
  if (policy !== undefined) await put("policy.toml", policy);
  return folder;
}

const POLICY = `
[licences]
denied = ["GPL-*"]
missing = "note"
[size]
package_mb = 1
severity = "problem"
[integrity]
drift = "ignore"
[accepted]
"le*" = "it is <i>ours</i>"
`;

test("packages.yaml takes the branch that the policy asks for, in any project", async () => {
  const folder = await makeProject(POLICY);
  const result = await runExample("packages.yaml", sandbox, { folder, input: { policy: "policy.toml", report: "out/page.html" } });
  assert.equal(result.state, "succeeded", JSON.stringify(result.cause));
  const { findings, problems } = output<Findings>(result, "findings");
  assert.equal(problems, 1);
  assert.deepEqual(
    findings.map(({ severity, rule, name }) => [severity, rule, name]),
    [
      ["problem", "licence denied", "pad"],
      ["note", "licence missing", "pad"],
      ["note", "several copies", "pad"],
      ["accepted", "too big", "left"],
    ],
  );
  assert.equal(findings[2]?.text.startsWith("pad is there 2 times: "), true);
  const { worries, calm, ...others } = statesOf(result);
  assert.deepEqual([worries, calm], ["succeeded", "skipped"]);
  assert.deepEqual(new Set(Object.values(others)), new Set(["succeeded"]));
  assert.equal(result.outputs["verdict"], "One thing to look at");
  assert.deepEqual(result.outputs["problems"], ["pad 1.0.0 is under (MIT AND GPL-3.0-only)"]);
  const statistics = output<Statistics>(result, "statistics");
  assert.deepEqual(
    statistics.rows.map(({ path, why, kind }) => [path, why.join(" > "), kind]),
    [
      ["node_modules/left", "<b>demo</b> > left", "ships"],
      ["node_modules/pad", "<b>demo</b> > pad", "development"],
      ["node_modules/left/node_modules/pad", "<b>demo</b> > left > pad", "ships"],
    ],
  );
  assert.deepEqual(
    statistics.direct.map(({ name, packages, with_all, alone }) => [name, packages, with_all === alone]),
    [
      ["left", 2, true],
      ["pad", 1, true],
    ],
  );

  const page = await readFile(join(folder, "out/page.html"), "utf8");
  assert.deepEqual(unbalanced(page), []);
  assert.doesNotMatch(page, /<script|<b>demo|<i>ours|\[object|undefined|NaN/);
  assert.ok(page.includes("&lt;b&gt;demo&lt;/b&gt;") && page.includes("&lt;script&gt;alert(1)") && page.includes("&lt;i&gt;ours"));
});

test("packages.yaml goes on with a policy of its own where a project has none", async () => {
  const folder = await makeProject(undefined);
  const result = await runExample("packages.yaml", sandbox, { folder });
  assert.equal(result.state, "succeeded", JSON.stringify(result.cause));
  assert.equal(output<Findings>(result, "findings").problems, 3);
  assert.match(await readFile(join(folder, "packages-report.html"), "utf8"), /the built-in policy, since there is no policy file/);
});

for (const [policy, why] of [
  [`[size]\npackage_mb = "many"`, /the policy file says size\.package_mb = 'many', which is not understood/],
  [`[licences]\ndenyed = []`, /the policy file says licences\.denyed = \[\], which is not understood/],
  [`speed = 1`, /the policy file says speed\.speed = 1|the policy file says speed = 1/],
  [`[duplicates]\nseverity = "bad"`, /it must be problem, note or ignore/],
  [`[size\n`, /line 1, column/],
] as const) {
  test(`packages.yaml refuses a policy file that says ${JSON.stringify(policy)}`, async () => {
    const folder = await makeProject(policy);
    const result = await runExample("packages.yaml", sandbox, { folder, input: { policy: "policy.toml" } });
    assert.equal(result.state, "failed");
    assert.ok(result.cause?.kind === "step_failed" && result.cause.step === "findings" && result.cause.outcome.kind === "failed");
    assert.match(result.cause.outcome.error.message, why);
  });
}

test("packages.yaml fails plainly in a folder without a lock file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "glovebox-project-"));
  folders.push(folder);
  const result = await runExample("packages.yaml", sandbox, { folder });
  assert.equal(result.state, "failed");
  assert.ok(result.cause?.kind === "step_failed" && result.cause.outcome.kind === "failed");
  assert.match(result.cause.outcome.error.message, /package-lock\.json": it does not exist$/);
});
