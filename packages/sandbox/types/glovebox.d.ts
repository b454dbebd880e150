// What a JavaScript or TypeScript step finds in its global scope, beside the language's own.
// In an editor: /// <reference types="@glovebox/sandbox/step" />

/** The step's input. */
declare const inputs: glovebox.Given;
/** What is put in here is the step's result, if it returns nothing and sets no `result`. */
declare const output: Record<string, glovebox.Given>;

/** What a step may ask its host for. Everything is refused that was not granted. All calls wait for the answer; `await` does no harm. */
declare const glovebox: {
  /**
   * Makes a request and waits for the answer. Redirects are followed as far as the grant says.
   *
   * @throws glovebox.Refused if it is not granted; glovebox.HostError if it came to nothing
   */
  httpRequest(url: string | { toString(): string }, options?: glovebox.RequestOptions): glovebox.Response;
  /** Writes a line into the step's log. Without a level: `info`. */
  log(level: "debug" | "info" | "warning" | "error", message: unknown): void;
  log(message: unknown): void;
  /** The value of a secret that is granted to this step. @throws glovebox.Refused */
  secret(name: string): string;
  /** Milliseconds since the Unix epoch, by the host's clock. */
  now(): number;
  /** A file that is granted to this step, or that `httpRequest` was told to keep. @throws glovebox.HostError if there is none */
  open(name: string): glovebox.Content;
  /** This step's input. */
  readInput(): glovebox.Given;
  /** Writes this step's output, once. It counts instead of what the step returns. */
  writeOutput(value: unknown): void;
  /** The host could not do what was asked of it, although it was granted. */
  readonly HostError: ErrorConstructor;
  /** The host does not do this for this step. Why is not told: whoever runs the step can look it up. */
  readonly Refused: ErrorConstructor;
};

declare namespace glovebox {
  interface RequestOptions {
    /** Default `GET`. */
    readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
    readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
    /** Text or bytes; any other value is sent as JSON. */
    readonly body?: unknown;
    /** The body is read in pieces: it may be larger than one answer. */
    readonly stream?: boolean;
    /** The body is kept under this name, for `glovebox.open`. It may be larger than one answer. */
    readonly file?: string;
  }

  /** What came as JSON: its shape is known to whoever wrote the step. */
  // biome-ignore lint/suspicious/noExplicitAny: as JSON.parse gives it
  type Given = any;

  interface Content {
    bytes(): Uint8Array;
    /** As UTF-8. */
    text(): string;
    json(): glovebox.Given;
  }

  interface Response extends Content {
    readonly status: number;
    /** 200 to 299. */
    readonly ok: boolean;
    /** Names in lower case. */
    readonly headers: Readonly<Record<string, string>>;
    /** The next piece of a body that is read in pieces; null at its end. */
    read(): Uint8Array | null;
  }
}
