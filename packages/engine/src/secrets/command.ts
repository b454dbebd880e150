import { execFile } from "node:child_process";
import { GloveboxError } from "@glovebox/sandbox";
import type { SecretSource } from "./resolve.ts";

/** Far more than a secret has. */
const OUTPUT_BYTES_MAX = 128 * 1024;

export interface SecretCommand {
  /** The program and its arguments; `{name}` in an argument stands for the secret's name. No shell reads them. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly timeoutMs: number;
  /** Where it runs. */
  readonly folder: string;
}

/**
 * Secrets that a command prints, each by a call of its own: what it writes to standard output, without the line end at its end. Nothing
 * written, or an exit code other than 0, is a failure. What it says on standard error is its own: it goes to ours, not into messages.
 */
export function commandSecrets({ command, timeoutMs, folder }: SecretCommand): SecretSource {
  const [program, ...args] = command;
  return {
    words: `the command ${program}`,
    get: (name) =>
      new Promise((resolve, reject) => {
        const refuse = (why: string): void =>
          reject(new GloveboxError("SECRET_SOURCE_FAILED", `Cannot get secret "${name}" from the command ${program}: ${why}`));
        const filled = args.map((argument) => argument.replaceAll("{name}", () => name));
        const options = { cwd: folder, timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: OUTPUT_BYTES_MAX, encoding: "utf8" } as const;
        const child = execFile(program, filled, options, (error, stdout) => {
          const value = stdout.replace(/\r?\n$/, "");
          if (error === null) return value === "" ? refuse("it wrote nothing") : resolve(value);
          // The cause is left out: its message holds what the command wrote.
          if (error.code === "ENOENT") refuse("there is no such program");
          else if (String(error.code) === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") refuse(`it wrote more than ${OUTPUT_BYTES_MAX} bytes`);
          else if (error.killed === true) refuse(`it took longer than ${timeoutMs} ms`);
          else refuse(typeof error.code === "number" ? `it ended with ${error.code}` : `it ended by ${error.signal ?? String(error.code)}`);
        });
        child.stdin?.end();
        child.stderr?.resume();
      }),
  };
}
