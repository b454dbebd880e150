// The boot program: evaluated once inside QuickJS while a runtime is built, and frozen with it. What stands here is what every
// JavaScript guest starts with. It runs inside of the guest's own instance, so it protects nothing: it makes the contract pleasant.
//
// Everything it uses later is taken into constants now, because a guest may patch any prototype. No spread, no destructuring of
// arrays and no for-of below: these would run a patched iterator.

(function boot(logDebug, logInfo, logWarning, logError, hostAsk, hostEncode, hostDecode, hostFile) {
  const { apply, ownKeys, getPrototypeOf, getOwnPropertyDescriptor } = Reflect;
  const { stringify, parse } = JSON;
  const { is, keys: enumerableKeys } = Object;
  const { isArray, prototype: arrayPrototype } = Array;
  const finite = Number.isFinite;
  const ObjectPrototype = Object.prototype;
  const toText = String;
  const symbolToText = uncurry(Symbol.prototype.toString);
  const functionToText = uncurry(Function.prototype.toString);
  const slice = uncurry(String.prototype.slice);
  const indexOf = uncurry(String.prototype.indexOf);
  const codeAt = uncurry(String.prototype.charCodeAt);
  const dateToText = uncurry(Date.prototype.toISOString);
  const regexpToText = uncurry(RegExp.prototype.toString);
  const mapForEach = uncurry(Map.prototype.forEach);
  const setForEach = uncurry(Set.prototype.forEach);
  const mapSize = uncurry(getOwnPropertyDescriptor(Map.prototype, "size").get);
  const setSize = uncurry(getOwnPropertyDescriptor(Set.prototype, "size").get);
  const typedArrayTag = uncurry(getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get);
  const NativeError = Error;
  const NativeMap = Map;
  const NativeSet = Set;
  const NativeDate = Date;
  const NativeRegExp = RegExp;
  const NativePromise = Promise;
  const NativeArrayBuffer = ArrayBuffer;
  const NativeWeakMap = WeakMap;
  const NativeWeakSet = WeakSet;

  /** Code units of one message or stack that are worth keeping: the host cuts to less. */
  const TEXT_MAX = 20_000;
  const DEPTH_MAX = 4;
  const ITEMS_MAX = 100;
  const STRING_MAX = 10_000;
  const LINE_WIDTH = 76;
  const CAUSES_MAX = 4;
  /** Levels of a result: whoever reads it may go down by recursion. (QuickJS's own search for cycles is quadratic in it.) */
  const RESULT_DEPTH_MAX = 1000;

  function uncurry(method) {
    return (self, a, b) => apply(method, self, [a, b]);
  }

  // --- What a guest sees

  const { defineProperty } = Reflect;
  const define = (name, value) => defineProperty(globalThis, name, { __proto__: null, value, writable: true, configurable: true });
  const output = {};
  define("inputs", {});
  define("output", output);
  define("result", undefined);
  // Shared memory has nobody to be shared with.
  delete globalThis.SharedArrayBuffer;

  const printer =
    (log) =>
    (...values) =>
      log(`${format(values)}\n`);
  const info = printer(logInfo);
  define("console", {
    log: info,
    info,
    debug: printer(logDebug),
    trace: printer(logDebug),
    warn: printer(logWarning),
    error: printer(logError),
  });

  // --- glovebox: what a guest may ask the host for

  const NativeBytes = Uint8Array;
  const NativeInternalError = InternalError;
  const setBytes = uncurry(NativeBytes.prototype.set);
  const partOf = uncurry(NativeBytes.prototype.subarray);
  const join = uncurry(Array.prototype.join);
  const lowerCase = uncurry(String.prototype.toLowerCase);

  const NUMBERS = { __proto__: null, readInput: 2, writeOutput: 3, readSecret: 4, getTime: 5, httpRequest: 6, httpRead: 7 };
  const LEVELS = { __proto__: null, debug: logDebug, info: logInfo, warning: logWarning, error: logError };
  const NOTHING = new NativeBytes(0);
  /** What `httpRequest` put into files of the guest's own. */
  const received = { __proto__: null };

  class HostError extends NativeError {
    get name() {
      return "HostError";
    }
  }

  class Refused extends HostError {
    get name() {
      return "Refused";
    }
  }

  /** The host gives nothing where the guest has no memory for it. */
  function given(value) {
    if (value === undefined) throw new NativeInternalError("out of memory");
    return value;
  }

  function concatenated(parts) {
    let length = 0;
    for (let i = 0; i < parts.length; i++) length += parts[i].length;
    const whole = new NativeBytes(length);
    let at = 0;
    for (let i = 0; i < parts.length; i++) {
      setBytes(whole, parts[i], at);
      at += parts[i].length;
    }
    return whole;
  }

  function ask(number, argument) {
    const call = new NativeBytes(1 + argument.length);
    call[0] = number;
    setBytes(call, argument, 1);
    const answer = given(hostAsk(call));
    const body = partOf(answer, 1);
    if (answer[0] === 0) return body;
    throw answer[0] === 1 ? new Refused("the host refused this: it is not granted") : new HostError(given(hostDecode(body)));
  }

  function encoded(value) {
    return given(hostEncode(toText(value)));
  }

  class Content {
    #bytes;

    constructor(bytes) {
      this.#bytes = bytes;
    }

    bytes() {
      return this.#bytes;
    }

    text() {
      return given(hostDecode(this.bytes()));
    }

    json() {
      return parse(this.text());
    }
  }

  class Response extends Content {
    #open;

    constructor(head, bytes, open) {
      super(bytes);
      this.#open = open;
      this.status = head.status;
      this.ok = head.status >= 200 && head.status < 300;
      this.headers = { __proto__: null };
      for (let i = 0; i < head.headers.length; i++) {
        const name = head.headers[i][0];
        const value = head.headers[i][1];
        this.headers[name] = name in this.headers ? `${this.headers[name]}, ${value}` : value;
      }
    }

    read() {
      const piece = this.#open ? ask(NUMBERS.httpRead, NOTHING) : NOTHING;
      if (piece.length === 0) this.#open = false;
      return piece.length === 0 ? null : piece;
    }

    bytes() {
      if (!this.#open) return super.bytes();
      const parts = { __proto__: null, length: 0 };
      for (let piece = this.read(); piece !== null; piece = this.read()) add(parts, piece);
      return concatenated(parts);
    }
  }

  function pairsOf(headers) {
    const pairs = { __proto__: null, length: 0 };
    const names = isArray(headers) ? headers : enumerableKeys(headers ?? {});
    for (let i = 0; i < names.length; i++) {
      const name = isArray(headers) ? names[i][0] : names[i];
      add(pairs, [toText(name), toText(isArray(headers) ? names[i][1] : headers[name])]);
    }
    return pairs;
  }

  function bodyOf(body, pairs) {
    if (body === undefined || body === null) return NOTHING;
    if (typeof body === "string") return encoded(body);
    if (body instanceof NativeBytes) return body;
    if (body instanceof NativeArrayBuffer) return new NativeBytes(body);
    let typed = false;
    for (let i = 0; i < pairs.length; i++) if (lowerCase(pairs[i][0]) === "content-type") typed = true;
    if (!typed) add(pairs, ["content-type", "application/json"]);
    return encoded(stringify(body));
  }

  function httpRequest(url, options) {
    const { method = "GET", headers, body, stream = false, file } = options ?? {};
    const pairs = pairsOf(headers);
    const sent = bodyOf(body, pairs);
    const open = stream === true || file !== undefined;
    const texts = [];
    for (let i = 0; i < pairs.length; i++) texts[i] = stringify(pairs[i]);
    const head = encoded(
      `{"url":${stringify(toText(url))},"method":${stringify(toText(method))},"headers":[${join(texts, ",")}],"stream":${open}}`,
    );
    const size = new NativeBytes(4);
    for (let i = 0; i < 4; i++) size[i] = (head.length >>> (8 * i)) & 255;
    const answer = ask(NUMBERS.httpRequest, concatenated([size, head, sent]));
    const end = 4 + (answer[0] | (answer[1] << 8) | (answer[2] << 16) | (answer[3] << 24));
    const response = new Response(parse(given(hostDecode(partOf(answer, 4, end)))), partOf(answer, end), open);
    if (file !== undefined) received[toText(file)] = response.bytes();
    return response;
  }

  function log(level, message) {
    const write = message === undefined ? logInfo : LEVELS[level];
    if (write === undefined) throw new TypeError(`no such level: ${toText(level)}`);
    const text = message === undefined ? level : message;
    write(`${typeof text === "string" ? text : inspect(text)}\n`);
  }

  function open(name) {
    const text = toText(name);
    const content = text in received ? received[text] : hostFile(text);
    if (content === undefined) throw new HostError(`there is no file "${text}"`);
    return new Content(content);
  }

  define("glovebox", {
    HostError,
    Refused,
    httpRequest,
    log,
    open,
    now() {
      const time = ask(NUMBERS.getTime, NOTHING);
      let nanoseconds = 0;
      for (let i = 7; i >= 0; i--) nanoseconds = nanoseconds * 256 + time[i];
      return Math.round(nanoseconds / 1e6);
    },
    secret: (name) => given(hostDecode(ask(NUMBERS.readSecret, encoded(name)))),
    readInput: () => parse(given(hostDecode(ask(NUMBERS.readInput, NOTHING)))),
    writeOutput(value) {
      ask(NUMBERS.writeOutput, encoded(serialise(value)));
    },
  });

  // --- console: values as text

  function format(values) {
    let text = "";
    let next = 0;
    if (typeof values[0] === "string") {
      next = 1;
      const template = values[0];
      let from = 0;
      for (let at = indexOf(template, "%"); at >= 0 && values.length > 1; at = indexOf(template, "%", from)) {
        const directive = codeAt(template, at + 1);
        text += slice(template, from, at);
        from = at + 2;
        if (directive === 0x25) text += "%";
        else if (next >= values.length || !isDirective(directive)) text += slice(template, at, from);
        else text += formatDirective(directive, values[next++]);
      }
      text += slice(template, from);
    }
    for (; next < values.length; next++) {
      const value = values[next];
      if (next > 0) text += " ";
      text += typeof value === "string" ? value : inspect(value);
    }
    return text;
  }

  /** Is it one of `s d i f j o O c`? */
  function isDirective(code) {
    return (
      code === 0x73 || code === 0x64 || code === 0x69 || code === 0x66 || code === 0x6a || code === 0x6f || code === 0x4f || code === 0x63
    );
  }

  function formatDirective(directive, value) {
    if (directive === 0x63) return ""; // %c: styles mean nothing here
    if (directive === 0x6a) return stringify(value) ?? "undefined";
    if (directive === 0x6f || directive === 0x4f) return inspect(value);
    if (directive === 0x73) return typeof value === "string" ? value : inspect(value);
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "object" || typeof value === "symbol") return "NaN";
    const number = +value;
    return directive === 0x69 && finite(number) ? toText(number - (number % 1)) : toText(number);
  }

  function inspect(value) {
    return inspectAt(value, 0, { __proto__: null, length: 0 });
  }

  function inspectAt(value, depth, above) {
    switch (typeof value) {
      case "string":
        return quote(value);
      case "number":
        return is(value, -0) ? "-0" : toText(value);
      case "bigint":
        return `${value}n`;
      case "symbol":
        return symbolToText(value);
      case "function":
        return inspectFunction(value);
      case "object":
        return value === null ? "null" : inspectObject(value, depth, above);
      default:
        return toText(value);
    }
  }

  function quote(text) {
    const cut = text.length > STRING_MAX ? slice(text, 0, STRING_MAX) : text;
    const quoted = indexOf(cut, "'") < 0 && indexOf(cut, "\n") < 0 && indexOf(cut, "\\") < 0 ? `'${cut}'` : stringify(cut);
    return cut === text ? quoted : `${quoted}... ${text.length - STRING_MAX} more characters`;
  }

  function inspectFunction(value) {
    const descriptor = getOwnPropertyDescriptor(value, "name");
    const name = descriptor && typeof descriptor.value === "string" ? descriptor.value : "";
    const kind = slice(functionToText(value), 0, 6) === "class " ? "class" : "Function";
    return name === "" ? `[${kind} (anonymous)]` : `[${kind}: ${name}]`;
  }

  function inspectObject(value, depth, above) {
    for (let i = 0; i < above.length; i++) if (above[i] === value) return "[Circular]";
    if (value instanceof NativeError) return describeStack(value, 0);
    const prototype = getPrototypeOf(value);
    const name = classOf(prototype);
    if (value instanceof NativeDate) return attempt(() => dateToText(value), "Invalid Date");
    if (value instanceof NativeRegExp) return attempt(() => regexpToText(value), "[RegExp]");
    if (value instanceof NativePromise) return "Promise {}";
    const array = isArray(value);
    const tag = typedArrayTag(value);
    if (depth >= DEPTH_MAX) return array ? "[Array]" : `[${name === "" ? "Object" : name}]`;
    above[above.length++] = value;
    const list = { __proto__: null, length: 0 };
    let prefix =
      prototype === ObjectPrototype || (array && prototype === arrayPrototype)
        ? ""
        : name === ""
          ? "[Object: null prototype] "
          : `${name} `;
    let indexed = 0;
    if (array || tag !== undefined) {
      indexed = value.length;
      if (tag !== undefined) prefix = `${tag}(${indexed}) `;
      for (let i = 0; i < indexed && i < ITEMS_MAX; i++) add(list, inspectProperty(value, i, depth, above));
      if (indexed > ITEMS_MAX) add(list, `... ${indexed - ITEMS_MAX} more`);
    } else if (value instanceof NativeMap) {
      prefix = attempt(() => `${name}(${mapSize(value)}) `, prefix);
      attempt(() =>
        mapForEach(value, (item, key) => addEntry(list, `${inspectAt(key, depth + 1, above)} => ${inspectAt(item, depth + 1, above)}`)),
      );
    } else if (value instanceof NativeSet) {
      prefix = attempt(() => `${name}(${setSize(value)}) `, prefix);
      attempt(() => setForEach(value, (item) => addEntry(list, inspectAt(item, depth + 1, above))));
    }
    addProperties(list, value, array || tag !== undefined ? indexed : -1, depth, above);
    above.length--;
    return layOut(prefix, list, array || tag !== undefined ? "[" : "{", array || tag !== undefined ? "]" : "}", depth);
  }

  function add(list, text) {
    list[list.length++] = text;
  }

  function addEntry(list, text) {
    if (list.length < ITEMS_MAX) add(list, text);
    else if (list.length === ITEMS_MAX) add(list, "...");
  }

  function addProperties(list, value, indexed, depth, above) {
    const names = ownKeys(value);
    const shownMax = list.length + ITEMS_MAX;
    // Of an array, the indices come first: they have been shown.
    for (let i = indexed > 0 ? indexed : 0; i < names.length; i++) {
      const name = names[i];
      const descriptor = getOwnPropertyDescriptor(value, name);
      if (!descriptor?.enumerable) continue;
      if (list.length >= shownMax) {
        add(list, `... ${names.length - i} more`);
        return;
      }
      const label = typeof name === "symbol" ? `[${symbolToText(name)}]` : isName(name) ? name : quote(name);
      add(list, `${label}: ${inspectProperty(value, name, depth, above)}`);
    }
  }

  /** Getters are named and not run: printing an object changes nothing. */
  function inspectProperty(value, name, depth, above) {
    const descriptor = getOwnPropertyDescriptor(value, name);
    if (!descriptor) return "<empty>";
    if (descriptor.get || descriptor.set) return descriptor.get ? (descriptor.set ? "[Getter/Setter]" : "[Getter]") : "[Setter]";
    return inspectAt(descriptor.value, depth + 1, above);
  }

  function layOut(prefix, list, open, close, depth) {
    if (list.length === 0) return `${prefix}${open}${close}`;
    let oneLine = "";
    let several = false;
    for (let i = 0; i < list.length; i++) {
      if (indexOf(list[i], "\n") >= 0) several = true;
      if (!several) oneLine += i === 0 ? list[i] : `, ${list[i]}`;
      if (oneLine.length > LINE_WIDTH) several = true;
      if (several) break;
    }
    if (!several) return open === "[" ? `${prefix}[ ${oneLine} ]` : `${prefix}{ ${oneLine} }`;
    let indent = "  ";
    for (let i = 0; i < depth; i++) indent += "  ";
    let lines = "";
    for (let i = 0; i < list.length; i++) lines += `${i === 0 ? "" : ","}\n${indent}${list[i]}`;
    return `${prefix}${open}${lines}\n${slice(indent, 2)}${close}`;
  }

  function isName(text) {
    if (text === "" || text.length > 100) return false;
    for (let i = 0; i < text.length; i++) {
      const code = codeAt(text, i);
      const letter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code === 0x24;
      if (!letter && !(i > 0 && code >= 0x30 && code <= 0x39)) return false;
    }
    return true;
  }

  function classOf(prototype) {
    if (prototype === null) return "";
    return attempt(() => {
      const maker = prototype.constructor;
      return typeof maker === "function" && typeof maker.name === "string" ? maker.name : "Object";
    }, "Object");
  }

  function attempt(action, otherwise) {
    try {
      return action();
    } catch {
      return otherwise;
    }
  }

  // --- How a guest ends

  /** What the boot program itself throws: it has no stack that anyone wants to see. */
  let refusal;

  function refuse(message) {
    refusal = { __proto__: null, message };
    throw refusal;
  }

  /** The result as JSON. `value` is what the code returned; with nothing returned, `result` counts, then `output`. */
  function finish(value) {
    let chosen = value;
    if (chosen === undefined) chosen = globalThis.result;
    if (chosen === undefined) chosen = globalThis.output;
    // `output` into which nothing was put. (It is there for code that fills it, and says nothing about code that does not.)
    if (chosen === output && enumerableKeys(output).length === 0) chosen = null;
    return serialise(chosen ?? null);
  }

  function serialise(root) {
    const wrapper = { "": root };
    // Where we are: `holders[i]` was reached under `names[i]`.
    const holders = { __proto__: null };
    const names = { __proto__: null };
    let depth = 0;
    const replace = function (key, value) {
      while (depth > 0 && holders[depth - 1] !== this) depth--;
      if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
      if (typeof value === "number" && finite(value)) return value;
      names[depth] = key;
      const problem = unserialisable(value);
      if (problem !== undefined) refuse(`cannot output ${problem}${place(holders, names, depth)}`);
      if (depth >= RESULT_DEPTH_MAX) refuse(`cannot output more than ${RESULT_DEPTH_MAX} levels${place(holders, names, depth)}`);
      holders[depth++] = value;
      return value;
    };
    try {
      return stringify(wrapper[""], replace);
    } catch (error) {
      // QuickJS finds cycles itself, right after the replacer has seen the value.
      if (error === refusal || !isCycle(error, holders, depth)) throw error;
      return refuse(`cannot output a cycle${place(holders, names, depth - 1)}`);
    }
  }

  function isCycle(error, holders, depth) {
    if (!(error instanceof TypeError) || depth === 0) return false;
    for (let i = 0; i < depth - 1; i++) if (holders[i] === holders[depth - 1]) return true;
    return false;
  }

  function unserialisable(value) {
    switch (typeof value) {
      case "undefined":
        return "undefined";
      case "number":
        return toText(value);
      case "bigint":
        return "a BigInt (use a string or Number(...))";
      case "symbol":
        return "a symbol";
      case "function":
        return "a function";
      default:
    }
    if (isArray(value)) return undefined;
    const prototype = getPrototypeOf(value);
    if (prototype === ObjectPrototype || prototype === null) return undefined;
    if (value instanceof NativePromise) return "a Promise (is an await missing?)";
    if (value instanceof NativeMap) return "a Map (use Object.fromEntries(...))";
    if (value instanceof NativeSet) return "a Set (use Array.from(...))";
    if (value instanceof NativeRegExp) return "a RegExp (use its source)";
    if (value instanceof NativeError) return "an Error (use its message)";
    if (typedArrayTag(value) !== undefined) return `${typedArrayTag(value)} (use Array.from(...))`;
    if (value instanceof NativeArrayBuffer) return "an ArrayBuffer";
    if (value instanceof NativeWeakMap || value instanceof NativeWeakSet) return "a weak collection";
    return undefined;
  }

  function place(holders, names, depth) {
    let path = "";
    for (let i = 1; i <= depth; i++) {
      const name = names[i];
      path += isArray(holders[i - 1]) ? `[${name}]` : isName(name) ? `.${name}` : `[${stringify(name)}]`;
    }
    return path === "" ? "" : `, at result${slice(path, 0, 500)}`;
  }

  /** What was thrown, as name, message and traceback with a NUL between them. Guests throw proxies, too: nothing here may throw. */
  function describe(thrown) {
    if (thrown === refusal && refusal !== undefined) return fields("TypeError", refusal.message, `TypeError: ${refusal.message}`);
    if (isError(thrown)) return fields(nameOf(thrown), textOf(thrown, "message"), describeStack(thrown, 0));
    const text = attempt(() => inspect(thrown), "");
    const message = typeof thrown === "string" ? thrown : text;
    const name = typeof thrown === "object" && thrown !== null ? attempt(() => classOf(getPrototypeOf(thrown)), "Object") : typeof thrown;
    return fields(name === "" ? "Object" : name, message, `Uncaught ${text}`);
  }

  function fields(name, message, traceback) {
    return `${withoutNul(slice(name, 0, 200))}\0${withoutNul(slice(message, 0, TEXT_MAX))}\0${slice(traceback, 0, TEXT_MAX)}`;
  }

  function withoutNul(text) {
    let clean = "";
    let from = 0;
    for (let at = indexOf(text, "\0"); at >= 0; at = indexOf(text, "\0", from)) {
      clean += `${slice(text, from, at)}\ufffd`;
      from = at + 1;
    }
    return from === 0 ? text : clean + slice(text, from);
  }

  /** An Error, or what has its texts, as a DOMException does. */
  function isError(thrown) {
    return attempt(() => {
      if (typeof thrown !== "object" || thrown === null) return false;
      return thrown instanceof NativeError || (typeof thrown.message === "string" && typeof thrown.stack === "string");
    }, false);
  }

  function nameOf(error) {
    const name = textOf(error, "name");
    return name === "" ? "Error" : name;
  }

  function textOf(error, property) {
    return attempt(() => {
      const value = error[property];
      return typeof value === "string" ? value : value === undefined ? "" : inspect(value);
    }, "");
  }

  function describeStack(error, causes) {
    const message = textOf(error, "message");
    const stack = textOf(error, "stack");
    let text = message === "" ? nameOf(error) : `${nameOf(error)}: ${message}`;
    if (stack !== "") text += `\n${codeAt(stack, stack.length - 1) === 0x0a ? slice(stack, 0, stack.length - 1) : stack}`;
    const cause = attempt(() => error.cause, undefined);
    if (cause !== undefined && causes < CAUSES_MAX) {
      text += `\ncaused by ${isError(cause) ? describeStack(cause, causes + 1) : attempt(() => inspect(cause), "")}`;
    }
    return text;
  }

  return [describe, finish];
});
