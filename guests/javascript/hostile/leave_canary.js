// Changes everything that the next guest would see, if it saw anything of this one.
globalThis.canary = "canary-7f3a";
Object.prototype.canary = "canary-7f3a";
Array.prototype.map = () => ["canary-7f3a"];
JSON.parse = () => "canary-7f3a";
Promise.prototype.then = undefined;
Math.random = () => 0.5;
console.log = () => {};
globalThis.Date = undefined;
Symbol.for("canary-7f3a");
const bytes = new Uint8Array(100_000).fill(0xa5);
globalThis.kept = [bytes, "canary-7f3a".repeat(1000)];
return "left";
