import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { EXAMPLES, folderWith, glovebox, steady } from "./command.fixture.ts";

const TOOLS_ONLY = `
name: copy
inputs: { type: object, properties: { n: { type: string }, m: {} } }
steps:
  - { id: read, type: tool, tool: read_text, with: { file: in.txt } }
  - { id: write, type: tool, tool: write_text, with: { file: "\${{ inputs.n }}.txt", text: "\${{ steps.read.output.text }}" } }
outputs: { n: "\${{ inputs.n }}", m: "\${{ inputs.m }}" }
`;

test("run prints what a document of processors came to, as a chain with metadata", async () => {
  const { code, stdout, stderr } = await glovebox(["run", "wasm-integration.yaml", "Hello World"], { cwd: EXAMPLES });
  assert.equal(stderr, "");
  assert.equal(
    steady(stdout),
    `📋 Configuration: wasm-integration.yaml
🔧 Strategy: WorkQueue
⚙️  Max Concurrency: 2
🛡️  Failure Strategy: FailFast

📊 Execution Results:
⏱️  Execution Time: ~TIME
🔢 Processors Executed: 3

🔄 Processor Chain:
  1. prepare_input → "hello world"
  2. wasm_hello_world → "hello world-wasm"
     📝 Metadata: 3 entries (e.g., module_path)
  3. final_format → "🦀 Rust + WASM: hello world-wasm ✨"

🎯 Final Transformation:
   Input:  "Hello World"
   Output: "🦀 Rust + WASM: hello world-wasm ✨"

   Pipeline Metadata:
   wasm_hello_world:
      • module_path: wasm_modules/hello_world.wasm
      • input_length: 11
      • output_length: 16

💰 Cost of each processor:
   ✓ prepare_input TIME
   ✓ wasm_hello_world TIME  CPU TIME SIZE
   ✓ final_format TIME
`,
  );
  assert.equal(code, 0);
});

test("run prints what each step cost, the outputs, and the log on standard error", async () => {
  const { code, stdout, stderr } = await glovebox(["run", join(EXAMPLES, "hello.yaml"), "--input", "name=Ada"], { cwd: EXAMPLES });
  assert.equal(
    steady(stdout).replaceAll(EXAMPLES, "EXAMPLES"),
    `EXAMPLES/hello.yaml: succeeded in TIME (1 step, TIME of CPU in guests)

  ✓ greet TIME  CPU TIME SIZE

greeting: Hello, Ada! This is Python 3.14 inside WebAssembly.
`,
  );
  assert.equal(stderr, "greet | this line goes to the run's log\n");
  assert.equal(code, 0);
});

