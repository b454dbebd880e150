import assert from "node:assert/strict";
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
