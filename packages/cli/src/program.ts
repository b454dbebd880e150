import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { tellFailure } from "./complaint.ts";
import { EXIT } from "./exit.ts";
import { gloveboxVersion } from "./version.ts";

const MORE = `
Exit codes: 0 done; 1 the document has problems; 2 wrong options; 3 we failed; 4 the run failed; 130 interrupted.
Colours: only on a terminal, and never where NO_COLOR is set.`;

/** Runs one command line. Resolves to the exit code; never rejects. */
export async function start(args: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const program = buildProgram((exitCode) => {
    code = exitCode;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return await tellFailure(error);
  }
}

/** The command with all its commands; what a command needs is loaded when it is called. */
function buildProgram(end: (exitCode: number) => void): Command {
  const program = new Command("glovebox")
    .description("Runs workflows whose untrusted steps are sealed in WebAssembly chambers.")
    .version(gloveboxVersion(), "--version", "print the version")
    .exitOverride()
    .addHelpText(
      "after",
      `
Examples:
  glovebox run examples/hello.yaml                    run a workflow
  glovebox run demo.yaml "hello world"                run a chain of text processors
  glovebox validate flows/*.yaml                      check documents, run nothing
  glovebox explain flow.yaml                          what each step may do, and by whose word
  glovebox inspect step.py                            what code would do and need, before it runs
  glovebox exec --python 'return 6 * 7'               run one program in the sandbox
  glovebox replay last                                run the guests of the last run again, from its record
  glovebox show last                                  what the last run did, from its record
  glovebox doctor                                     what works here, and how strong the isolation is

"glovebox COMMAND --help" says more about each.
${MORE}`,
    );
  program.showHelpAfterError('(try "glovebox --help")');

  operated(command(program, "run"))
    .description("Checks a workflow and runs it to its end.")
    .argument("<file>", "the workflow")
    .argument("[input]", "JSON; for a document of processors the text that flows through them")
    .addOption(new Option("--input <key=value>", "one input; may be repeated").argParser(collect))
    .addOption(
      new Option("--input-file <file>", 'inputs as a JSON file, or the text for processors; "-" is standard input').conflicts("input"),
    )
    .option("--json", "print one JSON document and nothing else (docs/run-result.md)")
    .option("--folder <dir>", "the one folder below which tools may read and write files (without it they reach none)")
    .option("--concurrency <n>", "steps at a time, in place of the document's max_concurrency", wholeNumber(1, 1_000))
    .option("--cells <n>", "guests at a time, each in a process of its own (default: one for each CPU)", wholeNumber(1, 64))
    .option("--record <dir>", "keep the run's record there (default: below the installation's own directory; docs/records.md)")
    .option("--no-record", "keep no record of the run")
    .addHelpText(
      "after",
      `
Examples:
  glovebox run report.yaml --input orders=orders.csv --folder data
  glovebox run report.yaml '{"orders": "orders.csv"}' --folder data --json
  glovebox run demo.yaml "hello world"
  generate | glovebox run demo.yaml --input-file -

A value of --input is taken as JSON where it is JSON, unless the document says that the input is a string.
Ctrl-C cancels the run and shows what was reached; a second one ends it at once.
${MORE}`,
    )
    .action(async (file: string, input: string | undefined, flags: import("./workflow-run.ts").RunFlags) => {
      const { run } = await import("./run.ts");
      end(await run(file, input, flags));
    });

  operated(command(program, "validate"))
    .description("Checks workflows and runs nothing. All problems are shown at once.")
    .argument("<file...>", "the workflows")
    .option("--json", "print one JSON document and nothing else")
    .addHelpText("after", `\nExamples:\n  glovebox validate report.yaml\n  glovebox validate flows/*.yaml --json\n${MORE}`)
    .action(async (files: readonly string[], flags: import("./validate.ts").ValidateFlags) => {
      const { validate } = await import("./validate.ts");
      end(await validate(files, flags));
    });

  operated(command(program, "explain"))
    .description("Says of each step where it runs, what bounds it, what it may ask for, and where each value comes from. Runs nothing.")
    .argument("<file>", "the workflow")
    .option("--json", "print one JSON document and nothing else (docs/grants.md)")
    .addHelpText("after", `\nExamples:\n  glovebox explain report.yaml\n  glovebox explain report.yaml --profile untrusted --json\n${MORE}`)
    .action(async (file: string, flags: import("./explain.ts").ExplainFlags) => {
      const { explain } = await import("./explain.ts");
      end(await explain(file, flags));
    });

  operated(command(program, "inspect"))
    .description("Looks at code without running it: what it imports, what it would need, and what in it wants a second look. It is advice.")
    .argument("<file>", "Python, JavaScript, TypeScript, a WebAssembly module, or a workflow with all its steps")
    .option("--language <name>", "python, javascript or typescript, where the file's name does not say")
    .option("--json", "print one JSON document and nothing else (docs/inspect.md)")
    .addHelpText(
      "after",
      `\nExamples:\n  glovebox inspect step.py\n  glovebox inspect flow.yaml --json\n  glovebox inspect handler.wasm\n${MORE}`,
    )
    .action(async (file: string, flags: import("./inspect.ts").InspectFlags) => {
      const { inspect } = await import("./inspect.ts");
      end(await inspect(file, flags));
    });

  command(program, "exec")
    .description("Runs one program in the sandbox and prints its result; what it prints itself goes to standard error.")
    .addOption(new Option("--python <code|file>", "Python, or a file with it").conflicts(["javascript", "typescript", "module"]))
    .addOption(new Option("--javascript <code|file>", "JavaScript, or a file with it").conflicts(["typescript", "module"]))
    .addOption(new Option("--typescript <code|file>", "TypeScript, or a file with it").conflicts(["module"]))
    .option("--module <file>", "a compiled WebAssembly module")
    .option("--input <json>", "what the program finds in `inputs`; for a module, what is not JSON is its text")
    .option("--memory-mb <n>", "MiB of memory above what the runtime starts with", wholeNumber(1))
    .option("--cpu-ms <n>", "milliseconds of CPU", wholeNumber(1))
    .option("--wall-ms <n>", "milliseconds from start to end", wholeNumber(1))
    .option("--config <file>", CONFIG_WORDS)
    .option(
      "--profile <name>",
      "what bounds the program, where it is stricter than the operator's: trusted, verified, community or untrusted",
    )
    .option("--json", "print one JSON document and nothing else (docs/run-result.md)")
    .addHelpText(
      "after",
      `
Examples:
  glovebox exec --python 'return sum(inputs["n"])' --input '{"n": [1, 2, 3]}'
  glovebox exec --python step.py --cpu-ms 500 --memory-mb 64
  glovebox exec --javascript 'return inputs.a + inputs.b' --input '{"a": 1, "b": 2}'
  glovebox exec --module hello.wasm --input 'hello world'
${MORE}`,
    )
    .action(async (flags: import("./exec.ts").ExecFlags) => {
      const { exec } = await import("./exec.ts");
      end(await exec(flags));
    });

  command(program, "runs")
    .description("Lists the runs that have a record, the latest first.")
    .argument("[directory]", "records of another place, as `run --record` keeps them")
    .option("--limit <n>", "how many (default: 20)", wholeNumber(1, 1_000_000))
    .option("--json", "print one JSON document and nothing else (docs/records.md)")
    .addHelpText("after", `\nExamples:\n  glovebox runs\n  glovebox runs --limit 100 --json\n${MORE}`)
    .action(async (directory: string | undefined, flags: import("./runs.ts").RunsFlags) => {
      const { runs } = await import("./runs.ts");
      end(runs(directory, flags));
    });

  command(program, "show")
    .description("Shows the record of a run: its steps, attempts and guests, what they cost, what they asked for and were refused.")
    .argument("<run>", RUN_WORDS)
    .option("--step <id>", "one step, with what went in and what came out")
    .option("--unverified", "show also a record that was edited, or signed by another installation")
    .option("--json", "print one JSON document and nothing else (docs/records.md)")
    .addHelpText(
      "after",
      `\nExamples:\n  glovebox show last\n  glovebox show 3303 --step totals\n  glovebox show ./records/20261121T043203.081Z-3303445c7d.jsonl --json\n${MORE}`,
    )
    .action(async (run: string, flags: import("./show.ts").ShowFlags) => {
      const { show } = await import("./show.ts");
      end(show(run, flags));
    });

  command(program, "replay")
    .description("Runs the guests of a recorded run again, without grants, and says whether each came to the same. Calls no tools.")
    .argument("<run>", RUN_WORDS)
    .argument("[step]", "the one step whose guests are run again")
    .addOption(new Option("--secret <name>", "tell a guest this secret again if it was told it then; may be repeated").argParser(collect))
    .option("--config <file>", CONFIG_WORDS)
    .option("--json", "print one JSON document and nothing else (docs/records.md)")
    .addHelpText(
      "after",
      `
Examples:
  glovebox replay last
  glovebox replay 3303 totals
  glovebox replay last fetch --secret RATES_KEY

It ends with 0 where all that can be compared is the same, with 4 where something differs, and with 2 where nothing could be run again.
${MORE}`,
    )
    .action(async (run: string, step: string | undefined, flags: import("./replay.ts").ReplayFlags) => {
      const { replay } = await import("./replay.ts");
      end(await replay(run, step, flags));
    });

  command(program, "doctor")
    .description("Says what works on this machine, and how strong the isolation of guests is.")
    .addHelpText("after", `\nExample:\n  glovebox doctor\n${MORE}`)
    .action(async () => {
      const { doctor } = await import("./doctor.ts");
      end(await doctor());
    });

  command(program, "completion")
    .description("Prints a completion script for a shell.")
    .argument("<shell>", "bash, zsh or fish")
    .addHelpText(
      "after",
      `
Examples:
  source <(glovebox completion bash)
  glovebox completion zsh > "\${fpath[1]}/_glovebox"
  glovebox completion fish > ~/.config/fish/completions/glovebox.fish
`,
    )
    .action(async (shell: string) => {
      const { completion } = await import("./completion.ts");
      end(completion(shell, program));
    });
  return program;
}

function command(program: Command, name: string): Command {
  return program.command(name).showHelpAfterError(`(try "glovebox ${name} --help")`).exitOverride();
}

const RUN_WORDS = "the run's id or how it begins, at either of its parts; last; or a record's file";

const CONFIG_WORDS = "the operator's configuration (default: $GLOVEBOX_CONFIG, else glovebox.config.yaml in this folder)";

/** A command that does what the operator's configuration allows. */
function operated(of: Command): Command {
  return of
    .option("--config <file>", CONFIG_WORDS)
    .option("--profile <name>", "the laxest profile that the document may have: trusted, verified, community or untrusted");
}

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      max < Number.MAX_SAFE_INTEGER ? `It must be a whole number from ${min} to ${max}.` : `It must be a whole number from ${min} on.`,
    );
  };
}