test("run shows all problems of a document at once, runs nothing, and exits with 1", async (t) => {
  const cwd = folderWith(t, {
    "report.yaml": `name: report
steps:
  - id: read
    type: tool
    tool: read_text
    wiht: { file: in.txt }
  - id: totals
    type: code
    language: python
    depends_on: [reed]
    code: return 1
  - id: big
    type: wasm
    module: missing.wasm
    when: "1 +"
`,
  });
  const { code, stdout, stderr } = await glovebox(["run", "report.yaml"], { cwd });
  assert.equal(stdout, "");
  assert.equal(
    stderr.replace(/(does not parse: ).*( \[)/, "$1REASON$2"),
    `report.yaml:5:11: error: tool "read_text" needs the argument "file" [missing-argument]
    5 |     tool: read_text
      |           ^~~~~~~~~
report.yaml:6:5: error: step "read" has no key "wiht" [unknown-key]
    6 |     wiht: { file: in.txt }
      |     ^~~~
      = did you mean "with"?
report.yaml:10:18: error: step "totals" depends on "reed", which does not exist [unknown-dependency]
   10 |     depends_on: [reed]
      |                  ^~~~
      = did you mean "read"?
report.yaml:14:13: error: the module "missing.wasm" does not exist [missing-module]
   14 |     module: missing.wasm
      |             ^~~~~~~~~~~~
report.yaml:15:14: error: the expression does not parse: REASON [expression-syntax]
   15 |     when: "1 +"
      |              ^
`,
  );
  assert.equal(code, 1);
});

test("run shows an error of a guest with the user's own lines, in the document's numbers too, and exits with 4", async (t) => {
  const cwd = folderWith(t, {
    "divide.yaml": `name: divide
steps:
  - id: whole
    type: code
    language: python
    code: |
      def share(n):
          return 10 / n
      return share(0)
  - id: after
    type: code
    language: javascript
    depends_on: [whole]
    code: return 1
`,
  });
  const { code, stdout, stderr } = await glovebox(["run", "divide.yaml"], { cwd });
  assert.equal(
    stderr,
    `
divide.yaml:8: error: step "whole" failed: ZeroDivisionError: division by zero [failed]
      Traceback (most recent call last):
        File "whole.py", line 3, in <module>
          return share(0)
        File "whole.py", line 2, in share
          return 10 / n
                 ~~~^~~
      ZeroDivisionError: division by zero
`,
  );
  assert.equal(
    steady(stdout),
    `divide.yaml: failed in TIME (0 of 2 steps succeeded, TIME of CPU in guests)

  ✗ whole TIME  CPU TIME SIZE  failed: ZeroDivisionError: division by zero
  ■ after                                 cancelled: "whole" failed
`,
  );
  assert.equal(code, 4);
});

test("run says which limit a guest reached, how much it used, and the key that raises it", async (t) => {
  const cwd = folderWith(t, {
    "spin.yaml": `name: spin
steps:
  - id: spin
    type: code
    language: javascript
    limits: { cpu_ms: 60 }
    code: for (;;) {}
`,
  });
  const { code, stderr } = await glovebox(["run", "spin.yaml"], { cwd });
  const [, first = "", second] = stderr.split("\n");
  assert.match(first, /^spin\.yaml:3:9: error: step "spin" was stopped: it used \d+ ms of CPU, and 60 ms are allowed \[exhausted: cpu\]$/);
  assert.equal(second, "      = to allow more: limits: { cpu_ms: 120 } (now 60)");
  assert.equal(code, 4);
});

test("run takes its inputs from the command line, a file or standard input", async (t) => {
  const cwd = folderWith(t, { "copy.yaml": TOOLS_ONLY, "in.txt": "text", "inputs.json": '{"n":"a","m":[1]}' });
  const outputsOf = async (args: readonly string[], input = "") => {
    const { stdout, stderr } = await glovebox(["run", "copy.yaml", ...args, "--folder", ".", "--json"], { cwd, input });
    assert.equal(stderr, "");
    return JSON.parse(stdout).outputs;
  };
  assert.deepEqual(await outputsOf(["--input", "n=007", "--input", "m=007"]), { n: "007", m: "007" });
  assert.deepEqual(await outputsOf(["--input", "n=7", "--input", "m=7"]), { n: "7", m: 7 });
  assert.deepEqual(await outputsOf(['{"n":"b","m":{"x":null}}']), { n: "b", m: { x: null } });
  assert.deepEqual(await outputsOf(["--input-file", "inputs.json"]), { n: "a", m: [1] });
  assert.deepEqual(await outputsOf(["--input-file", "-"], '{"n":"c","m":2}'), { n: "c", m: 2 });
});

test("run says how to name a folder where a tool found none", async (t) => {
  const cwd = folderWith(t, { "copy.yaml": TOOLS_ONLY });
  const { code, stderr } = await glovebox(["run", "copy.yaml", '{"n":"a"}'], { cwd });
  assert.match(
    stderr,
    /no folder was named that tools may use \[failed\]\n {6}= tools reach files, and files are granted, only below a folder that you name: --folder DIR\n/,
  );
  assert.equal(code, 4);
});

test("run exits with 2 for what the command line got wrong, and says it in one line", async (t) => {
  const cwd = folderWith(t, { "copy.yaml": TOOLS_ONLY });
  const told = async (...args: string[]) => {
    const { code, stdout, stderr } = await glovebox(args, { cwd });
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    return stderr;
  };
  assert.equal(await told("run", "gone.yaml"), "error: Cannot read gone.yaml: it does not exist\n");
  assert.equal(await told("run", "."), "error: Cannot read .: it is a folder\n");
  assert.equal(
    await told("run", "copy.yaml", "--folder", "gone"),
    'error: Cannot open folder "gone": it does not exist [FOLDER_INVALID]\n',
  );
  assert.match(await told("run", "copy.yaml", "{"), /^error: Cannot read the input behind the file: it is not JSON \(.*\)\n$/);
  assert.equal(await told("run", "copy.yaml", "--input", "n"), 'error: Cannot read input "n": it is not key=value\n');
  assert.match(
    await told("run", "copy.yaml", '{"n":1}'),
    /^error: Cannot run workflow "copy": its input does not fit: .*\[INPUT_INVALID\]\n$/,
  );
  assert.match(
    await told("run", "copy.yaml", "--cells", "0"),
    /^error: option '--cells <n>' argument '0' is invalid\. It must be a whole number/,
  );
  assert.match(await told("run", "copy.yaml", "--inptu", "n=1"), /^error: unknown option '--inptu'\n\(Did you mean --input\?\)\n/);
});
