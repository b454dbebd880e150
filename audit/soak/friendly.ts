import type { GuestReport, Json, Request } from "@glovebox/sandbox";
import { ends, gives, info, type Kind, type Trial } from "./trial.ts";
import { wordOf } from "./word.ts";
import { digest, type World } from "./world.ts";

/** The number of a run, a text of its own, and some numbers. */
function inputOf(n: number): { readonly id: number; readonly text: string; readonly list: readonly number[] } {
  return { id: n, text: wordOf(n), list: Array.from({ length: 5 + (n % 11) }, (_, i) => (n * 7 + i * 13) % 1000) };
}

const sumOfSquares = (list: readonly number[]): number => list.reduce((sum, x) => sum + x * x, 0);
const backwards = (text: string): string => [...text].reverse().join("");

const python = (code: string): Request["guest"] => ({ kind: "python", code });
const javascript = (code: string): Request["guest"] => ({ kind: "javascript", code });

const PYTHON_SUMS = `total = sum(x * x for x in inputs["list"])
print(f"run {inputs['id']}")
return {"id": inputs["id"], "total": total, "text": inputs["text"][::-1].upper()}`;

/** Looks for what an earlier guest left, and leaves it. */
const PYTHON_TRACES = `import builtins, json, os, sys
found = [getattr(builtins, "left", None), getattr(json, "left", None), "left" in sys.modules, os.listdir("/tmp"), os.environ.get("LEFT")]
builtins.left = json.left = os.environ["LEFT"] = inputs["text"]
sys.modules["left"] = sys
json.dumps = None
with open("/tmp/left", "w") as file: file.write(inputs["text"])
return [found, inputs["id"]]`;

const PYTHON_LIBRARY = `import collections, datetime, decimal, hashlib, json, re
words = re.findall("[a-m]+", inputs["text"])
day = datetime.date(2026, 1, 1) + datetime.timedelta(days=inputs["id"])
return {
  "digest": hashlib.sha256(inputs["text"].encode()).hexdigest(), "words": words, "day": day.isoformat(),
  "sum": str(decimal.Decimal(inputs["id"]) / 8), "most": collections.Counter(inputs["text"]).most_common(1)[0][1],
  "again": json.loads(json.dumps(inputs)) == inputs}`;

const JAVASCRIPT_SUMS = `console.log("run " + inputs.id);
const total = inputs.list.map((x) => x * x).reduce((a, b) => a + b, 0);
return { id: inputs.id, total, text: [...inputs.text].reverse().join("") }`;

const JAVASCRIPT_TRACES = `const found = [globalThis.left ?? null, "left" in {}, Array.prototype.map === undefined, JSON.left ?? null];
globalThis.left = JSON.left = inputs.text;
Object.prototype.left = inputs.text;
Array.prototype.map = undefined;
return [found, inputs.id]`;

const TYPESCRIPT = `interface Inputs { id: number; text: string; list: number[] }
const { id, text, list }: Inputs = inputs as Inputs;
const largest = await Promise.resolve(list.reduce((a: number, b: number): number => Math.max(a, b), 0));
return { id, text: text.toUpperCase(), largest } satisfies { id: number; text: string; largest: number }`;

/** A handler that asks for one thing by a function and a name (at 64), and gives it as its output. */
const handler = (imports: string, ask: string, give: string): string => `(module
  (import "glovebox" "log" (func $log (param i32 i32 i32)))
  (import "glovebox" "take_answer" (func $take (param i32 i32) (result i32)))
  (import "glovebox" "write_output" (func $write (param i32 i32) (result i32)))
  ${imports}
  (memory (export "memory") 1)
  (data (i32.const 64) "KEYnote.csv")
  (data (i32.const 128) "true")
  (func (export "handle") (result i32) (local $size i32)
    (local.set $size ${ask})
    (if (i32.lt_s (local.get $size) (i32.const 0)) (then (return (local.get $size))))
    (drop (call $take (i32.const 1024) (local.get $size)))
    (call $log (i32.const 1) (i32.const 1024) (local.get $size))
    ${give}))`;
const WHOLE = "(call $write (i32.const 1024) (local.get $size))";
const HANDLER_INPUT = handler('(import "glovebox" "read_input" (func $ask (result i32)))', "(call $ask)", WHOLE);
const HANDLER_FILE = handler(
  '(import "glovebox" "open_file" (func $ask (param i32 i32) (result i32)))',
  "(call $ask (i32.const 67) (i32.const 8))",
  "(call $write (i32.const 128) (i32.const 4))",
);
const HANDLER_SECRET = handler(
  '(import "glovebox" "read_secret" (func $ask (param i32 i32) (result i32)))',
  "(call $ask (i32.const 64) (i32.const 3))",
  "(call $write (i32.const 128) (i32.const 4))",
);

