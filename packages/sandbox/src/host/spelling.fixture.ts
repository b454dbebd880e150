import fc from "fast-check";

/** For tests: the ways to write one address, and what all of them come to. */
export interface Spelled {
  readonly text: string;
  /** As the URL standard writes it. */
  readonly canonical: string;
}

const FULL_WIDTH = 0xfee0;
const DOTS = [".", "。", "．", "｡", "%2e", "%2E"] as const;
const percent = (character: string) => [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

/** Forms of one ASCII character in a host, which all come to that character. */
const FORMS: readonly ((character: string) => string)[] = [
  (character) => character,
  (character) => character.toUpperCase(),
  percent,
  (character) => percent(character).toUpperCase(),
  (character) => (/[a-z0-9]/i.test(character) ? String.fromCodePoint((character.codePointAt(0) ?? 0) + FULL_WIDTH) : character),
  (character) => percent(String.fromCodePoint((character.codePointAt(0) ?? 0) + FULL_WIDTH)),
  (character) => (/[1-9]/.test(character) ? String.fromCodePoint(0x2460 + Number(character) - 1) : character === "0" ? "⓪" : character),
  (character) => `${character}\u00ad`,
];

/** Every character in one of its forms; dots in one of theirs. */
function disguised(host: string): fc.Arbitrary<string> {
  const characters = [...host];
  return fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(FORMS.length - 1)), {
      minLength: characters.length,
      maxLength: characters.length,
    })
    .chain((forms) =>
      fc
        .array(fc.nat(DOTS.length - 1), { minLength: characters.length, maxLength: characters.length })
        .map((dots) =>
          characters
            .map((character, at) =>
              character === "." ? (DOTS[dots[at] ?? 0] ?? ".") : (FORMS[forms[at] ?? 0] as (text: string) => string)(character),
            )
            .join(""),
        ),
    );
}

const radix = fc.constantFrom<(value: number, zeros: number) => string>(
  (value) => String(value),
  (value, zeros) => `0${"0".repeat(zeros)}${value.toString(8)}`,
  (value, zeros) => `0x${"0".repeat(zeros)}${value.toString(16)}`,
);

/** IPv4 addresses in one to four parts, each decimal, octal or hexadecimal. */
export const v4: fc.Arbitrary<Spelled & { readonly bytes: readonly number[] }> = fc
  .record({
    address: fc.oneof(
      fc.constantFrom(0x7f00_0001, 0, 0xa9fe_a9fe, 0x0a00_0001, 0xc0a8_0001, 0xffff_ffff, 0x0101_0101),
      fc.nat(2 ** 32 - 1),
    ),
    parts: fc.integer({ min: 1, max: 4 }),
    radices: fc.array(fc.tuple(radix, fc.nat(3)), { minLength: 4, maxLength: 4 }),
    dot: fc.boolean(),
  })
  .chain(({ address, parts, radices, dot }) => {
    const bytes = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
    const values = [...bytes.slice(0, parts - 1), address % 2 ** (8 * (5 - parts))];
    const written = values.map((value, at) => {
      const [write, zeros] = radices[at] as (typeof radices)[number];
      return write(value, zeros);
    });
    const canonical = bytes.join(".");
    return disguised(written.join(".") + (dot ? "." : "")).map((text) => ({ text, canonical, bytes }));
  });

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/).filter((text) => !text.startsWith("xn"));

/** Names of hosts. */
export const name: fc.Arbitrary<Spelled> = fc
  .tuple(fc.array(label, { maxLength: 3 }), fc.constantFrom("com", "example", "localhost"), fc.boolean())
  .chain(([labels, last, dot]) => {
    const canonical = [...labels, last].join(".") + (dot ? "." : "");
    return disguised(canonical).map((text) => ({ text, canonical }));
  });

const group = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff));
const V6_PREFIXES = [[], [0, 0, 0, 0, 0, 0xffff], [0, 0, 0, 0, 0, 0], [0x64, 0xff9b, 0, 0, 0, 0], [0x2002], [0xfe80], [0x2001, 0]];

/** IPv6 addresses, without brackets: capitals, zeros in front, the end as IPv4, any run of zeros left out. */
export const v6: fc.Arbitrary<{ readonly text: string; readonly bytes: readonly number[] }> = fc
  .record({
    prefix: fc.constantFrom(...V6_PREFIXES),
    groups: fc.array(group, { minLength: 8, maxLength: 8 }),
    zeros: fc.nat(3),
    capitals: fc.boolean(),
    v4: fc.boolean(),
    run: fc.tuple(fc.nat(7), fc.nat(8)),
  })
  .map(({ prefix, groups: random, zeros, capitals, v4, run: [from, length] }) => {
    const groups = [...prefix, ...random].slice(0, 8);
    const bytes = groups.flatMap((value) => [value >> 8, value & 255]);
    let written = groups.map((value) => value.toString(16).padStart(Math.min(4, value.toString(16).length + zeros), "0"));
    const last = v4 ? 6 : 8;
    const tail = v4 ? [bytes.slice(12).join(".")] : [];
    written = written.slice(0, last);
    const until = Math.min(from + length, last);
    const left = groups.slice(from, until);
    const short = left.length > 0 && left.every((value) => value === 0);
    const text = short
      ? `${written.slice(0, from).join(":")}::${[...written.slice(until), ...tail].join(":")}`
      : [...written, ...tail].join(":");
    return { text: capitals ? text.toUpperCase() : text, bytes };
  });

export interface SpelledPath {
  readonly text: string;
  /** Undefined: it is refused. */
  readonly canonical: string | undefined;
}

type Segment = { readonly text: string } & ({ readonly plain: string } | { readonly dots: 1 | 2 } | { readonly refused: true });

const plain = fc.oneof(fc.stringMatching(/^[a-zA-Z0-9_~-]{0,5}$/), fc.constantFrom("..a", "a..", "...", "api", "admin"));
const segment: fc.Arbitrary<Segment> = fc.oneof(
  { weight: 4, arbitrary: plain.map((text) => ({ text, plain: text })) },
  fc.constantFrom("..", "%2e%2e", ".%2E", "%2E.").map((text): Segment => ({ text, dots: 2 })),
  fc.constantFrom(".", "%2e", "%2E").map((text): Segment => ({ text, dots: 1 })),
  fc
    .constantFrom(
      "..%2fadmin",
      "a%5cb",
      "%2e%2e%2F",
      "..;",
      "..;x=1",
      ".;",
      "%252e%252e",
      "%252f",
      "%00",
      "%0d%0a",
      "%ff",
      "%c0%ae",
      "%",
      "%25%32%65",
    )
    .map((text): Segment => ({ text, refused: true })),
);

/** Paths from the slash on. What a dot segment takes back counts no more, whatever it was. */
export const path: fc.Arbitrary<SpelledPath> = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => {
  const stack: Segment[] = [];
  segments.forEach((of, at) => {
    if (!("dots" in of)) stack.push(of);
    else {
      if (of.dots === 2) stack.pop();
      if (at === segments.length - 1) stack.push({ text: "", plain: "" });
    }
  });
  const text = `/${segments.map((of) => of.text).join("/")}`;
  if (stack.some((of) => "refused" in of)) return { text, canonical: undefined };
  return { text, canonical: `/${stack.map((of) => ("plain" in of ? of.plain : "")).join("/")}` };
});
