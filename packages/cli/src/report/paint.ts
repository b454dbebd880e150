import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Gives a text a style, or hands it back as it is. */
export type Paint = (style: Style, text: string) => string;

/** Colours for a terminal that shows them, unless the user does not want any (`NO_COLOR`). */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  if (styleText("red", "x", { stream }) === "x") return plain;
  return (style, text) => styleText(style, text, { validateStream: false });
}

export const plain: Paint = (_style, text) => text;