/** A WASI command that writes out the file "note" of the first directory that it finds open. */
const COMMAND_FILE = `(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "note")
  (func (export "_start")
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16))
      (then unreachable))
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.const 4096))
    (if (call $read (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)) (then unreachable))))`;

/** A WASI command that fills all that it starts with. It has no output. */
const large = (n: number): string => `(module (memory (export "memory") 1000) (data (i32.const 0) "${n}")
  (func (export "_start") (memory.fill (i32.const 0) (i32.const 1) (i32.const 65000000))))`;

/** A module that no run before had: this one, and a section that means nothing. */
function withSection(module: Uint8Array, text: string): Uint8Array {
  const content = Buffer.concat([Buffer.from([1, 0x78]), Buffer.from(text)]);
  return Buffer.concat([module, Buffer.from([0, content.length]), content]);
}

function secretsOf(n: number): ReadonlyMap<string, string> {
  return new Map([
    ["KEY", `key-${wordOf(n)}-${n}`],
    ["TOKEN", `token-${wordOf(n + 1)}-${n}`],
  ]);
}

function http({ base }: World, n: number): Pick<Request, "grants" | "secrets"> {
  const auth = { header: "Authorization", secret: "TOKEN", format: "Bearer {}" };
  return {
    grants: { http: [{ allow: `${base}/of/${n}/*`, methods: ["GET", "POST"], addresses: ["127.0.0.1"], auth }] },
    secrets: secretsOf(n),
  };
}

/** What the server tells run `n`, which it authorised with a secret that the guest never had. */
function told(n: number, method: string, path: string, body: string): Json {
  return { method, path, body, authorization: digest(`Bearer token-${wordOf(n + 1)}-${n}`) };
}

/** As `right` says, and with the same fuel as every other run of that kind: whatever ran before, and wherever. */
function alwaysSpending(spent: { fuel?: number }, right: Trial["wrong"]): Trial["wrong"] {
  return (ended) => {
    const wrong = right(ended);
    if (wrong !== undefined || ended instanceof Error) return wrong;
    const { fuel } = (ended as GuestReport).usage;
    spent.fuel ??= fuel ?? -1;
    return fuel === spent.fuel ? undefined : `spent ${fuel} of fuel, and another run of the same ${spent.fuel}`;
  };
}

/** As the first run with this key ended, exactly: nothing but its request decides what comes of it. */
function always(before: Map<number, string>, key: number): Trial["wrong"] {
  return (ended) => {
    if (ended instanceof Error || ended.outcome.kind !== "completed") return JSON.stringify(ended);
    const output = JSON.stringify(ended.outcome.output);
    const first = before.get(key) ?? output;
    before.set(key, first);
    return output === first ? undefined : `${output} instead of ${first}`;
  };
}

const RECORD_KEY = new Uint8Array(32).fill(7);
const PYTHON_RECORDED = `import glovebox, random, time
answer = glovebox.http_request(inputs["url"]).json()
return [inputs["id"], answer["path"], random.random(), time.time()]`;

/** Every other run is the one before once more, from its transcript: with no grant, and with the same result. */
function recordedAndReplayed(): Kind["make"] {
  const kept: { readonly request: Pick<Request, "guest" | "input">; readonly ended: GuestReport }[] = [];
  return (n, world) => {
    const before = kept.pop();
    if (before) {
      const { outcome, transcript } = before.ended;
      const replay = { transcript, key: RECORD_KEY };
      return {
        request: { ...before.request, replay },
        wrong: (ended) => {
          const wrong = ends(outcome)(ended);
          if (wrong !== undefined || ended instanceof Error) return wrong;
          return ended.replay && !ended.replay.divergence ? undefined : JSON.stringify(ended.replay);
        },
      };
    }
    const path = `/of/${n}/${wordOf(n)}`;
    const request = { guest: python(PYTHON_RECORDED), input: { id: n, url: world.base + path } };
    return {
      request: {
        ...request,
        record: { key: RECORD_KEY },
        grants: { http: [{ allow: `${world.base}/of/${n}/*`, addresses: ["127.0.0.1"] }] },
      },
      wrong: (ended) => {
        if (ended instanceof Error || ended.outcome.kind !== "completed") return JSON.stringify(ended);
        const [id, asked] = ended.outcome.output as Json[];
        if (id !== n || asked !== path || !ended.transcript) return JSON.stringify(ended);
        kept.push({ request, ended });
        return undefined;
      },
    };
  };
}

