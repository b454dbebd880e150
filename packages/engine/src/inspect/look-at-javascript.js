// The program that looks at JavaScript and TypeScript, itself a guest: `inputs.source` is what it looks at, and is only ever parsed. It
// tells what it saw as observation.ts says. It never recurses, so that depth is the parser's business alone.
// In its global scope: `inputs`, `parseJavaScript` and `stripTypes`.

// As in observation.ts: more than this is cut off there, and counted here.
const KEPT = { imports: 200, asks: 200, findings: 500 };
const SUBJECT_MAX = 100;
const URL_MAX = 1000;

const LINE_MAX = 1000;
const LITERAL_MIN = 200;
const ELEMENTS_MAX = 2 ** 24;

const DYNAMIC = new Set(["eval", "Function", "AsyncFunction", "GeneratorFunction"]);
const INTROSPECTION = new Set([
  "__proto__",
  "__defineGetter__",
  "__defineSetter__",
  "__lookupGetter__",
  "__lookupSetter__",
  "callee",
  "prepareStackTrace",
  "captureStackTrace",
]);
const INTROSPECTION_PATHS = new Set([
  "Object.setPrototypeOf",
  "Object.getPrototypeOf",
  "Reflect.setPrototypeOf",
  "Reflect.getPrototypeOf",
  "Reflect.construct",
]);
const CLOCKS = new Set(["Date", "Date.now", "performance.now", "glovebox.now"]);
const CHANCE = new Set(["Math.random", "crypto.getRandomValues", "crypto.randomUUID"]);
const HOST = new Map([
  ["glovebox.httpRequest", "http"],
  ["glovebox.secret", "secret"],
  ["glovebox.open", "file"],
]);
const OTHER_HOST = new Set(["glovebox.log", "glovebox.readInput", "glovebox.writeOutput"]);
const ABSENT = new Set([
  "fetch",
  "XMLHttpRequest",
  "WebSocket",
  "process",
  "Deno",
  "Bun",
  "setTimeout",
  "setInterval",
  "Worker",
  "document",
  "window",
]);
const SIZED = new Set(["Array", "ArrayBuffer", "SharedArrayBuffer"]);
const TYPED = /^(?:Big)?(?:Ui|I)nt(?:8|16|32|64)(?:Clamped)?Array$|^Float(?:16|32|64)Array$/;
const GROWING = new Set(["repeat", "padStart", "padEnd"]);
const BUILT_IN = new Set([
  "Object",
  "Array",
  "String",
  "Number",
  "Boolean",
  "Function",
  "Promise",
  "Map",
  "Set",
  "RegExp",
  "Error",
  "JSON",
  "Math",
]);

