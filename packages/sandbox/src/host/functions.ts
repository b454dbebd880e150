import type { HostFunctionName } from "../cell/frame.ts";
import { getTime } from "./clock.ts";
import type { HostFunction } from "./host-function.ts";
import { httpRead, httpRequest } from "./http.ts";
import { readInput } from "./input.ts";
import { writeOutput } from "./output.ts";
import { readSecret } from "./secret.ts";

/**
 * All that a guest can ask the host for, but for `log` (log.ts), which is not answered, and granted files (files.ts), which are in the cell
 * before it starts. Nothing else exists.
 */
export const HOST_FUNCTIONS: Readonly<Record<Exclude<HostFunctionName, "log">, HostFunction>> = {
  read_input: readInput,
  write_output: writeOutput,
  read_secret: readSecret,
  get_time: getTime,
  http_request: httpRequest,
  http_read: httpRead,
};
