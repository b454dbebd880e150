import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

interface FileState {
  passed: number;
  readonly output: string[];
  failed: boolean;
  ended: boolean;
}

/**
 * Turns the events of Node's test runner into lines for a person, and counts. Suites are not counted, and neither is a
 * parent that failed only because a subtest did. A file that did not run all of its tests to the end is a failure:
 * the runner itself takes one that calls `process.exit(0)` for a success.
 */
export class Tally {
  passed = 0;
  failed = 0;
  readonly #root: string;
  readonly #files = new Map<string, FileState>();
  readonly #skips: string[] = [];

  /**
   * @param root the folder that file names are shown below
   * @param files the absolute paths of all that are run
   */
  constructor(root: string, files: readonly string[]) {
    this.#root = root;
    for (const file of files) this.#file(file);
  }

  /** Takes one event, and gives the lines to print for it. */
  add(event: TestEvent): string[] {
    switch (event.type) {
      case "test:stdout":
      case "test:stderr":
        this.#file(event.data.file).output.push(event.data.message);
        return [];
      case "test:pass":
        return this.#pass(event.data);
      case "test:fail":
        return this.#fail(event.data);
      case "test:summary":
        return event.data.file === undefined ? [] : this.#endOfFile(event.data.file, event.data.duration_ms);
      default:
        return [];
    }
  }

  /** What never ended, what was skipped, and as the last line the counts. */
  end(): string[] {
    const lines: string[] = [];
    for (const [file, { failed, ended }] of this.#files) {
      if (ended || failed) continue;
      this.failed += 1;
      lines.push(`FAIL ${this.#show(file)}: ended without running all of its tests`, ...this.#outputOf(file));
    }
    const skipped = this.#skips.length === 0 ? "" : `, ${this.#skips.length} skipped`;
    return [...lines, ...this.#skips, `${this.passed} passed, ${this.failed} failed${skipped}`];
  }

  #pass(data: Extract<TestEvent, { type: "test:pass" }>["data"]): string[] {
    if (data.details.type === "suite") return [];
    // The runner reports a file that ran no test as a test that passed.
    if (data.name === data.file) return [];
    const place = data.entryFile ?? data.file;
    if (data.skip !== undefined || data.todo !== undefined) {
      this.#skip(data, place);
      return [];
    }
    this.passed += 1;
    this.#file(place).passed += 1;
    return [];
  }

  #fail(data: Extract<TestEvent, { type: "test:fail" }>["data"]): string[] {
    const error = data.details.error;
    if ("failureType" in error && error.failureType === "subtestsFailed") return [];
    const place = data.entryFile ?? data.file;
    if (data.todo !== undefined) {
      this.#skip(data, place);
      return [];
    }
    this.failed += 1;
    this.#file(place).failed = true;
    const title = data.name === data.file ? "the file itself failed" : data.name;
    const where = `${this.#show(place)}${data.line === undefined || data.name === data.file ? "" : `:${data.line}`}`;
    return [`FAIL ${where}: ${title}`, ...indent(describe(error)), ...(data.name === data.file ? this.#outputOf(place) : [])];
  }

  #skip(data: { name: string; skip?: string | boolean; todo?: string | boolean }, place: string | undefined): void {
    const reason = typeof data.skip === "string" ? data.skip : data.todo === undefined ? "no reason given" : "to do";
    this.#skips.push(`skip ${this.#show(place)}: ${data.name}: ${reason}`);
  }

  #endOfFile(file: string, durationMs: number): string[] {
    const state = this.#file(file);
    state.ended = true;
    const seconds = `${(durationMs / 1000).toFixed(1)} s`;
    if (state.failed) return this.#outputOf(file);
    return [`ok   ${this.#show(file)} (${state.passed}, ${seconds})`];
  }

  #outputOf(file: string | undefined): string[] {
    const output = this.#file(file).output.splice(0).join("").trimEnd();
    return output === "" ? [] : ["     what it printed:", ...indent(output)];
  }

  #file(file = ""): FileState {
    let state = this.#files.get(file);
    if (state === undefined) {
      state = { passed: 0, output: [], failed: false, ended: false };
      this.#files.set(file, state);
    }
    return state;
  }

  #show(file = "?"): string {
    return relative(this.#root, file);
  }
}

function describe(error: Error): string {
  const cause = error.cause ?? error;
  return cause instanceof Error ? inspect(cause) : String(cause);
}

function indent(text: string): string[] {
  return text.split("\n").map((line) => `     ${line}`);
}
