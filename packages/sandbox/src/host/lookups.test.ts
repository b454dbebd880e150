import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Lookups } from "./lookups.ts";

/** A resolver that answers when it is told to. */
function slowly() {
  const asked: { readonly host: string; readonly answer: PromiseWithResolvers<readonly string[]> }[] = [];
  const lookups = new Lookups((host) => {
    const answer = Promise.withResolvers<readonly string[]>();
    asked.push({ host, answer });
    return answer.promise;
  });
  return { asked, lookups };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("Lookups", () => {
  test("addresses() asks for two hosts at a time, and for the next when one was found or was not", async () => {
    const { asked, lookups } = slowly();
    const found = ["a.test", "b.test", "c.test", "d.test"].map((host) => lookups.addresses(host).catch((error: Error) => error.message));
    assert.deepEqual(
      asked.map(({ host }) => host),
      ["a.test", "b.test"],
    );
    asked[1]?.answer.reject(new Error("there is none"));
    await settled();
    asked[0]?.answer.resolve(["192.0.2.1"]);
    await settled();
    asked[2]?.answer.resolve([]);
    asked[3]?.answer.resolve(["192.0.2.4"]);
    assert.deepEqual(await Promise.all(found), [["192.0.2.1"], "there is none", [], ["192.0.2.4"]]);
  });

  test("addresses() asks once for a host that is being looked up, and again when it was", async () => {
    const { asked, lookups } = slowly();
    const both = [lookups.addresses("a.test"), lookups.addresses("a.test")];
    assert.equal(asked.length, 1);
    asked[0]?.answer.resolve(["192.0.2.1"]);
    assert.deepEqual(await Promise.all(both), [["192.0.2.1"], ["192.0.2.1"]]);
    await settled();
    void lookups.addresses("a.test");
    assert.equal(asked.length, 2);
  });

  test("addresses() lets no more than 256 hosts wait", async () => {
    const { lookups } = slowly();
    for (let at = 0; at < 258; at++) void lookups.addresses(`${at}.test`);
    await assert.rejects(lookups.addresses("one-more.test"), /too many hosts/);
  });
});
