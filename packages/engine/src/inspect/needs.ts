import { checkFileGrants, GloveboxError, type HttpGrant, httpRule } from "@glovebox/sandbox";
import { escaped } from "../workflow/text.ts";
import { type Finding, finding, type Spot } from "./finding.ts";

/** What code would ask of the host, as far as it is written out. */
export interface Needs {
  readonly http: readonly NeededHttp[];
  readonly secrets: readonly NeededName[];
  readonly files: readonly NeededName[];
  /** Addresses that stand in the code and no request was seen with. */
  readonly urls: readonly { readonly url: string; readonly at: Spot }[];
  /** It reads a clock, or draws at random. Neither needs a grant; both are recorded and replayed. */
  readonly time: boolean;
  readonly random: boolean;
  /** Other host functions that it calls. They need no grant. */
  readonly host: readonly string[];
}

export interface NeededHttp {
  /** A grant's `allow`, as narrow as the code says; undefined: none can be told. */
  readonly allow?: string;
  /** What of the address is written out. */
  readonly seen: string;
  /** Undefined: named at run time. */
  readonly method?: string;
  /** The step is granted it. Missing: it can't be told, or there is no step. */
  readonly granted?: boolean;
  readonly at: Spot;
}

export interface NeededName {
  /** Undefined: named at run time. */
  readonly name?: string;
  /** As of an address. */
  readonly granted?: boolean;
  readonly at: Spot;
}

/** One thing asked for, by a source or by a module. */
export interface Ask {
  readonly what: "http" | "secret" | "file" | "url" | "time" | "random" | "host";
  readonly value: string | undefined;
  readonly form: "whole" | "start" | "computed";
  readonly method: string | undefined;
  readonly at: Spot;
}

/** Puts together what was asked for, and finds what can't be told. */
export function needsOf(asks: readonly Ask[]): { readonly needs: Needs; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const of = (what: Ask["what"]): readonly Ask[] => asks.filter((ask) => ask.what === what);
  const unsaid = (what: string, at: Spot): void => {
    findings.push(finding("computed-request", what, at));
  };
  const http = of("http").map(({ value = "", form, method, at }): NeededHttp => {
    const allow = form === "computed" ? undefined : allowFor(value, form);
    if (allow === undefined) unsaid(value === "" ? "an address" : `an address that begins with ${value}`, at);
    if (method === "?") unsaid("a method", at);
    return { ...(allow === undefined ? {} : { allow }), seen: value, ...(method === "?" ? {} : { method: method ?? "GET" }), at };
  });
  const names = (what: "secret" | "file", isName: (name: string) => boolean): readonly NeededName[] =>
    of(what).map(({ value, form, at }) => {
      const name = form === "whole" && value !== undefined && isName(value) ? value : undefined;
      if (name === undefined) unsaid(`a ${what}`, at);
      return { ...(name === undefined ? {} : { name }), at };
    });
  const needs: Needs = {
    http,
    secrets: names("secret", (name) => SECRET_NAME.test(name)),
    files: names("file", isFileName),
    urls: of("url").map(({ value = "", at }) => ({ url: value, at })),
    time: of("time").length > 0,
    random: of("random").length > 0,
    host: [...new Set(of("host").map(({ value = "" }) => value))],
  };
  return { needs, findings };
}

const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** A name that a granted file may have, and that a document can hold as it is and a reader see. */
function isFileName(name: string): boolean {
  return name.trim() !== "" && escaped(name) === name && !name.includes("${{") && !isRefused(() => checkFileGrants([{ name, path: "/" }]));
}

/** The narrowest `allow` that an address falls under of which this is known; undefined: the host itself may still change. */
export function allowFor(url: string, form: "whole" | "start"): string | undefined {
  const ended = /[?#]/.test(url); // the path is over: what is added at run time belongs to the query
  const [address = ""] = url.split(/[?#]/, 1);
  if (form === "start" && !ended && !/^https?:\/\/[^/]+\//i.test(address)) return undefined;
  let canonical: string;
  try {
    const { protocol, host, pathname, username, password } = new URL(address);
    if (username !== "" || password !== "") return undefined;
    canonical = `${protocol}//${host}${pathname}`;
  } catch {
    return undefined;
  }
  const allow = form === "whole" || ended ? canonical : `${canonical.slice(0, canonical.lastIndexOf("/") + 1)}*`;
  return ruleOf({ allow }) === undefined ? undefined : allow;
}

/** A grant as the sandbox reads it; undefined: it is none. Secrets in it have no value here. */
export function ruleOf(grant: HttpGrant): ReturnType<typeof httpRule> | undefined {
  let rule: ReturnType<typeof httpRule> | undefined;
  const read = (): void => {
    rule = httpRule(grant, () => "placeholder");
  };
  return isRefused(read) ? undefined : rule;
}

function isRefused(check: () => void): boolean {
  try {
    check();
    return false;
  } catch (error) {
    if (error instanceof GloveboxError) return true;
    throw error;
  }
}
