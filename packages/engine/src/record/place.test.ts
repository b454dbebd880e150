import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { beganAt, dataDirectory, newRunId, recordName, runIdOf } from "./place.ts";

test("dataDirectory() is where the variable says, else where the platform keeps data of programs", () => {
  const home = resolve("/home/ada");
  const of = (platform: NodeJS.Platform, variables: Record<string, string>): string =>
    dataDirectory({ variables, platform, home: () => home });
  assert.equal(of("linux", {}), join(home, ".local", "share", "glovebox"));
  assert.equal(of("linux", { XDG_DATA_HOME: resolve("/data") }), join(resolve("/data"), "glovebox"));
  assert.equal(of("linux", { XDG_DATA_HOME: "relative" }), join(home, ".local", "share", "glovebox"));
  assert.equal(of("linux", { GLOVEBOX_DATA: "here", XDG_DATA_HOME: resolve("/data") }), resolve("here"));
  assert.equal(of("linux", { GLOVEBOX_DATA: "" }), join(home, ".local", "share", "glovebox"));
  assert.equal(of("darwin", {}), join(home, "Library", "Application Support", "glovebox"));
  assert.equal(of("win32", { LOCALAPPDATA: resolve("/local") }), join(resolve("/local"), "glovebox"));
  assert.equal(of("win32", {}), join(home, "AppData", "Local", "glovebox"));
  for (const nowhere of [undefined, "", "relative"]) {
    const homeless = { platform: "linux", home: () => nowhere } as const;
    assert.throws(() => dataDirectory({ ...homeless, variables: {} }), { code: "RECORD_PLACE_REFUSED", message: /the user has no home/ });
    assert.equal(dataDirectory({ ...homeless, variables: { GLOVEBOX_DATA: resolve("/data") } }), resolve("/data"));
  }
});

test("newRunId() sorts by time, and its record's name gives it back", () => {
  const early = newRunId(new Date("2026-11-21T04:15:00.999Z"));
  const late = newRunId(new Date("2026-11-21T04:15:01.000Z"));
  assert.match(early, /^20261121T041500\.999Z-[0-9a-f]{10}$/);
  assert.ok(early < late);
  assert.notEqual(newRunId(new Date(0)), newRunId(new Date(0)));
  assert.equal(runIdOf(recordName(early)), early);
  assert.equal(beganAt(late).toISOString(), "2026-11-21T04:15:01.000Z");
});

test("runIdOf() takes no other names for records", () => {
  for (const name of [
    "key",
    "a.jsonl",
    "20261121T041500.000Z-3fa9c1d2e4.json",
    "20261121T041500.000Z-3FA9C1D2E4.jsonl",
    `../${recordName("20261121T041500.000Z-3fa9c1d2e4")}`,
  ]) {
    assert.equal(runIdOf(name), undefined, name);
  }
});
