// JSON, read into a tree. What is not JSON ends the program with a message that says where.

export const enum Kind {
  nothing, // null, and what is not there
  flag,
  number,
  text,
  list,
  object,
}

/** Deeper than any drawing, and far from the end of the stack. */
const DEPTH_MAX: i32 = 64;

export class Value {
  kind: Kind = Kind.nothing;
  /** Of a flag 0 or 1. */
  number: f64 = 0;
  text: string = "";
  /** Of a list; of an object, beside `keys`. */
  items: Value[] = [];
  keys: string[] = [];

  /** The member of an object; of anything else, and where there is none of that name, nothing. */
  get(key: string): Value {
    const at = this.keys.lastIndexOf(key);
    return at < 0 ? new Value() : this.items[at];
  }

  textOr(otherwise: string): string {
    return this.kind == Kind.text ? this.text : otherwise;
  }

  numberOr(otherwise: f64): f64 {
    return this.kind == Kind.number ? this.number : otherwise;
  }
}

export function parse(text: string): Value {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  private at: i32 = 0;

  constructor(private readonly text: string) {}

  value(depth: i32): Value {
    if (depth > DEPTH_MAX) this.fail("it nests too deeply");
    const value = new Value();
    const next = this.peek();
    if (next == 0x22 /* " */) {
      value.kind = Kind.text;
      value.text = this.string();
    } else if (next == 0x7b /* { */) {
      value.kind = Kind.object;
      this.at++;
      if (this.peek() == 0x7d) this.at++;
      else {
        do {
          if (this.peek() != 0x22) this.fail("a key is expected");
          value.keys.push(this.string());
          if (this.peek() != 0x3a /* : */) this.fail("a colon is expected");
          this.at++;
          value.items.push(this.value(depth + 1));
        } while (this.more(0x7d));
      }
    } else if (next == 0x5b /* [ */) {
      value.kind = Kind.list;
      this.at++;
      if (this.peek() == 0x5d) this.at++;
      else {
        do value.items.push(this.value(depth + 1));
        while (this.more(0x5d));
      }
    } else if (next == 0x2d /* - */ || (next >= 0x30 && next <= 0x39)) {
      value.kind = Kind.number;
      value.number = this.number();
    } else if (this.word("true")) {
      value.kind = Kind.flag;
      value.number = 1;
    } else if (this.word("false")) value.kind = Kind.flag;
    else if (!this.word("null")) this.fail("a value is expected");
    return value;
  }

  end(): void {
    if (this.peek() >= 0) this.fail("there is more than one value");
  }

  /** Behind a member: whether a comma says that another follows. */
  private more(closing: i32): bool {
    const next = this.peek();
    if (next != closing && next != 0x2c /* , */) this.fail("a comma is expected");
    this.at++;
    return next != closing;
  }

  /** The next character that is no space; -1 at the end. */
  private peek(): i32 {
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      if (code != 0x20 && code != 0x0a && code != 0x0d && code != 0x09) return code;
      this.at++;
    }
    return -1;
  }

  private word(word: string): bool {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private number(): f64 {
    const start = this.at;
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      const belongs = (code >= 0x30 && code <= 0x39) || code == 0x2d || code == 0x2b || code == 0x2e || code == 0x65 || code == 0x45;
      if (!belongs) break;
      this.at++;
    }
    const number = parseFloat(this.text.substring(start, this.at));
    if (isNaN(number)) this.fail("a number is expected");
    return number;
  }

  private string(): string {
    const parts: string[] = [];
    let start = ++this.at;
    for (;;) {
      if (this.at >= this.text.length) this.fail("a text has no end");
      const code = this.text.charCodeAt(this.at);
      if (code == 0x22) break;
      if (code != 0x5c /* \ */) {
        this.at++;
        continue;
      }
      parts.push(this.text.substring(start, this.at));
      parts.push(this.escaped(this.text.charCodeAt(this.at + 1)));
      start = this.at;
    }
    parts.push(this.text.substring(start, this.at++));
    return parts.join("");
  }

  /** Reads an escape; afterwards `at` is behind it. */
  private escaped(code: i32): string {
    this.at += 2;
    if (code == 0x75 /* u */) {
      const digits = this.text.substring(this.at, this.at + 4);
      this.at += 4;
      return String.fromCharCode(<i32>parseInt(digits, 16));
    }
    if (code == 0x6e) return "\n";
    if (code == 0x74) return "\t";
    if (code == 0x72) return "\r";
    if (code == 0x62) return "\b";
    if (code == 0x66) return "\f";
    return String.fromCharCode(code);
  }

  private fail(what: string): void {
    throw new Error("not JSON at character " + this.at.toString() + ": " + what);
  }
}
