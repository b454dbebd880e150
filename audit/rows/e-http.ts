import { createServer } from "node:http";
import type { Json, Request } from "@glovebox/sandbox";
import { type Check, type Context, ends, gives, python, type Row } from "../audit.ts";

const SECTION = "E. http_request";

/** Tries each URL and says which ones were answered at all. Refusals are errors that the guest may handle. */
const TRY_ALL = `
import glovebox
answered = []
for url in inputs["urls"]:
  try:
    glovebox.http_request(url, **inputs.get("rest", {}))
    answered.append(url)
  except Exception: pass
return answered`;

const GRANTED = "http://granted.invalid/v1/*";

function refusing(
  attack: string,
  urls: (context: Context) => readonly string[],
  rest: Json = {},
  grants: Request["grants"] = { http: [{ allow: GRANTED, methods: ["GET", "POST"] }] },
): Row {
  return {
    section: SECTION,
    attack,
    run: (context) => python(TRY_ALL, { input: { urls: urls(context), rest }, grants }),
    expect: gives([]),
  };
}

/** Loopback in every spelling that a URL parser turns into it. */
const SPELLINGS = [
  "127.0.0.1",
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "127.1",
  "①②⑦.⓪.⓪.①",
  "127。0。0。1",
  "%31%32%37.0.0.1",
  "0",
  "localhost",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
];

