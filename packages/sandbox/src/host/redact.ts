import type { Json } from "../json.ts";
import type { GuestError, Outcome } from "../outcome.ts";
import { markOfCut } from "../text.ts";

/** Longer secrets are looked for in pieces of this size, so that no expression grows without end. */
const PIECE_CHARACTERS = 256;
const PIECE_CHARACTERS_MIN = 8;
/** A text that was cut may end within a secret: so much of its beginning counts as it. */
const BEGINNING_MIN = 4;

interface Needle {
  readonly mark: string;
  readonly pattern: RegExp;
  readonly piece: string;
}

/**
 * Takes an attempt's own secrets out of text that leaves it: as they are, and in base64 (also inside of something longer), in hexadecimal
 * digits, percent-encoded, and escaped as JSON. It stops accidents. A guest that holds a secret can always encode it in a way of its own.
 */
export class Redactor {
  /** Characters that one secret, or a piece of a long one, can take in any of these forms. */
  readonly reach: number;
  readonly #needles: readonly Needle[];
  /** No shorter text has a secret in it: every form of a piece has at least its characters. */
  readonly #shortest: number;

  /** @param secrets by name; each has at least 8 characters */
  constructor(secrets: ReadonlyMap<string, string>) {
    const needles: Needle[] = [];
    for (const [name, value] of secrets) {
      for (const piece of pieces(value)) needles.push({ mark: `[secret ${name}]`, pattern: patternOf(piece), piece });
    }
    // A secret that another one contains comes after it.
    this.#needles = needles.sort((a, b) => b.piece.length - a.piece.length);
    this.#shortest = Math.min(...needles.map(({ piece }) => piece.length));
    this.reach = 6 * Math.max(0, ...needles.map(({ piece }) => piece.length));
  }

  text(text: string): string {
    if (text.length < this.#shortest) return text;
    let clean = text;
    for (const { mark, pattern } of this.#needles) clean = clean.replace(pattern, mark);
    return clean;
  }

  /** As {@link text}, of a text that may have been cut: what stands at its end, before the mark of a cut, may be how a secret begins. */
  cutText(text: string): string {
    const whole = this.text(text);
    const end = whole.length - markOfCut(whole).length;
    const clean = whole.slice(0, end);
    for (const { mark, piece } of this.#needles) {
      for (let length = Math.min(piece.length, clean.length); length >= BEGINNING_MIN; length--) {
        if (clean.endsWith(piece.slice(0, length))) return clean.slice(0, -length) + mark + whole.slice(end);
      }
    }
    return whole;
  }

  /** All of the guest's text in an outcome. */
  outcome(outcome: Outcome): Outcome {
    switch (outcome.kind) {
      case "completed":
        return { ...outcome, output: this.json(outcome.output) };
      case "failed":
        return { ...outcome, error: this.#error(outcome.error) };
      case "exhausted":
        return outcome.error ? { ...outcome, error: this.#error(outcome.error) } : outcome;
      case "trapped":
        return outcome.detail === undefined ? outcome : { ...outcome, detail: this.cutText(outcome.detail) };
      case "refused":
        return { ...outcome, reason: this.text(outcome.reason) };
      case "cancelled":
        return outcome;
    }
  }

  #error(error: GuestError): GuestError {
    const { name, message, traceback } = error;
    return { ...error, name: this.text(name), message: this.cutText(message), traceback: this.cutText(traceback) };
  }

  /** Texts and keys; a number that is a secret becomes text. */
  json(value: Json): Json {
    return this.#isWithin(value) ? this.#walk(value) : value;
  }

  /** Asked of each text: in the JSON of a text that is JSON itself, a secret would be escaped twice. */
  #isWithin(value: Json): boolean {
    if (typeof value === "string") return this.#isIn(value);
    if (typeof value === "number") return this.#isIn(String(value));
    if (typeof value !== "object" || value === null) return false;
    if (Array.isArray(value)) return value.some((item: Json) => this.#isWithin(item));
    return Object.entries(value).some(([key, item]) => this.#isIn(key) || this.#isWithin(item as Json));
  }

  #isIn(text: string): boolean {
    return text.length >= this.#shortest && this.#needles.some(({ pattern }) => text.search(pattern) >= 0);
  }

  #walk(value: Json): Json {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number") return this.#isIn(String(value)) ? this.text(String(value)) : value;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item: Json) => this.#walk(item));
    // Defines properties, `__proto__` too.
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.#walk(item as Json)]));
  }
}

/** The value, or what it is looked for by: the lines of several (logs are cut into lines), and parts of what is very long. */
function pieces(value: string): string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.length >= PIECE_CHARACTERS_MIN);
  const wholes = lines.length > 1 || lines[0] !== value ? [value, ...lines] : [value];
  return wholes.flatMap((whole) => {
    const parts: string[] = [];
    for (let at = 0; at < whole.length; at += PIECE_CHARACTERS) {
      const part = whole.slice(at, at + PIECE_CHARACTERS);
      if (part.length >= PIECE_CHARACTERS_MIN) parts.push(part);
    }
    return parts;
  });
}

/**
 * All forms of one piece. No part of the expression repeats, and no text is read as the same forms in two ways, so searching takes time that
 * grows with the text alone.
 */
function patternOf(piece: string): RegExp {
  const bytes = Buffer.from(piece);
  const forms = [
    quote(piece),
    Array.from(piece, characterForms).join(""),
    ...[0, 1, 2].map((offset) => base64Form(bytes, offset)),
    hexForm(bytes),
  ];
  return new RegExp(forms.join("|"), "g");
}

/** A character as itself, escaped as JSON and percent-encoded, in whatever mixture an encoder makes of a text. */
function characterForms(character: string): string {
  if (/^[A-Za-z0-9]$/.test(character)) return character;
  // Alone only before what is no backslash: else a run of them could be divided up in exponentially many ways.
  if (character === "\\") return String.raw`(?:\\\\|\\u005[cC]|%5[cC]|\\(?!\\))`;
  const json = JSON.stringify(character).slice(1, -1);
  const units = character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const percent = Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).padStart(2, "0")}`);
  const forms = new Set([
    ...(character === " " ? ["+"] : []),
    `\\${character}`, // a slash or a quote, as some encoders write them
    json,
    units.join(""),
    units.join("").replaceAll(/[a-f]/g, (digit) => digit.toUpperCase()),
    percent.join(""),
    percent.join("").toUpperCase(),
    character,
  ]);
  return `(?:${[...forms].map(quote).join("|")})`;
}

/** What stays the same in base64 whatever stands around the bytes, `offset` bytes after a multiple of three. */
function base64Form(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  const own = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  return Array.from(own, (digit) => BASE64_FORMS[digit] ?? digit).join("");
}

/** Both alphabets, percent-encoded and escaped too. */
const BASE64_FORMS: Readonly<Record<string, string>> = { "+": "(?:\\+|-|%2[Bb])", "/": "(?:\\\\?/|_|%2[Ff])" };

function hexForm(bytes: Buffer): string {
  return Array.from(bytes.toString("hex"), (digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join("");
}

function quote(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
