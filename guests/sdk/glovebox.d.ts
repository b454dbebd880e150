// What an AssemblyScript module may ask its host for: import { ... } from "../sdk/glovebox.d". docs/handlers.md describes it.
//
// Functions that return i32 return a size, or 0, or one of the errors below. Whatever was answered is then taken with takeAnswer, as a whole
// or in parts; the next call replaces it.

/** It is not granted; why is not told. */
export const REFUSED: i32 = -1;
/** It is granted and came to nothing; the answer says why. */
export const FAILED: i32 = -2;
/** An address is outside of memory, or a text is not UTF-8. */
export const INVALID: i32 = -3;

/** Levels: 0 debug, 1 info, 2 warning, 3 error. */
@external("glovebox", "log")
export declare function log(level: i32, text: usize, length: i32): void;

/** The size of the input, which is the answer. */
@external("glovebox", "read_input")
export declare function readInput(): i32;

/** Writes the output, JSON, once. */
@external("glovebox", "write_output")
export declare function writeOutput(json: usize, length: i32): i32;

@external("glovebox", "read_secret")
export declare function readSecret(name: usize, length: i32): i32;

/** Milliseconds since the Unix epoch. */
@external("glovebox", "get_time")
export declare function getTime(): i64;

/**
 * head: {"url": "...", "method": "GET", "headers": [["name", "value"]], "stream": false}. The answer: 32 bits, little-endian, with the size of
 * a head {"status": 200, "headers": [...]}, that head, and the body.
 */
@external("glovebox", "http_request")
export declare function httpRequest(head: usize, headLength: i32, body: usize, bodyLength: i32): i32;

/** The next piece of the body of a request with "stream": true. 0: that was all. */
@external("glovebox", "http_read")
export declare function httpRead(): i32;

/** The content of a granted file. */
@external("glovebox", "open_file")
export declare function openFile(name: usize, length: i32): i32;

/** Copies up to `length` bytes of what is left of the answer, and returns how many. */
@external("glovebox", "take_answer")
export declare function takeAnswer(into: usize, length: i32): i32;
