import assert from "node:assert/strict";
import { test } from "node:test";
import { isPublic, isWithin, parseAddress, parseRange } from "./address.ts";

const PUBLIC = [
  "1.1.1.1",
  "8.8.8.8",
  "93.184.216.34",
  "100.63.255.255",
  "100.128.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2001:4860:4860::8888",
  "2606:4700:4700::1111",
  "2a00:1450:4001:81b::200e",
  "64:ff9b::808:808",
  "::ffff:8.8.8.8",
];

const NOT_PUBLIC = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.1",
  "100.100.100.200",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.254",
  "168.63.129.16",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.0.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::7f00:1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:a9fe:a9fe",
  "::ffff:10.0.0.1",
  "0:0:0:0:0:ffff:7f00:0001",
  "::ffff:0:127.0.0.1",
  "64:ff9b::7f00:1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b:1::1",
  "100::1",
  "2001::1",
  "2001:0:7f00:1::",
  "2001:2::1",
  "2001:10::1",
  "2001:20::1",
  "2001:db8::1",
  "2002:7f00:1::",
  "2002:a9fe:a9fe::1",
  "2002:808:808::1",
  "2600:1f00::5efe:7f00:1",
  "2600:1f00::200:5efe:a00:1",
  "3fff::1",
  "4000::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fec0::1",
  "ff02::1",
];

test("isPublic() takes addresses of the public Internet, and no other", () => {
  const of = (text: string) => isPublic(parseAddress(text) ?? assert.fail(`${text} was not read`));
  for (const text of PUBLIC) assert.equal(of(text), true, text);
  for (const text of NOT_PUBLIC) assert.equal(of(text), false, text);
});

test("parseAddress() reads what it is given in one spelling only", () => {
  const none = [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "01.2.3.4",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "2130706433",
    "127.1",
    "1.2.3.4 ",
    "1.2.3.4/32",
    "1.2.3.4:80",
    "[::1]",
    "::1%eth0",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "::1.2.3",
    "1.2.3.4::",
    "::ffff:1.2.3.256",
    "localhost",
  ];
  for (const text of none) assert.equal(parseAddress(text), undefined, text);
  assert.deepEqual(parseAddress("::ffff:1.2.3.4"), [1, 2, 3, 4]);
  assert.deepEqual(parseAddress("1:2:3:4:5:6:7:8"), [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]);
  assert.deepEqual(parseAddress("1::"), [0, 1, ...Array<number>(14).fill(0)]);
});

test("parseRange() reads ranges, and refuses bits below the mask", () => {
  const within = (address: string, range: string) =>
    isWithin(parseAddress(address) ?? [], parseRange(range) ?? assert.fail(`${range} was not read`));
  for (const [address, range, expected] of [
    ["10.1.2.3", "10.0.0.0/8", true],
    ["11.0.0.0", "10.0.0.0/8", false],
    ["127.0.0.1", "127.0.0.1/32", true],
    ["127.0.0.2", "127.0.0.1", false],
    ["192.168.5.129", "192.168.5.128/25", true],
    ["192.168.5.127", "192.168.5.128/25", false],
    ["1.2.3.4", "0.0.0.0/0", true],
    ["::1", "0.0.0.0/0", false],
    ["1.2.3.4", "::/0", false],
    ["::ffff:127.0.0.1", "127.0.0.0/8", true],
    ["127.0.0.1", "::ffff:127.0.0.0/104", true],
    ["fd12::1", "fd00::/8", true],
    ["fc12::1", "fd00::/8", false],
  ] as const)
    assert.equal(within(address, range), expected, `${address} in ${range}`);
  for (const none of [
    "10.0.0.1/8",
    "10.0.0.0/33",
    "::/129",
    "fd00::1/8",
    "10.0.0.0/",
    "/8",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "*",
    "localhost",
  ]) {
    assert.equal(parseRange(none), undefined, none);
  }
});
