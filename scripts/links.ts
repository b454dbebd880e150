import { dirname, resolve } from "node:path";

/**
 * The links of a Markdown page that lead nowhere, one sentence each. Addresses of other sites are not looked at.
 * @param page absolute path
 * @param read gives a file's text ("" for what is no text, or a folder), or undefined where there is none
 */
export function brokenLinks(page: string, markdown: string, read: (path: string) => string | undefined): string[] {
  const text = markdown.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  const problems: string[] = [];
  for (const match of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    const link = match[1] ?? "";
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
    const [path = "", anchor] = link.split("#", 2);
    const target = path === "" ? markdown : read(resolve(dirname(page), path));
    if (target === undefined) problems.push(`${page}: ${link} does not exist`);
    else if (anchor !== undefined && !headingAnchors(target).has(anchor)) problems.push(`${page}: ${link} has no such heading`);
  }
  return problems;
}

function headingAnchors(markdown: string): Set<string> {
  const headings = markdown.matchAll(/^#{1,6}\s+(.+?)\s*$/gm);
  return new Set(
    Array.from(headings, (match) =>
      (match[1] ?? "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
