import type { Grants, Request } from "@glovebox/sandbox";
import { ownSecrets } from "../secrets/uses.ts";
import { ToolError } from "../tools/error.ts";
import type { FileOfFolder, Step } from "../workflow/document.ts";
import type { RunContext } from "./context.ts";

type GuestStep = Exclude<Step, { type: "tool" | "local" }>;

/** What a step's own guest may ask of the host, as the sandbox takes it. Guests that evaluate its templates or its schema get nothing of it. */
export type HostRequest = Pick<Request, "grants" | "hostLimits" | "secrets">;

/** @throws ToolError where a granted file can't be reached */
export async function hostRequest(step: GuestStep, { folder, secrets }: Pick<RunContext, "folder" | "secrets">): Promise<HostRequest> {
  const { grants, hostLimits } = step;
  // Some host functions need no grant: the clock, the input, the output.
  const limits = hostLimits === undefined ? {} : { hostLimits };
  if (grants === undefined) return limits;
  const { files = [], ...others } = grants;
  const reached: Grants = files.length === 0 ? others : { ...others, files: await Promise.all(files.map((file) => locate(file, folder))) };
  return {
    grants: reached,
    ...limits,
    secrets: ownSecrets(step, secrets),
  };
}

/** The file's real place. It is looked up anew for every attempt: a step may have written it meanwhile. */
async function locate(
  { name, path }: FileOfFolder,
  folder: RunContext["folder"],
): Promise<{ readonly name: string; readonly path: string }> {
  if (folder === undefined)
    throw new ToolError(`Cannot grant file ${JSON.stringify(path)}: no folder was named that files may be granted of`);
  return { name, path: await folder.locate(path) };
}