export const HTTP_ROWS: readonly (Row | Check)[] = [
  {
    section: SECTION,
    attack: "a request without any grant",
    run: ({ sinkPort }) => python(TRY_ALL, { input: { urls: [`http://127.0.0.1:${sinkPort}/`] } }),
    expect: gives([]),
  },
  {
    section: SECTION,
    attack: "a refusal that the guest does not handle",
    run: ({ sinkPort }) => python(`import glovebox\nglovebox.http_request("http://127.0.0.1:${sinkPort}/")`),
    expect: ends("refused", /http_request/),
  },
  refusing("loopback in every spelling, beside a grant for another host", ({ sinkPort }) =>
    SPELLINGS.map((host) => `http://${host}:${sinkPort}/v1/x`),
  ),
  {
    section: SECTION,
    attack: "loopback in every spelling, granted by name but not by address",
    run: ({ sinkPort }) =>
      python(TRY_ALL, {
        input: { urls: SPELLINGS.slice(0, 12).map((host) => `http://${host}:${sinkPort}/`) },
        grants: { http: [{ allow: `http://127.0.0.1:${sinkPort}/*` }, { allow: `http://localhost:${sinkPort}/*` }] },
      }),
    expect: gives([]),
  },
  refusing(
    "private and special addresses, granted by name but not by address",
    () => [
      "http://169.254.169.254/",
      "http://10.0.0.1/",
      "http://192.168.0.1/",
      "http://100.64.0.1/",
      "http://198.18.0.1/",
      "http://224.0.0.1/",
      "http://240.0.0.1/",
      "http://[fe80::1]/",
      "http://[fc00::1]/",
    ],
    {},
    {
      http: [
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "[fe80::1]",
        "[fc00::1]",
      ].map((host) => ({ allow: `http://${host}/*` })),
    },
  ),
  refusing("user information, backslashes, tabs, fragments and double @", ({ sinkPort }) => [
    `http://granted.invalid@127.0.0.1:${sinkPort}/v1/`,
    `http://127.0.0.1:${sinkPort}\\@granted.invalid/v1/`,
    `http://granted.invalid#@127.0.0.1:${sinkPort}/v1/`,
    `http://granted.invalid?@127.0.0.1/v1/`,
    `http:127.0.0.1:${sinkPort}/v1/`,
    "http://granted.invalid@@evil.invalid/v1/",
  ]),
  refusing("hosts that look like the granted one", () => [
    "http://evil-granted.invalid/v1/",
    "http://granted.invalid.evil.invalid/v1/",
    "http://xgranted.invalid/v1/",
    "http://granted.invalid:81/v1/",
    "https://granted.invalid/v1/",
  ]),
  refusing("paths beside the granted one", () => [
    "http://granted.invalid/",
    "http://granted.invalid/v1/../admin",
    "http://granted.invalid/v1/%2e%2e/admin",
    "http://granted.invalid/v1%2f..%2fadmin",
    "http://granted.invalid/v1x/",
  ]),
  refusing("other schemes", ({ sinkPort }) => [
    "file:///etc/passwd",
    "data:text/plain,x",
    "blob:x",
    "ftp://granted.invalid/v1/",
    "gopher://granted.invalid/v1/",
    "http+unix://%2ftmp%2fx/v1/",
    `ws://127.0.0.1:${sinkPort}/`,
    "javascript:1",
  ]),
  refusing("ports of other services", () => [22, 25, 0, 6379, 5432].map((port) => `http://granted.invalid:${port}/v1/`)),
  refusing("headers that inject, steer or smuggle", () => ["http://granted.invalid/v1/"], { headers: { "X-A": "b\r\nHost: evil" } }),
  ...["Host", "Transfer-Encoding", "Content-Length", "Connection", "Upgrade", "Proxy-Authorization"].map((name) =>
    refusing(`the header ${name}`, () => ["http://granted.invalid/v1/"], { headers: { [name]: "x" } }),
  ),
  ...["CONNECT", "TRACE", "get", "PURGE", "G ET"].map((method) =>
    refusing(`the method ${method}`, () => ["http://granted.invalid/v1/"], { method }),
  ),
  refusing("a GET with a body", () => ["http://granted.invalid/v1/"], { method: "GET", body: "x" }),
  {
    section: SECTION,
    attack: "redirects to the sink, by every status",
    check: async ({ sandbox, sinkPort }: Context) => {
      const server = createServer((request, response) => {
        const status = Number(request.url?.split("/")[2]);
        response.writeHead(status, { location: `http://127.0.0.1:${sinkPort}/` }).end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const { port } = server.address() as { port: number };
        const urls = [301, 302, 303, 307, 308].map((status) => `http://127.0.0.1:${port}/r/${status}`);
        const grants = { http: [{ allow: `http://127.0.0.1:${port}/*`, addresses: ["127.0.0.1/32"], redirects: 5 }] };
        const { outcome } = await sandbox.run(python(TRY_ALL, { input: { urls }, grants }));
        return JSON.stringify(outcome) === '{"kind":"completed","output":[]}' ? undefined : JSON.stringify(outcome);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  },
  {
    section: SECTION,
    attack: "a flood of requests",
    run: () =>
      python("import glovebox\nwhile True:\n  try: glovebox.http_request('http://granted.invalid/v1x')\n  except Exception: pass", {
        grants: { http: [{ allow: GRANTED }] },
        hostLimits: { calls: 50 },
      }),
    expect: ends("exhausted", /"calls"/),
  },
  {
    section: SECTION,
    attack: "a secret that an allowed server sends back, in plain and encoded",
    check: async ({ sandbox }: Context) => {
      const secret = "s3cr3t-canary-0123456789";
      const server = createServer((request, response) =>
        response.end(`${request.headers["x-key"]} ${Buffer.from(String(request.headers["x-key"])).toString("base64")}`),
      );
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const { port } = server.address() as { port: number };
        const url = `http://127.0.0.1:${port}/`;
        const report = await sandbox.run(
          python(`import glovebox\nt = glovebox.http_request("${url}").text\nprint(t)\nif inputs["fail"]: raise ValueError(t)\nreturn t`, {
            input: { fail: false },
            grants: {
              http: [{ allow: `http://127.0.0.1:${port}/*`, addresses: ["127.0.0.1/32"], auth: { header: "X-Key", secret: "KEY" } }],
            },
            secrets: new Map([["KEY", secret]]),
          }),
        );
        const told = JSON.stringify(report);
        if (report.outcome.kind !== "completed") return `came to ${told.slice(0, 300)}`;
        return told.includes(secret) || told.includes(Buffer.from(secret).toString("base64")) ? "the secret is in the report" : undefined;
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  },
  {
    section: SECTION,
    attack: "a secret that was not granted",
    run: () => python("import glovebox\nreturn glovebox.secret('PATH')"),
    expect: ends("refused", /secret/),
  },
];
