import type { HostAttempt, HostReply } from "./host-function.ts";

const NAME_BYTES_MAX = 256;

/** `read_secret`: the value of a secret that the grant names. Any other does not exist, whether the host has it or not. */
export function readSecret(argument: Uint8Array, { setup }: HostAttempt): HostReply {
  const name = new TextDecoder().decode(argument.subarray(0, NAME_BYTES_MAX));
  const value = argument.length > NAME_BYTES_MAX ? undefined : setup.readableSecrets.get(name);
  if (value === undefined) return { kind: "refused", subject: name, reason: "this secret is not granted" };
  return { kind: "given", parts: [new TextEncoder().encode(value)], subject: name };
}
