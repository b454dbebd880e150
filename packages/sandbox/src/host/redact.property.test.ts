import assert from "node:assert/strict";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { Redactor } from "./redact.ts";

const secrets = fc.string({ unit: "grapheme", minLength: 8, maxLength: 40 });

property("Redactor finds any secret, whatever its characters", 100, [secrets], (secret) => {
  const redactor = new Redactor(new Map([["S", secret]]));
  for (const form of [
    secret,
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("hex"),
  ]) {
    assert.ok(redactor.text(`<${form}>`).includes("[secret S]"), form);
  }
});
