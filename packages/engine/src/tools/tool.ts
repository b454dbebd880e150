/** What the checks of a document know of a tool: its name and what it takes. Tools themselves extend this with what they do. */
export interface ToolSignature {
  readonly name: string;
  /** One sentence, for lists of tools. */
  readonly description: string;
  readonly arguments: readonly ToolArgument[];
}

export interface ToolArgument {
  readonly name: string;
  /** `any` is never refused. A value that holds a reference is checked when it is known. */
  readonly type: ToolArgumentType;
  readonly required: boolean;
  readonly description?: string;
}

export type ToolArgumentType = "string" | "number" | "integer" | "boolean" | "list" | "object" | "any";
