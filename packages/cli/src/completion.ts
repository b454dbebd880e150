import type { Command } from "commander";
import { EXIT, Refusal } from "./exit.ts";

/** The words that may follow each command. */
interface Words {
  readonly command: string;
  readonly description: string;
  readonly options: readonly string[];
}

const SCRIPTS: Readonly<Record<string, (commands: readonly Words[]) => string>> = { bash, zsh, fish };

/** `glovebox completion`. The script is made of the commands as they are, so it completes nothing that is not there. */
export function completion(shell: string, program: Command): number {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined)
    throw new Refusal(`Cannot complete for ${JSON.stringify(shell)}: the shells are ${Object.keys(SCRIPTS).join(", ")}`);
  const commands = program.commands.map((command) => ({
    command: command.name(),
    description: command.description(),
    options: [...command.options.map(({ long }) => long ?? ""), "--help"],
  }));
  process.stdout.write(script(commands));
  return EXIT.done;
}

function bash(commands: readonly Words[]): string {
  const cases = commands.map(({ command, options }) => `    ${command}) words="${options.join(" ")}" ;;`);
  return `_glovebox() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ command }) => command).join(" ")}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _glovebox glovebox
`;
}

function zsh(commands: readonly Words[]): string {
  const names = commands.map(({ command, description }) => `    '${command}:${quoteless(description)}'`);
  const cases = commands.map(({ command, options }) => `    ${command}) words=(${options.join(" ")}) ;;`);
  return `#compdef glovebox
_glovebox() {
  local -a commands words
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "\${(Q)\${(z)BUFFER}[2]}" in
${cases.join("\n")}
  esac
  if [[ "$PREFIX" == -* ]]; then compadd -- $words; else _files; fi
}
if [ "$funcstack[1]" = "_glovebox" ]; then _glovebox "$@"; else compdef _glovebox glovebox; fi
`;
}

function fish(commands: readonly Words[]): string {
  const lines = commands.flatMap(({ command, description, options }) => [
    `complete -c glovebox -n __fish_use_subcommand -f -a ${command} -d '${quoteless(description)}'`,
    ...options.map((option) => `complete -c glovebox -n "__fish_seen_subcommand_from ${command}" -l ${option.slice(2)}`),
  ]);
  return `${lines.join("\n")}\n`;
}

function quoteless(text: string): string {
  return text.replaceAll("'", "’").replaceAll(":", ",");
}