const URLS = /https?:\/\/[!#-;=?-[\]_a-z~]{1,1000}/gi;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const INVISIBLE = /[\u034f\u00ad\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2064\ufeff\u3164\uffa0\u{e0001}-\u{e007f}]/u;
const OTHER_SCRIPT = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: characters that are not ASCII are looked for by those that are
const ASCII = /^[\u0000-\u007f]*$/;

class Observation {
  kept = { imports: [], asks: [], findings: [] };
  dropped = 0;
  #seen = new Set();
  #starts = [0];

  /** From now on offsets are those in `source`. Types are taken away without a change to lines, and to columns where it can be helped. */
  read(source) {
    this.#starts = [0];
    const ends = /\r\n|[\n\r\u2028\u2029]/g;
    while (ends.test(source)) this.#starts.push(ends.lastIndex);
  }

  /** 1-based line and column, in UTF-16 units. */
  place(offset) {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low] + 1 };
  }

  keep(what, item) {
    if (this.kept[what].length < KEPT[what]) this.kept[what].push(item);
    else this.dropped++;
  }

  find(code, subject, offset) {
    const place = this.place(offset);
    const key = `${code} ${place.line} ${place.column}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.keep("findings", { code, subject: String(subject).slice(0, SUBJECT_MAX), ...place });
  }

  ask(what, value, form, offset, method = null) {
    this.keep("asks", { what, value: value === null ? null : value.slice(0, URL_MAX), form, method, ...this.place(offset) });
  }

  get starts() {
    return this.#starts;
  }
}

function look({ source, language, filename }) {
  const observed = new Observation();
  observed.read(source);
  lookAtText(source, observed);
  let error = null;
  try {
    const script = language === "typescript" ? stripTypes(source, filename) : source;
    observed.read(script);
    lookAtTree(parse(script), script, observed);
  } catch (problem) {
    // What the engine throws for want of memory or stack ends this guest: that is what is to be told. Too deep a tree is a RangeError.
    if (!(problem instanceof SyntaxError)) throw problem;
    error = describe(problem, observed);
  }
  return { ...observed.kept, dropped: observed.dropped, error };
}

/** A step's code is the body of an async function; a file that is none may be a module. */
function parse(source) {
  return parseJavaScript(source, {
    sourceType: "script",
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    allowImportExportEverywhere: true,
    allowHashBang: true,
  });
}

function describe(problem, observed) {
  const stripped = /:(\d+):(\d+)\n/.exec(problem.stack);
  const place =
    typeof problem.pos === "number"
      ? observed.place(problem.pos)
      : { line: Math.max(1, Number(stripped?.[1] ?? 1)), column: Math.max(1, Number(stripped?.[2] ?? 1)) };
  return {
    message: String(problem.message)
      .replace(/ \(\d+:\d+\)$/, "")
      .slice(0, SUBJECT_MAX),
    ...place,
  };
}

function lookAtText(source, observed) {
  const { starts } = observed;
  starts.forEach((start, index) => {
    const line = source.slice(start, starts[index + 1] ?? source.length);
    if (line.length > LINE_MAX) observed.find("long-line", line.length, start);
    if (ASCII.test(line)) return;
    for (const [pattern, code] of [
      [BIDI, "bidi-control"],
      [INVISIBLE, "invisible-character"],
    ]) {
      const match = pattern.exec(line);
      if (match) observed.find(code, `U+${match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`, start + match.index);
    }
  });
}

/** Calls `visit` for a node and all below it, in the order of the source. A visit that returns false leaves out what is below. */
function walk(root, visit) {
  const pending = [root];
  while (pending.length > 0) {
    const node = pending.pop();
    if (visit(node) === false) continue;
    const below = [];
    for (const key in node) {
      const value = node[key];
      if (value === null || typeof value !== "object") continue;
      if (Array.isArray(value)) {
        for (const item of value) if (item !== null && typeof item?.type === "string") below.push(item);
      } else if (typeof value.type === "string") below.push(value);
    }
    for (let i = below.length - 1; i >= 0; i--) pending.push(below[i]);
  }
}

function lookAtTree(tree, source, observed) {
  const looker = new Looker(source, observed, namesOf(tree));
  walk(tree, (node) => looker.visit(node));
}

/** Names that are given one thing and nothing else: texts, and what `glovebox` and globals are called. */
function namesOf(tree) {
  const texts = new Map();
  const paths = new Map();
  const assigned = new Map();
  const count = (name) => assigned.set(name, (assigned.get(name) ?? 0) + 1);
  walk(tree, (node) => {
    if (node.type === "VariableDeclarator" && node.id.type === "Identifier") {
      count(node.id.name);
      if (node.init?.type === "Literal" && typeof node.init.value === "string") texts.set(node.id.name, node.init.value);
      const path = pathOf(node.init, new Map());
      if (path !== undefined) paths.set(node.id.name, path);
    } else if (node.type === "VariableDeclarator" && node.id.type === "ObjectPattern") {
      const path = pathOf(node.init, new Map());
      for (const property of node.id.properties) {
        if (property.type !== "Property" || property.computed || property.value.type !== "Identifier") continue;
        count(property.value.name);
        if (path !== undefined) paths.set(property.value.name, `${path}.${property.key.name ?? property.key.value}`);
      }
    } else if (node.type === "AssignmentExpression" && node.left.type === "Identifier") count(node.left.name);
    else if (node.type === "UpdateExpression" && node.argument.type === "Identifier") count(node.argument.name);
  });
  for (const map of [texts, paths]) for (const name of map.keys()) if (assigned.get(name) !== 1) map.delete(name);
  return { texts, paths };
}

const GLOBAL = /^(?:globalThis|self|window|global)\./;

/** `object.name` of what an expression names, through the names that are given such; undefined for anything else. */
function pathOf(node, paths) {
  const names = [];
  let at = node;
  while (at?.type === "MemberExpression" || at?.type === "ChainExpression") {
    if (at.type === "ChainExpression") {
      at = at.expression;
      continue;
    }
    const name = keyOf(at);
    if (name === undefined || names.length > 10) return undefined;
    names.push(name);
    at = at.object;
  }
  if (at?.type !== "Identifier") return undefined;
  names.push(paths.get(at.name) ?? at.name);
  return names.reverse().join(".").replace(GLOBAL, "");
}

/** The name that a member expression reads, where it is written out, in one piece or in several. */
function keyOf({ computed, property }) {
  if (!computed) return property.name;
  const { text, whole } = textOf(property, new Map());
  return whole ? text : undefined;
}

/** The text that an expression is as far as it is written out, and whether that is all of it. */
function textOf(node, texts) {
  let text = "";
  const pending = [node];
  while (pending.length > 0) {
    const at = pending.pop();
    if (at.type === "Literal" && typeof at.value === "string") text += at.value;
    else if (at.type === "TemplateElement") text += at.value.cooked ?? "";
    else if (at.type === "Identifier" && texts.has(at.name)) text += texts.get(at.name);
    else if (at.type === "BinaryExpression" && at.operator === "+") pending.push(at.right, at.left);
    else if (at.type === "TemplateLiteral") {
      for (let i = at.quasis.length - 1; i >= 0; i--) {
        if (i < at.expressions.length) pending.push(at.expressions[i]);
        pending.push(at.quasis[i]);
      }
    } else return { text, whole: false };
  }
  return { text, whole: true };
}

class Looker {
  #source;
  #observed;
  #names;
  #askedUrls = new Set(); // nodes that a request was seen with

  constructor(source, observed, names) {
    this.#source = source;
    this.#observed = observed;
    this.#names = names;
  }

  #find(code, subject, node) {
    this.#observed.find(code, subject, node.start);
  }

  visit(node) {
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
        if (node.source) this.#imported(String(node.source.value), node.source);
        break;
      case "ImportExpression":
        this.#find("dynamic-code", "import()", node);
        this.#imported(textOf(node.source, this.#names.texts).text || "?", node);
        break;
      case "Identifier":
        this.#identifier(node);
        break;
      case "CallExpression":
      case "NewExpression":
        this.#called(node);
        break;
      case "MemberExpression":
        this.#member(node);
        break;
      case "Property":
        if (!node.computed && (node.key.name ?? node.key.value) === "__proto__") this.#find("introspection", "__proto__", node.key);
        break;
      case "AssignmentExpression":
        this.#assigned(node.left);
        break;
      case "WithStatement":
        this.#find("introspection", "with", node);
        break;
      case "Literal":
        if (typeof node.value === "string") this.#literal(node.value, node);
        break;
      case "TemplateLiteral":
        this.#literal(node.quasis.map(({ value }) => value.cooked ?? "").join(""), node);
        break;
      case "BinaryExpression":
        this.#computed(node);
        break;
      case "WhileStatement":
      case "DoWhileStatement":
      case "ForStatement":
        if ((node.test === null || isTrue(node.test)) && !leaves(node))
          this.#find("unbounded-loop", node.type === "ForStatement" ? "for" : "while", node);
        break;
    }
  }

  #identifier(node) {
    const { name } = node;
    if (DYNAMIC.has(name)) this.#find("dynamic-code", name, node);
    // A name that is written with escapes reads differently from what it is.
    if (this.#source.slice(node.start, node.end).includes("\\")) this.#find("escaped-name", name, node);
    if (ASCII.test(name)) return;
    if (OTHER_SCRIPT.test(name) && /[A-Za-z]/.test(name)) this.#find("lookalike-name", name, node);
    else if (ASCII.test(name.normalize("NFKC"))) this.#find("lookalike-name", name, node);
  }

  #imported(name, node) {
    this.#observed.keep("imports", { name: name.slice(0, SUBJECT_MAX), known: false, ...this.#observed.place(node.start) });
  }

  #path(node) {
    return pathOf(node, this.#names.paths);
  }

  #called(node) {
    const { callee, arguments: given } = node;
    if (callee.type === "Import") return;
    if (callee.type === "Identifier" && callee.name === "require" && given.length > 0) {
      this.#imported(textOf(given[0], this.#names.texts).text || "?", node);
      return;
    }
    const path = this.#path(callee);
    if (callee.type === "MemberExpression" && keyOf(callee) === "constructor") this.#find("dynamic-code", "constructor", callee.property);
    if (callee.type === "MemberExpression" && GROWING.has(keyOf(callee))) {
      const times = given.length > 0 ? numberOf(given[0]) : undefined;
      if (times !== undefined && times > ELEMENTS_MAX) this.#find("big-allocation", keyOf(callee), node);
    }
    if (path === undefined) return;
    if (DYNAMIC.has(path)) {
      if (given.some((argument) => this.#decodes(argument))) this.#find("decoded-code", path, node);
    }
    const size = given.length > 0 ? numberOf(given[0]) : undefined;
    if (size !== undefined && size > ELEMENTS_MAX && (SIZED.has(path) || TYPED.test(path))) this.#find("big-allocation", path, node);
    if (CLOCKS.has(path) && (path !== "Date" || given.length === 0)) this.#observed.ask("time", path, "whole", node.start);
    if (CHANCE.has(path)) this.#observed.ask("random", path, "whole", node.start);
    if (OTHER_HOST.has(path)) this.#observed.ask("host", path.slice("glovebox.".length), "whole", node.start);
    if (ABSENT.has(path.split(".", 1)[0])) this.#find("not-offered", path, node);
    if (path === "String.fromCharCode" && given.length >= 16 && given.every((argument) => argument.type === "Literal"))
      this.#find("encoded-literal", given.length, node);
    const what = HOST.get(path);
    if (what !== undefined) this.#asked(what, node);
  }

  #asked(what, { arguments: [given, options], start }) {
    let method = null;
    if (what === "http" && options !== undefined) {
      const property = options.properties?.find(({ key }) => (key?.name ?? key?.value) === "method");
      const named = property && textOf(property.value, this.#names.texts);
      if (options.type !== "ObjectExpression" || (named && !named.whole)) method = "?";
      else if (named) method = named.text.slice(0, 20);
    }
    if (given === undefined) {
      this.#observed.ask(what, null, "computed", start, method);
      return;
    }
    const { text, whole } = textOf(given, this.#names.texts);
    walk(given, (inner) => {
      this.#askedUrls.add(inner);
    });
    this.#observed.ask(what, text === "" ? null : text, whole ? "whole" : text === "" ? "computed" : "start", start, method);
  }

  /** Whether code that is run comes out of a decoder, or out of a literal that looks encoded. */
  #decodes(argument) {
    let found = false;
    walk(argument, (node) => {
      if (node.type === "CallExpression") {
        const path = this.#path(node.callee);
        if (path === "atob" || path === "String.fromCharCode" || path === "unescape" || path === "decodeURIComponent") found = true;
      }
      if (node.type === "Literal" && typeof node.value === "string" && isEncoded(node.value, this.#source.slice(node.start, node.end)))
        found = true;
      return !found;
    });
    return found;
  }

  #member(node) {
    const name = keyOf(node);
    if (name === undefined) {
      const path = this.#path(node.object);
      if (path !== undefined && /^(?:globalThis|self|window|global)$/.test(path)) this.#find("computed-name", path, node);
      return;
    }
    if (INTROSPECTION.has(name) && (name !== "callee" || this.#path(node.object) === "arguments"))
      this.#find("introspection", name, node.property);
    if (name === "constructor" && node.object.type === "MemberExpression" && keyOf(node.object) === "constructor")
      this.#find("introspection", "constructor.constructor", node.object.property);
    if (DYNAMIC.has(name) && this.#path(node) === name && node.computed) this.#find("dynamic-code", name, node.property);
    const path = this.#path(node);
    if (path !== undefined && INTROSPECTION_PATHS.has(path)) this.#find("introspection", path, node);
  }

  /** What is put into a prototype that all share changes everything that comes after. */
  #assigned(target) {
    const path = target.type === "MemberExpression" ? this.#path(target) : undefined;
    const [first = "", second] = path?.split(".") ?? [];
    if (second === "prototype" && BUILT_IN.has(first)) this.#find("introspection", `${first}.prototype`, target);
  }

  #literal(value, node) {
    if (value.length >= LITERAL_MIN && isEncoded(value, this.#source.slice(node.start, node.end)))
      this.#find("encoded-literal", value.length, node);
    if (this.#askedUrls.has(node) || !value.includes("://")) return;
    for (const [url] of value.matchAll(URLS)) this.#observed.ask("url", url, url === value ? "whole" : "start", node.start);
  }

  #computed({ operator, left, right, start }) {
    if (operator !== "**" && operator !== "<<") return;
    if (typeof left.value !== "bigint" || typeof right.value !== "bigint") return;
    const bits = BigInt(left.value.toString(2).length);
    const size = operator === "**" ? (bits > 1n ? bits * right.value : 0n) : right.value;
    if (size > BigInt(ELEMENTS_MAX) * 8n) this.#observed.find("big-allocation", operator, start);
  }
}

function isEncoded(value, raw) {
  if (value.length < LITERAL_MIN) return false;
  const compact = value.slice(0, 100_000).replace(/\s/g, "");
  if (/^[A-Za-z0-9+/_-]{200,}={0,2}$/.test(compact) && new Set(compact).size > 8) return true;
  return (raw.slice(0, 100_000).match(/\\(?:x[0-9a-f]{2}|u[0-9a-f]{4})/gi)?.length ?? 0) >= 50;
}

/** A number that is written out, or made of two such; undefined for anything else. */
function numberOf(node) {
  if (node.type === "Literal" && typeof node.value === "number") return node.value;
  if (node.type !== "BinaryExpression" || node.left.type !== "Literal" || node.right.type !== "Literal") return undefined;
  const [left, right] = [node.left.value, node.right.value];
  if (typeof left !== "number" || typeof right !== "number") return undefined;
  return { "*": left * right, "+": left + right, "**": left ** right, "<<": left << right }[node.operator];
}

function isTrue(test) {
  if (test.type === "Literal") return Boolean(test.value);
  return test.type === "UnaryExpression" && test.operator === "!" && test.argument.type === "Literal" && !test.argument.value;
}

/** Whether something in a loop ends it: a break out of it, a return or a throw, or a yield, which hands over to whoever drives it. */
function leaves(loop) {
  const pending = [{ node: loop.body, own: true }];
  // A label belongs to what is inside: a break to one that is not leaves the loop.
  const labels = new Set();
  while (pending.length > 0) {
    const { node, own } = pending.pop();
    let ownBelow = own;
    switch (node.type) {
      case "ReturnStatement":
      case "ThrowStatement":
      case "YieldExpression":
        return true;
      case "BreakStatement":
        if (node.label ? !labels.has(node.label.name) : own) return true;
        break;
      case "LabeledStatement":
        labels.add(node.label.name);
        break;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "ClassDeclaration":
      case "ClassExpression":
        continue;
      case "WhileStatement":
      case "DoWhileStatement":
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
      case "SwitchStatement":
        ownBelow = false;
        break;
    }
    for (const key in node) {
      const value = node[key];
      if (value === null || typeof value !== "object") continue;
      for (const item of Array.isArray(value) ? value : [value])
        if (typeof item?.type === "string") pending.push({ node: item, own: ownBelow });
    }
  }
  return false;
}

// biome-ignore lint/correctness/noUnusedVariables: what a guest calls so is its output
const result = look(inputs);
