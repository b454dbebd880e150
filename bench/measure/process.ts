import { spawn } from "node:child_process";

/** Runs a program to its end and returns what it printed. Its environment is ours. */
export function output(file: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
    const printed: Buffer[] = [];
    const complaints: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => printed.push(piece));
    child.stderr.on("data", (piece: Buffer) => complaints.push(piece));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(printed).toString());
      else reject(new Error(`${file} ended with ${code}: ${Buffer.concat(complaints).toString().slice(0, 2000)}`));
    });
    child.stdin.end(input);
  });
}

/** What a program prints first when asked for its version, or undefined where there is no such program. */
export async function versionOf(file: string): Promise<string | undefined> {
  try {
    return (await output(file, ["--version"])).split("\n")[0]?.trim();
  } catch {
    return undefined; // not installed: the comparison says that it was left out
  }
}
