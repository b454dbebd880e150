import assert from "node:assert/strict";
import { test } from "node:test";
import type { GuestReport, Json } from "@glovebox/sandbox";
import { look } from "./look.ts";
import { inspectModuleFile } from "./module.ts";

/** A cell that answers what it likes. */
function lying(output: Json) {
  const usage = {} as GuestReport["usage"];
  const run = (): Promise<GuestReport> => Promise.resolve({ outcome: { kind: "completed", output }, usage, log: [], audit: [] });
  return { sandbox: { run }, isolationKey: "test" };
}

test("look() and inspectModuleFile() believe no cell that says what no inspector says", async () => {
  const protocol = { kind: "ended", outcome: { kind: "trapped", trap: "protocol" } };
  for (const output of [null, {}, { findings: [] }, "no findings"]) {
    assert.deepEqual(await look("python", "a", lying(output)), protocol);
    const inspection = await inspectModuleFile("a.wasm", new Uint8Array(), lying(output));
    assert.deepEqual(inspection, { ...protocol, name: "a.wasm", language: "module" });
  }
});

test("look() gives its guest no grants, and the source as data alone", async () => {
  const requests: object[] = [];
  const sandbox = {
    run: (request: object): Promise<GuestReport> => {
      requests.push(request);
      return lying(null).sandbox.run();
    },
  };
  await look("python", "exit()", { sandbox, isolationKey: "test" });
  const [request] = requests as [{ readonly guest: { readonly code: string }; readonly input: object }];
  assert.ok(!("grants" in request) && !request.guest.code.includes("exit()"));
  assert.deepEqual(request.input, { source: "exit()", language: "python", filename: "code" });
});
