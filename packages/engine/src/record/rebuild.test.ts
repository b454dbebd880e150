import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Guest } from "@glovebox/sandbox";
import { recordedGuest } from "./guest.ts";
import { RecordedFiles, rebuildGuest, Unbuildable } from "./rebuild.ts";

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("rebuildGuest() makes every guest again that recordedGuest() tells of", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-rebuild-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  writeFileSync(path, "\0asm");
  const bytes = new Uint8Array(readFileSync(path));
  const sourceOf = (of: Uint8Array) => (of === bytes ? { path, sha256: () => digest(bytes) } : undefined);
  const guests: readonly Guest[] = [
    { kind: "python", code: "return 1", filename: "a.py", imports: ["json"], packages: [{ name: "a.whl", bytes }] },
    { kind: "javascript", code: "return 1" },
    { kind: "typescript", code: "return 1", filename: "a.ts" },
    { kind: "schema", schema: { type: "string" } },
    { kind: "schema", schema: false },
    { kind: "module", bytes, name: "m", arguments: ["a"], environment: { B: "c" }, stdout: "text" },
    {
      kind: "module",
      bytes,
      directories: [
        { name: ".", readOnly: true, files: { a: new Uint8Array([1]), b: Object.fromEntries([["__proto__", new Uint8Array([2])]]) } },
        { name: "/tmp", files: {} },
      ],
    },
  ];
  for (const guest of guests) {
    const { guest: recorded, whole } = recordedGuest(guest, sourceOf);
    assert.ok(whole);
    const again = await rebuildGuest(JSON.parse(JSON.stringify(recorded)), new RecordedFiles());
    assert.deepEqual(plain(again), plain(guest));
  }
});

/** Buffers are arrays of bytes of another class. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value)
    ? value.map(plain)
    : Object.entries(value)
        .map(([key, item]) => [key, plain(item)])
        .sort();
}

test("RecordedFiles.read() refuses a file that is gone, another one, or no file", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-rebuild-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "a.wasm");
  const refused = async (file: Partial<Parameters<RecordedFiles["read"]>[0]>, message: RegExp): Promise<void> => {
    await assert.rejects(
      new RecordedFiles().read({ name: "a", sha256: digest(Buffer.from("a")), bytes: 1, ...file }),
      (error) => error instanceof Unbuildable && message.test(error.message),
    );
  };
  await refused({ path }, /a\.wasm" can't be read: it does not exist/);
  writeFileSync(path, "b");
  await refused({ path }, /a\.wasm" is not what it was/);
  await refused({ path: folder }, /it is no file/);
  await refused({}, /"a" is not in the record/);
  await refused({ content: "Yg==" }, /"a" is not what it was/);
  writeFileSync(path, "a");
  const files = new RecordedFiles();
  assert.equal((await files.read({ name: "a", sha256: digest(Buffer.from("a")), bytes: 1, path })).length, 1);
});

test("rebuildGuest() makes nothing of what is left out", async () => {
  for (const kind of ["python", "javascript", "typescript", "schema", "syntax", "outline"] as const) {
    await assert.rejects(rebuildGuest({ kind }, new RecordedFiles()), Unbuildable);
  }
});
