import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/**
 * Runs a program with our standard streams and ends as it does.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<{ code: number } | { signal: NodeJS.Signals }>} how it ended; rejects if it can't be started
 */
export function launch(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "inherit", ...options });
    const stopForwarding = forwardSignals(child);
    child.once("error", (error) => {
      stopForwarding();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      stopForwarding();
      resolve(signal === null ? { code: code ?? 1 } : { signal });
    });
  });
}

/**
 * Makes this process end the way that a child did, so that a shell sees the same code or signal.
 * @param {{ code: number } | { signal: NodeJS.Signals }} end
 */
export function endLike(end) {
  if ("code" in end) process.exitCode = end.code;
  else process.kill(process.pid, end.signal);
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @returns {() => void}
 */
function forwardSignals(child) {
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the child as well, and a second one means "kill" to it.
    if (signal === "SIGINT" && hasTerminal()) return;
    child.kill(signal);
  };
  /** @type {readonly NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.off(signal, forward);
  };
}

/** The standard streams don't tell: all three can be redirected while a terminal still sends its signals. */
function hasTerminal() {
  if (process.platform === "win32") return true;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
