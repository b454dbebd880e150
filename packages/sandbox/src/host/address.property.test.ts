import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import { property } from "../../../../fuzz/property.ts";
import { isPublic, parseAddress } from "./address.ts";

const byte = fc.nat(255);

property(
  "isPublic() takes no IPv4 address that is not public, in whatever IPv6 address it is carried",
  200,
  [byte, byte, byte, byte],
  (...v4) => {
    const [a, b, c, d] = v4;
    const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    const known = isPublic(v4);
    for (const carried of [`::ffff:${hex}`, `64:ff9b::${hex}`]) assert.equal(isPublic(parseAddress(carried) ?? []), known, carried);
    for (const carried of [`2002:${hex}::1`, `::${hex}`, `2001:0:${hex}::`])
      assert.equal(isPublic(parseAddress(carried) ?? []), false, carried);
  },
);

const piece = fc.oneof(
  fc.constantFrom(":", "::", ".", "0", "1", "00", "ffff", "::ffff:", "127.0.0.1", "255", "256", "01", "1.2.3", "G", "/", "%", "[", " "),
  fc.stringMatching(/^[0-9a-fA-F]{1,5}$/),
);
const texts = fc.oneof(
  fc.array(piece, { maxLength: 18 }).map((pieces) => pieces.join("")),
  fc.array(fc.stringMatching(/^[0-9a-f]{0,4}$/), { minLength: 6, maxLength: 9 }).map((groups) => groups.join(":")),
  fc
    .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(), piece)
    .map(([text, at, put]) => text.slice(0, at % text.length) + put + text.slice(at % text.length)),
  fc.ipV6(),
);

property("parseAddress() takes for an address what Node does, but for zones", 500, [texts], (text) => {
  const read = parseAddress(text);
  assert.equal(read !== undefined, isIP(text) !== 0 && !text.includes("%"), text);
  assert.ok(read === undefined || read.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255));
});
