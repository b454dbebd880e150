import { Sandbox } from "../sandbox.ts";
import type { IsolationLevel } from "./wrap.ts";

// A parent for tests to kill: its only guest loops, under the isolation that is named. It says "looping" when the guest has been entered.
const sandbox = new Sandbox({ cells: 1, spare: 0, isolation: (process.argv[2] as IsolationLevel | undefined) ?? "strongest" });
const guest = sandbox.run({
  guest: { kind: "python", code: "print('in')\nwhile True: pass" },
  limits: { cpuMs: 600_000, wallMs: 600_000 },
  isolationKey: "a",
});
setTimeout(() => process.stdout.write("looping\n"), 1500);
await guest;
