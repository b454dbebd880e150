// The boot program: evaluated once inside QuickJS while a runtime is built, and frozen with it. What stands here is what every
// JavaScript guest starts with. It runs inside of the guest's own instance, so it protects nothing: it makes the contract pleasant.
//
// Everything it uses later is taken into constants now, because a guest may patch any prototype. No spread, no destructuring of
// arrays and no for-of below: these would run a patched iterator.

(function boot(logDebug, logInfo, logWarning, logError) {
  const { apply, ownKeys, getPrototypeOf, getOwnPropertyDescriptor } = Reflect;
  const { stringify } = JSON;
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
