import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type GuestReport, type Json, type Request, Sandbox } from "@glovebox/sandbox";
import { build, HANDLERS, missingCompiler } from "./build.js";

const SECRET = "a-key-that-signs";

/** What a handler does with its grants, and how it ends without. */
interface Case {
  readonly input?: Json;
  readonly rest: Pick<Request, "grants" | "secrets">;
  readonly output: (output: never) => boolean;
  readonly without: string;
}

let folder: string;
const server = createServer((_request, response) => response.end("five!"));
const sandbox = new Sandbox({ cells: 1, warm: "none" });

before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "glovebox-handlers-")));
  await writeFile(join(folder, "note"), '\n  one "two"\nthree \n');
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

after(async () => {
  await sandbox[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

function caseOf(name: string): Case {
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  switch (name) {
    case "relay":
      return {
        input: `${base}/x`,
        rest: { grants: { http: [{ allow: `${base}/*`, addresses: ["127.0.0.1"] }] } },
        output: ({ size, at }: { size: number; at: number }) => size === 5 && Math.abs(at - Date.now()) < 60_000,
        without: "refused",
      };
    case "tidy":
      return {
        rest: { grants: { files: [{ name: "note.txt", path: join(folder, "note") }] } },
        output: (text: string) => text === 'one "two" three',
        without: "failed",
      };
    default:
      return {
        input: { n: 1 },
        rest: { grants: { secrets: ["SIGNING_KEY"] }, secrets: new Map([["SIGNING_KEY", SECRET]]) },
        output: ({ sum }: { sum: string }) => /^[0-9a-f]{16}$/.test(sum),
        without: "refused",
      };
  }
}

async function run(file: string, { input = null }: Case, rest: Case["rest"]): Promise<GuestReport> {
  return await sandbox.run({ guest: { kind: "module", bytes: readFileSync(file) }, input, isolationKey: "test", ...rest });
}

for (const name of Object.keys(HANDLERS)) {
  const missing = missingCompiler(name);
  test(`the handler "${name}" is built, does its work with its grants, and none without`, { skip: missing ?? false }, async () => {
    const file = join(folder, `${name}.wasm`);
    build(name, file);
    const given = caseOf(name);
    const { outcome, log } = await run(file, given, given.rest);
    assert.ok(outcome.kind === "completed" && given.output(outcome.output as never), JSON.stringify(outcome));
    assert.equal(log.length, 1);
    assert.equal(JSON.stringify(log).includes(SECRET), false);
    assert.equal((await run(file, given, {})).outcome.kind, given.without);
  });
}
