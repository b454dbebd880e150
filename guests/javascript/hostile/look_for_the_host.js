// The ways in which guests of other sandboxes reached the host's objects.
const found = [];
const globals = Function("return this")();
for (const name of ["process", "require", "module", "WebAssembly", "fetch", "Atomics", "SharedArrayBuffer", "setTimeout", "performance", "std", "os", "Buffer", "WebAssembly", "navigator", "gc", "print", "scriptArgs"]) {
  if (name in globals) found.push(name);
}
const probe = (what, action) => {
  try {
    if (action() !== undefined) found.push(what);
  } catch (error) {
    if (!(error instanceof Error)) found.push(`${what} threw a foreign error`);
  }
};
probe("constructor of this", () => globalThis.constructor.constructor("return typeof process === 'undefined' ? undefined : process")());
probe("constructor of console.log", () => console.log.constructor("return typeof process === 'undefined' ? undefined : process")());
probe("prototype of console", () => (Object.getPrototypeOf(console) === Object.prototype ? undefined : console));
probe("species", () => {
  class Mine extends Promise {
    static get [Symbol.species]() {
      return function (executor) {
        executor(() => {}, () => {});
        return globalThis;
      };
    }
  }
  const made = Mine.resolve(1).then(() => 1);
  return made === globalThis ? undefined : made;
});
probe("prepareStackTrace", () => {
  let sites = [];
  Error.prepareStackTrace = (_error, callSites) => (sites = callSites);
  new Error("look").stack;
  Error.prepareStackTrace = undefined;
  const foreign = sites.filter((site) => site.getThis?.() !== undefined || /[\\/]/.test(site.getFileName?.() ?? ""));
  return foreign.length > 0 ? foreign : undefined;
});
probe("caller", () => (function f() { return f.caller; })() ?? undefined);
probe("host function in an error", () => {
  try {
    console.log({ [Symbol.toPrimitive]: null, toString: null, get a() { throw new Error("a"); } });
  } catch (error) {
    return error;
  }
});
return found;
