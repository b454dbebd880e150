return {
  global: typeof globalThis.canary,
  kept: typeof globalThis.kept,
  prototype: typeof {}.canary,
  map: [1, 2].map((n) => n * 2),
  parse: JSON.parse("[3]"),
  promises: typeof Promise.prototype.then,
  random: Math.random() !== 0.5,
  date: typeof Date,
};
