import { Sandbox } from "../sandbox.ts";

// A parent for process.test.ts to kill: its only guest loops. It says "looping" when the guest has been entered.
const sandbox = new Sandbox({ home: "process", cells: 1, spare: 0 });
const guest = sandbox.run({
  guest: { kind: "python", code: "print('in')\nwhile True: pass" },
  limits: { cpuMs: 600_000, wallMs: 600_000 },
  isolationKey: "a",
});
setTimeout(() => process.stdout.write("looping\n"), 1500);
await guest;