const JAVASCRIPT_WRITES = `try { glovebox.writeOutput({ id: -1 }) } catch (error) { glovebox.writeOutput({ id: inputs.id, told: error.message }) }`;

const FIXED = { clockBaseNs: 1_767_323_045_000_000_000n, randomSeed: new Uint8Array(32) };

export function friendlyKinds(): readonly Kind[] {
  const [fuelPython, fuelJavascript, fuelModule] = [{}, {}, {}];
  const [seededPython, seededJavascript] = [new Map<number, string>(), new Map<number, string>()];
  const seeded = (n: number) => ({ ...FIXED, randomSeed: new Uint8Array(32).fill(n % 5) });
  return [
    {
      name: "python: sums",
      share: 1500,
      inNewCells: true,
      make: (n) => {
        const { list, text } = inputOf(n);
        return {
          request: { guest: python(PYTHON_SUMS), input: inputOf(n) },
          wrong: gives({ id: n, total: sumOfSquares(list), text: backwards(text).toUpperCase() }, info(`run ${n}`)),
        };
      },
    },
    {
      name: "python: traces",
      share: 500,
      inNewCells: true,
      make: (n) => ({
        request: { guest: python(PYTHON_TRACES), input: inputOf(n) },
        wrong: gives([[null, null, false, [], null], n]),
      }),
    },
    {
      name: "python: library",
      share: 300,
      make: (n) => {
        const { text } = inputOf(n);
        const counts = [...text].map((letter) => text.split(letter).length - 1);
        return {
          request: { guest: python(PYTHON_LIBRARY), input: inputOf(n) },
          wrong: gives({
            digest: digest(text),
            words: text.match(/[a-m]+/g) ?? [],
            day: new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10),
            sum: String(n / 8),
            most: Math.max(...counts),
            again: true,
          }),
        };
      },
    },
    {
      name: "python: seeded chance and clock",
      share: 150,
      make: (n) => ({
        request: {
          guest: python("import random, time, uuid\nreturn [random.random(), str(uuid.uuid4()), time.time() // 100]"),
          ...seeded(n),
        },
        wrong: always(seededPython, n % 5),
      }),
    },
    {
      name: "python: fuel",
      share: 150,
      make: (n) => {
        const request = { guest: python("return sum(i * i for i in range(2000))"), limits: { fuel: 1e9 }, ...FIXED };
        return { request, wrong: alwaysSpending(fuelPython, gives(2664667000)), n };
      },
    },
    {
      name: "python: requests",
      share: 150,
      make: (n, world) => {
        const path = `/of/${n}/${wordOf(n)}`;
        const code = `import glovebox\nanswer = glovebox.http_request(inputs["url"], "POST", {}, {"id": inputs["id"]})\nreturn [answer.status, answer.json()]`;
        return {
          request: { guest: python(code), input: { id: n, url: world.base + path }, ...http(world, n) },
          wrong: gives([200, told(n, "POST", path, `{"id":${n}}`)]),
        };
      },
    },
    { name: "python: recorded, and run again", share: 150, make: recordedAndReplayed() },
    {
      name: "python: files",
      share: 150,
      make: (n, world) => {
        const { path, content } = world.file(n);
        const code = `import csv\nwith open("/granted/table.csv") as file: return [inputs["id"], list(csv.reader(file))]`;
        return {
          request: { guest: python(code), input: inputOf(n), grants: { files: [{ name: "table.csv", path }] } },
          wrong: gives([
            n,
            content
              .trim()
              .split("\n")
              .map((line) => line.split(",")),
          ]),
        };
      },
    },
    {
      name: "python: secrets",
      share: 150,
      make: (n) => {
        const code = `import glovebox\nkey = glovebox.secret("KEY")\nprint(f"it is {key}")\nglovebox.write_output([key[::-1], inputs["id"]])`;
        return {
          request: { guest: python(code), input: inputOf(n), grants: { secrets: ["KEY"] }, secrets: secretsOf(n) },
          wrong: gives([backwards(`key-${wordOf(n)}-${n}`), n], info("it is [secret KEY]")),
        };
      },
    },
    {
      name: "javascript: sums",
      share: 1600,
      inNewCells: true,
      make: (n) => {
        const { list, text } = inputOf(n);
        return {
          request: { guest: javascript(JAVASCRIPT_SUMS), input: inputOf(n) },
          wrong: gives({ id: n, total: sumOfSquares(list), text: backwards(text) }, info(`run ${n}`)),
        };
      },
    },
    {
      name: "javascript: traces",
      share: 600,
      make: (n) => ({
        request: { guest: javascript(JAVASCRIPT_TRACES), input: inputOf(n) },
        wrong: gives([[null, false, false, null], n]),
      }),
    },
    {
      name: "javascript: seeded chance and clock",
      share: 150,
      make: (n) => ({
        request: { guest: javascript("return [Math.random(), Math.random(), Math.floor(Date.now() / 1e5)]"), ...seeded(n) },
        wrong: always(seededJavascript, n % 5),
      }),
    },
    {
      name: "javascript: fuel",
      share: 150,
      make: () => {
        const request = {
          guest: javascript("let s = 0; for (let i = 0; i < 2000; i++) s += i * i; return s"),
          limits: { fuel: 1e9 },
          ...FIXED,
        };
        return { request, wrong: alwaysSpending(fuelJavascript, gives(2664667000)) };
      },
    },
    {
      name: "javascript: requests",
      share: 150,
      make: (n, world) => {
        const path = `/of/${n}/${wordOf(n)}?q=${n}`;
        const code =
          "const answer = glovebox.httpRequest(inputs.url, { stream: true }); let size = 0; for (let piece = answer.read(); piece; piece = answer.read()) size += piece.length; return [answer.status, size, glovebox.httpRequest(inputs.url).json()]";
        const seen = told(n, "GET", path, "");
        return {
          request: { guest: javascript(code), input: { url: world.base + path }, ...http(world, n) },
          wrong: gives([200, JSON.stringify(seen).length, seen]),
        };
      },
    },
    {
      name: "javascript: an output that another guest accepts",
      share: 100,
      waits: true,
      make: (n) => ({
        request: {
          guest: javascript(JAVASCRIPT_WRITES),
          input: inputOf(n),
          acceptOutput: async (output, beside) => {
            const schema = { properties: { id: { const: n } } };
            const { outcome } = await beside.run({ guest: { kind: "schema", schema }, input: output });
            return JSON.stringify(outcome) === '{"kind":"completed","output":{"problems":[]}}' ? undefined : `it is not of ${n}`;
          },
        },
        wrong: gives({ id: n, told: `it is not of ${n}` }),
      }),
    },
    {
      name: "javascript: secrets",
      share: 150,
      make: (n) => {
        const code = `const key = glovebox.secret("KEY"); console.log("it is", key); return [key.split("-").length, key, inputs.id]`;
        return {
          request: { guest: javascript(code), input: inputOf(n), grants: { secrets: ["KEY"] }, secrets: secretsOf(n) },
          wrong: gives([3, "[secret KEY]", n], info("it is [secret KEY]")),
        };
      },
    },
    {
      name: "typescript",
      share: 400,
      make: (n) => {
        const { list, text } = inputOf(n);
        return {
          request: { guest: { kind: "typescript", code: TYPESCRIPT }, input: inputOf(n) },
          wrong: gives({ id: n, text: text.toUpperCase(), largest: Math.max(...list) }),
        };
      },
    },
    {
      name: "schema",
      share: 500,
      make: (n) => {
        const schema = {
          type: "object",
          required: ["id", "text"],
          properties: { id: { type: "integer", maximum: n }, text: { const: wordOf(n) } },
        };
        const tooMuch = n % 2 === 1;
        return {
          request: { guest: { kind: "schema", schema }, input: { ...inputOf(n), id: tooMuch ? n + 1 : n } },
          wrong: gives({ problems: tooMuch ? [{ path: "/id", message: `must be <= ${n}` }] : [] }),
        };
      },
    },
    {
      name: "syntax",
      share: 250,
      make: (n) => {
        const code = `const tree = parseJavaScript(inputs.source, { ecmaVersion: "latest" });
          return [tree.body.length, tree.body[0].declarations[0].id.name, stripTypes("let a: " + inputs.type + " = 1", "a.ts").includes(inputs.type)]`;
        const source = `const ${wordOf(n)} = ${n};${"f();".repeat(n % 7)}`;
        return {
          request: { guest: { kind: "syntax", code }, input: { source, type: wordOf(n + 1) } },
          wrong: gives([1 + (n % 7), wordOf(n), false]),
        };
      },
    },
    {
      name: "outline",
      share: 250,
      make: (n, world) => {
        const url = `https://${wordOf(n)}.example/${n}`;
        const bytes = withSection(world.module("hello_world/hello_world.wasm"), url);
        return {
          request: { guest: { kind: "outline", bytes } },
          wrong: (ended) => {
            if (ended instanceof Error || ended.outcome.kind !== "completed") return JSON.stringify(ended);
            const { kind, urls } = ended.outcome.output as { kind: string; urls: readonly { url: string }[] };
            return kind === "text" && urls.length === 1 && urls[0]?.url === url ? undefined : JSON.stringify([kind, urls]);
          },
        };
      },
    },
    {
      name: "command: word count",
      share: 500,
      make: (n, world) => {
        const text = `${wordOf(n)} ${"x ".repeat(n % 9)}\n"${n}"`;
        return {
          request: { guest: { kind: "module", bytes: world.module("word_count/word_count.wasm") }, input: text },
          wrong: gives({ characters: text.length, words: 2 + (n % 9), lines: 2 }),
        };
      },
    },
    {
      name: "command: a file in a directory",
      share: 250,
      make: (n, world) => {
        const files = { note: Buffer.from(JSON.stringify({ id: n, text: wordOf(n) })) };
        const guest = { kind: "module", bytes: world.module(COMMAND_FILE), directories: [{ name: ".", files }] } as const;
        return { request: { guest }, wrong: gives({ id: n, text: wordOf(n) }) };
      },
    },
    {
      name: "text module",
      share: 700,
      inNewCells: true,
      make: (n, world) => ({
        request: { guest: { kind: "module", bytes: world.module("hello_world/hello_world.wasm") }, input: wordOf(n) + n },
        wrong: gives(`${wordOf(n)}${n}-wasm`),
      }),
    },
    {
      name: "text module: AssemblyScript",
      share: 300,
      make: (n, world) => ({
        request: { guest: { kind: "module", bytes: world.module("shout/shout.wasm") }, input: wordOf(n) },
        wrong: gives(`${wordOf(n).toUpperCase()}!`),
      }),
    },
    {
      name: "buffer module",
      share: 500,
      inNewCells: true,
      make: (n, world) => {
        const text = `${wordOf(n)}\0${"ü".repeat(n % 200)}`;
        const guest = { kind: "module", bytes: world.module("friendly/echo_buffer.wat") } as const;
        return { request: { guest, input: Buffer.from(text) }, wrong: gives(text) };
      },
    },
    {
      name: "module that no run before had",
      share: 100,
      make: (n, world) => ({
        request: { guest: { kind: "module", bytes: withSection(world.module("friendly/echo_text.wat"), wordOf(n)) }, input: wordOf(n) },
        wrong: gives(wordOf(n)),
      }),
    },
    {
      name: "module with 64 MB of memory",
      share: 40,
      make: (n, world) => {
        const bytes = world.module(large(n % 20));
        return { request: { guest: { kind: "module", bytes }, input: { id: n } }, wrong: gives(null) };
      },
    },
    {
      name: "module: fuel",
      share: 200,
      make: (n, world) => {
        const guest = { kind: "module", bytes: world.module("hello_world/hello_world_buffer.wasm") } as const;
        return {
          request: { guest, input: wordOf(n), limits: { fuel: 1e7 }, ...FIXED },
          wrong: alwaysSpending(fuelModule, gives(`${wordOf(n)}-wasm`)),
        };
      },
    },
    {
      name: "handler: input",
      share: 300,
      make: (n, world) => {
        const input = { id: n, text: wordOf(n) };
        const guest = { kind: "module", bytes: world.module(HANDLER_INPUT) } as const;
        return { request: { guest, input }, wrong: gives(input, info(JSON.stringify(input))) };
      },
    },
    {
      name: "handler: file",
      share: 100,
      make: (n, world) => {
        const { path, content } = world.file(n);
        const guest = { kind: "module", bytes: world.module(HANDLER_FILE) } as const;
        return { request: { guest, grants: { files: [{ name: "note.csv", path }] } }, wrong: gives(true, info(...content.split("\n"))) };
      },
    },
    {
      name: "handler: secret",
      share: 100,
      make: (n, world) => {
        const guest = { kind: "module", bytes: world.module(HANDLER_SECRET) } as const;
        return {
          request: { guest, grants: { secrets: ["KEY"] }, secrets: secretsOf(n) },
          wrong: gives(true, info("[secret KEY]")),
        };
      },
    },
  ];
}
