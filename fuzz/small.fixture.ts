import fc from "fast-check";
import { property } from "./property.ts";

// A property that does not hold, for the tests of what says so.

property("every number is small", 50, [fc.nat(10_000), fc.boolean()], (number, _other) => {
  if (number > 5_000) throw new Error(`${number} is large`);
});
