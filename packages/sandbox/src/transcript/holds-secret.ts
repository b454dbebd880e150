import type { Redactor } from "../host/redact.ts";
import type { Transcript, TranscriptContent } from "./transcript.ts";

const NO_BYTES = new Uint8Array();

/** Whether a secret is left in what a guest was told: as it is, in an encoded form, or in pieces of one body that was read piece by piece. */
export function holdsSecret({ calls, files }: Pick<Transcript, "calls" | "files">, redactor: Redactor): boolean {
  const bodies: TranscriptContent[] = [];
  const others = files.map(({ content }) => content);
  const words: string[] = [];
  for (const { function: name, answer } of calls) {
    // What a guest asks for between two pieces does not stand between them.
    if (answer.kind === "given") (name.startsWith("http_") ? bodies : others).push(answer.content);
    else if (answer.kind === "refused") words.push(answer.reason);
    else if (answer.kind === "failed") words.push(answer.message);
  }
  return [textOf(bodies), textOf(others), ...words].some((text) => redactor.text(text) !== text);
}

/** Without what references stand for. */
function textOf(contents: readonly TranscriptContent[]): string {
  const bytes = contents.flatMap((content) => content.map((part) => (typeof part === "string" ? Buffer.from(part, "base64") : NO_BYTES)));
  return Buffer.concat(bytes).toString();
}
