import type { GrantedFile } from "../host/files.ts";
import type { HostReply } from "../host/host-function.ts";
import type { ReadCall } from "../host/read-call.ts";
import type { Redactor } from "../host/redact.ts";
import type { ClockReadings } from "./clock.ts";
import { holdsSecret } from "./holds-secret.ts";
import {
  argumentDigest,
  CALLS_MAX,
  type Incomplete,
  PARTS_MAX,
  type RecordRequest,
  secretDigest,
  type Transcript,
  type TranscriptAnswer,
  type TranscriptCall,
  type TranscriptContent,
} from "./transcript.ts";

const BYTES_MAX = 16 * 2 ** 20;
/** What a call takes in a record besides what it was answered. */
const CALL_BYTES = 256;
const NO_BYTES = new Uint8Array();

/** What a transcript says from the start. */
export type TranscriptHead = Pick<Transcript, "guest" | "runtime" | "inputSha256" | "limits" | "clockBaseNs" | "randomSeed">;

export interface RecordingOptions {
  readonly head: TranscriptHead;
  readonly request: RecordRequest;
  /** The attempt's own. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly redactor: Redactor | undefined;
  readonly files: readonly GrantedFile[];
}

/** Notes what one attempt is told, while it runs. It keeps no secret of the attempt's, and no more than it may. */
export class Recording {
  readonly #options: RecordingOptions;
  readonly #secrets: readonly Secret[];
  #calls: TranscriptCall[] = [];
  #files: Transcript["files"] = [];
  #bytesLeft: number;
  #incomplete: Incomplete | undefined;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#bytesLeft = options.request.bytesMax ?? BYTES_MAX;
    this.#secrets = [...options.secrets].map(([name, value]) => {
      return { bytes: Buffer.from(value), reference: { secret: name, digest: secretDigest(options.request.key, name, value) } };
    });
    this.#files = options.files.map(({ name, content }) => ({ name, content: this.#content([content]) }));
  }

  /** @param reply missing: the attempt is over, and it was not answered */
  call({ name, argument = NO_BYTES, ...call }: ReadCall, reply: HostReply | undefined): void {
    this.#charge(CALL_BYTES);
    if (this.#calls.length === CALLS_MAX) this.#incomplete ??= "too_large";
    if (this.#incomplete) return;
    const argumentBytes = "bytes" in call ? call.bytes : argument.length;
    const answer = this.#answer(name, reply);
    this.#calls.push({ function: name, argument: argumentDigest(this.#options.request.key, name, argument), argumentBytes, answer });
  }

  /** @param clock what the guest saw of its clock, where its cell told */
  finish(clock: ClockReadings | undefined): Transcript {
    const { head, redactor } = this.#options;
    if (redactor && !this.#incomplete && holdsSecret({ calls: this.#calls, files: this.#files }, redactor)) this.#incomplete = "secret";
    const kept = this.#incomplete ? { calls: [], files: [], incomplete: this.#incomplete } : { calls: this.#calls, files: this.#files };
    return { ...head, clock: head.limits.fuel === undefined ? (clock ?? "unknown") : "fuel", ...kept };
  }

  #answer(name: string, reply: HostReply | undefined): TranscriptAnswer {
    switch (reply?.kind) {
      case undefined:
        return { kind: "unanswered" };
      case "given":
        return name === "read_input" ? { kind: "input" } : { kind: "given", content: this.#content(reply.parts) };
      case "refused":
        return { kind: "refused", reason: this.#clean(reply.reason) };
      case "failed":
        return { kind: "failed", message: this.#clean(reply.message) };
      case "exhausted": {
        const { limit, used, max } = reply;
        return { kind: "exhausted", limit, used, max };
      }
    }
  }

  #content(parts: readonly Uint8Array[]): TranscriptContent {
    this.#charge(parts.reduce((sum, { length }) => sum + length, 0));
    if (this.#incomplete) return [];
    const content = withReferences(Buffer.concat(parts), this.#secrets);
    if (content.length > PARTS_MAX) this.#giveUp();
    return content;
  }

  #charge(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) this.#giveUp();
  }

  #giveUp(): void {
    this.#incomplete = "too_large";
    this.#calls = [];
    this.#files = [];
  }

  #clean(text: string): string {
    return this.#options.redactor?.text(text) ?? text;
  }
}

interface Secret {
  readonly bytes: Buffer;
  readonly reference: Exclude<TranscriptContent[number], string>;
}

/** Bytes with references where the secrets stand as they are; the longest that begins at a place counts. */
function withReferences(bytes: Buffer, secrets: readonly Secret[]): TranscriptContent {
  const content: TranscriptContent[number][] = [];
  let from = 0;
  const keep = (to: number) => {
    if (to > from) content.push(bytes.toString("base64", from, to));
  };
  // Each is looked for again only where it was met: to look for all of them behind each would take a time that grows with the square.
  let ahead = secrets.map((secret) => ({ secret, at: bytes.indexOf(secret.bytes) }));
  for (;;) {
    ahead = ahead.filter(({ at }) => at >= 0);
    const next = first(ahead);
    if (!next) break;
    keep(next.at);
    content.push(next.secret.reference);
    from = next.at + next.secret.bytes.length;
    for (const each of ahead) if (each.at < from) each.at = bytes.indexOf(each.secret.bytes, from);
  }
  keep(bytes.length);
  return content;
}

interface Ahead {
  readonly secret: Secret;
  at: number;
}

function first(ahead: readonly Ahead[]): Ahead | undefined {
  let found: Ahead | undefined;
  for (const each of ahead) {
    if (!found || each.at < found.at || (each.at === found.at && each.secret.bytes.length > found.secret.bytes.length)) found = each;
  }
  return found;
}
