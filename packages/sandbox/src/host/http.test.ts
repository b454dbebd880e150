import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { HttpGrant } from "../grants.ts";
import { LocalServer, Requests, seen, selfSigned } from "./http.fixture.ts";

const LOOPBACK = ["127.0.0.0/8"];

/** Grants everything below a server's root. */
function all(server: LocalServer, rest: Partial<HttpGrant> = {}): HttpGrant {
  return { allow: `http://127.0.0.1:${server.port}/*`, addresses: LOOPBACK, ...rest };
}

function urlOf(server: LocalServer, path = "/", host = "127.0.0.1"): string {
  return `http://${host}:${server.port}${path}`;
}

function answered(reply: Parameters<typeof seen>[0]) {
  const answer = seen(reply);
  if (typeof answer === "string") assert.fail(JSON.stringify(reply));
  return answer;
}

describe("http_request to the address that is really connected to", () => {
  test("refuses a host that has an address that is not public, also beside public ones, and connects nowhere", async () => {
    await using server = await LocalServer.start((_request, response) => response.end("secret"));
    for (const addresses of [
      ["127.0.0.1"],
      ["93.184.216.34", "127.0.0.1"],
      ["127.0.0.1", "93.184.216.34"],
      ["::1"],
      ["::ffff:127.0.0.1"],
    ]) {
      using requests = new Requests([{ allow: `http://api.test:${server.port}/*` }], { transport: { resolve: async () => addresses } });
      const reply = await requests.ask({ url: urlOf(server, "/", "api.test") });
      assert.equal(reply.kind, "refused", addresses.join());
      assert.match((reply as { reason: string }).reason, /is not public/);
    }
    assert.equal(server.connections, 0);
  });

  test("refuses what a resolver says that is no address", async () => {
    for (const addresses of [["localhost"], ["127.1"], ["0x7f000001"], ["http://127.0.0.1"], [""]]) {
      using requests = new Requests([{ allow: "http://api.test/*", addresses: LOOPBACK }], {
        transport: { resolve: async () => addresses },
      });
      assert.equal((await requests.ask({ url: "http://api.test/" })).kind, "refused", addresses.join());
    }
  });

  test("refuses every spelling of an address that is not public, although the host is granted", async () => {
    const hosts = ["127.0.0.1", "169.254.169.254", "10.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]"];
    hosts.push("[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fc00::1]", "100.64.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1");
    for (const host of hosts) {
      using requests = new Requests([{ allow: `http://${host}/*` }]);
      assert.equal((await requests.ask({ url: `http://${host}/` })).kind, "refused", host);
    }
  });

  test("connects to what a grant names although it is not public, and to nothing beside it", async () => {
    await using server = await LocalServer.start((request, response) => response.end(request.headers.host));
    const resolved = (address: string) => ({ transport: { resolve: async () => [address] } });
    const grant = { allow: `http://api.test:${server.port}/*`, addresses: ["127.0.0.1/32"] };
    using granted = new Requests([grant], resolved("127.0.0.1"));
    assert.equal(String(answered(await granted.ask({ url: urlOf(server, "/", "api.test") })).body), `api.test:${server.port}`);
    using beside = new Requests([grant], resolved("127.0.0.2"));
    assert.equal((await beside.ask({ url: urlOf(server, "/", "api.test") })).kind, "refused");
    assert.equal(server.connections, 1);
  });

  test("resolves a host anew for each connection, and checks what it gets then", async () => {
    await using server = await LocalServer.start((_request, response) => response.setHeader("connection", "close").end("x"));
    const answers = [["127.0.0.1"], ["127.0.0.2"]];
    using requests = new Requests([{ allow: `http://api.test:${server.port}/*`, addresses: ["127.0.0.1/32"] }], {
      transport: { resolve: async () => answers.shift() ?? [] },
    });
    const url = urlOf(server, "/", "api.test");
    assert.deepEqual([(await requests.ask({ url })).kind, (await requests.ask({ url })).kind], ["given", "refused"]);
    assert.equal(server.connections, 1);
  });

  test("tries a host's next address where the first doesn't answer", async () => {
    await using server = await LocalServer.start((_request, response) => response.end("x"));
    using requests = new Requests([{ allow: `http://api.test:${server.port}/*`, addresses: LOOPBACK }], {
      transport: { resolve: async () => ["127.0.0.9", "127.0.0.1"] },
    });
    assert.equal(String(answered(await requests.ask({ url: urlOf(server, "/", "api.test") })).body), "x");
  });

  test("speaks TLS for the name that was asked for, and only with a certificate for it", async () => {
    const own = selfSigned("api.test");
    const names: (string | false)[] = [];
    await using server = await LocalServer.start((_request, response) => response.end("over TLS"), { secure: own });
    server.onSecure((name) => names.push(name));
    const ask = async (host: string, ca: readonly string[]) => {
      using requests = new Requests([{ allow: `https://${host}:${server.port}/*`, addresses: LOOPBACK }], {
        transport: { resolve: async () => ["127.0.0.1"], ca },
      });
      return await requests.ask({ url: `https://${host}:${server.port}/` });
    };
    assert.equal(String(answered(await ask("api.test", [own.cert])).body), "over TLS");
    assert.deepEqual(names, ["api.test"]);
    for (const [host, ca] of [
      ["api.test", []],
      ["other.test", [own.cert]],
      ["127.0.0.1", [own.cert]],
    ] as const) {
      const reply = await ask(host, ca);
      assert.equal(reply.kind === "failed" && reply.message, "the request failed", `${host} ${JSON.stringify(reply)}`);
    }
    assert.equal(server.requests.length, 1);
  });
});

describe("http_request's redirects", () => {
  const redirects = (status: number, location: (path: string) => string | undefined) =>
    LocalServer.start((request, response) => {
      const to = location(request.url ?? "");
      if (to !== undefined) response.writeHead(status, { location: to });
      response.end(to === undefined ? "arrived" : "");
    });

  test("are answers, where the grant follows none", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      await using server = await redirects(status, (path) => (path === "/a" ? "/b" : undefined));
      using requests = new Requests([all(server)]);
      const { status: got, headers } = answered(await requests.ask({ url: urlOf(server, "/a") }));
      assert.deepEqual([got, headers["location"], server.requests.length], [status, "/b", 1]);
    }
  });

  test("are followed as far as the grant says, and not further", async () => {
    await using server = await redirects(302, (path) => `/${Number(path.slice(1)) + 1}`);
    using requests = new Requests([all(server, { redirects: 3 })]);
    const { status, headers } = answered(await requests.ask({ url: urlOf(server, "/0") }));
    assert.deepEqual([status, headers["location"], server.requests.length], [302, "/4", 4]);
  });

  test("are each counted as a request", async () => {
    await using server = await redirects(302, () => "/again");
    using requests = new Requests([all(server, { redirects: 20 })], { limits: { httpRequests: 5 } });
    const reply = await requests.ask({ url: urlOf(server) });
    assert.deepEqual(reply, { kind: "exhausted", limit: "calls", used: 6, max: 5, reason: "requests" });
    assert.equal(server.requests.length, 5);
  });

  test("are refused to where no grant leads: other hosts, ports, paths, schemes", async () => {
    await using sink = await LocalServer.start((_request, response) => response.end("leaked"));
    for (const to of [
      urlOf(sink),
      `//127.0.0.1:${sink.port}/`,
      "http://169.254.169.254/latest/meta-data/",
      "http://[::1]/",
      "http://localhost/",
      "/admin",
      "/a/../admin",
      "/a/..%2fadmin",
      "file:///etc/passwd",
      "gopher://127.0.0.1/",
      "javascript:alert(1)",
      "http://user:password@127.0.0.1/",
      "http://",
    ]) {
      await using server = await redirects(302, (path) => (path === "/a/x" ? to : undefined));
      using requests = new Requests([{ allow: `http://127.0.0.1:${server.port}/a/*`, addresses: LOOPBACK, redirects: 5 }]);
      const reply = await requests.ask({ url: urlOf(server, "/a/x") });
      assert.equal(reply.kind, "refused", to);
      assert.equal(server.requests.length, 1, to);
    }
    assert.equal(sink.connections, 0);
  });

  test("are refused from https to http", async () => {
    const own = selfSigned("api.test");
    await using plain = await LocalServer.start((_request, response) => response.end("plain"));
    await using server = await LocalServer.start(
      (_request, response) => response.writeHead(302, { location: urlOf(plain, "/", "api.test") }).end(),
      { secure: own },
    );
    using requests = new Requests(
      [
        { allow: `https://api.test:${server.port}/*`, addresses: LOOPBACK, redirects: 1 },
        { allow: `http://api.test:${plain.port}/*`, addresses: LOOPBACK },
      ],
      { transport: { resolve: async () => ["127.0.0.1"], ca: [own.cert] } },
    );
    assert.equal((await requests.ask({ url: `https://api.test:${server.port}/` })).kind, "refused");
    assert.equal(plain.connections, 0);
  });

  test("take no credentials and no headers of the guest's to another origin, and the other grant's own", async () => {
    await using other = await LocalServer.start((_request, response) => response.end("x"));
    await using server = await LocalServer.start((_request, response) => response.writeHead(307, { location: urlOf(other) }).end());
    using requests = new Requests(
      [
        all(server, { redirects: 1, methods: ["POST"], auth: { header: "Authorization", secret: "ONE", format: "Bearer {}" } }),
        all(other, { methods: ["POST"], auth: { header: "X-Key", secret: "TWO" } }),
      ],
      { secrets: { ONE: "first-secret", TWO: "second-secret" } },
    );
    const headers = [
      ["Cookie", "session=1"],
      ["X-Api-Key", "mine"],
      ["Content-Type", "text/plain"],
    ] as const;
    answered(await requests.ask({ url: urlOf(server), method: "POST", headers, body: "data" }));
    const [first, second] = [server.requests[0]?.headers, other.requests[0]?.headers];
    assert.deepEqual(
      [first?.["authorization"], first?.["cookie"], first?.["x-api-key"], first?.["x-key"]],
      ["Bearer first-secret", "session=1", "mine", undefined],
    );
    assert.deepEqual(
      [second?.["authorization"], second?.["cookie"], second?.["x-api-key"], second?.["x-key"], second?.["content-type"]],
      [undefined, undefined, undefined, "second-secret", "text/plain"],
    );
    assert.equal(other.requests[0]?.body, "data");
  });

  test("become a GET without a body where the standard says so, if the grant has that method", async () => {
    for (const [status, method, expected, body] of [
      [301, "POST", "GET", ""],
      [302, "POST", "GET", ""],
      [303, "PUT", "GET", ""],
      [302, "PUT", "PUT", "data"],
      [307, "POST", "POST", "data"],
      [308, "POST", "POST", "data"],
    ] as const) {
      await using server = await redirects(status, (path) => (path === "/a" ? "/b" : undefined));
      using requests = new Requests([all(server, { redirects: 1, methods: ["GET", "POST", "PUT"] })]);
      answered(await requests.ask({ url: urlOf(server, "/a"), method, body: "data", headers: [["content-type", "text/plain"]] }));
      const { method: got, body: sent, headers } = server.requests[1] ?? assert.fail("no second request");
      const type = body === "" ? undefined : "text/plain";
      assert.deepEqual([got, sent, headers["content-type"]], [expected, body, type], `${status} ${method}`);
    }
    await using server = await redirects(303, (path) => (path === "/a" ? "/b" : undefined));
    using requests = new Requests([all(server, { redirects: 1, methods: ["POST"] })]);
    assert.equal((await requests.ask({ url: urlOf(server, "/a"), method: "POST", body: "x" })).kind, "refused");
  });
});

describe("what http_request sends", () => {
  test("is refused with headers that steer the connection, or end a line", async () => {
    await using server = await LocalServer.start((_request, response) => response.end("x"));
    using requests = new Requests([all(server, { methods: ["POST"], auth: { header: "X-Key", secret: "KEY" } })], {
      secrets: { KEY: "the-secret-key" },
    });
    const wrong: (readonly [string, string])[][] = [
      ...[
        "Host",
        "HOST",
        "Transfer-Encoding",
        "Content-Length",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "TE",
        "Trailer",
        "Expect",
        "Via",
      ].map((name) => [[name, "1"] as const]),
      ...["Proxy-Authorization", "Proxy-Connection", "HTTP2-Settings", "X-Key", "x-key"].map((name) => [[name, "1"] as const]),
      ...["", "a b", "a:b", "a\r\nb", "a\0", "é", "a".repeat(200)].map((name) => [[name, "1"] as const]),
      ...["a\r\nX: y", "a\nb", "a\rb", "a\0b", "é", "\u{1f600}", " a", "a\t"].map((value) => [["X-A", value] as const]),
      [
        ["X-A", "1"],
        ["x-a", "2"],
      ],
      [["X-A", "a".repeat(20_000)]],
      Array.from({ length: 100 }, (_, n) => [`X-${n}`, "1"] as const),
    ];
    for (const headers of wrong) {
      const reply = await requests.ask({ url: urlOf(server), method: "POST", headers });
      assert.equal(reply.kind, "refused", JSON.stringify(headers).slice(0, 100));
    }
    assert.equal(server.connections, 0);
  });

  test("is refused with a method that is not granted, and as a GET with a body", async () => {
    await using server = await LocalServer.start((_request, response) => response.end("x"));
    using requests = new Requests([all(server)]);
    for (const method of ["POST", "CONNECT", "TRACE", "get", "FOO", "GET / HTTP/1.1\r\nX: y\r\n", ""]) {
      assert.equal((await requests.ask({ url: urlOf(server), method })).kind, "refused", method);
    }
    assert.equal((await requests.ask({ url: urlOf(server), body: "x" })).kind, "refused");
    assert.equal(server.connections, 0);
  });

  test("has the host and the length of its own, and the grant's secret", async () => {
    await using server = await LocalServer.start((_request, response) => response.end("x"));
    using requests = new Requests([all(server, { methods: ["POST"], auth: { header: "X-Key", secret: "KEY", format: "Key {}" } })], {
      secrets: { KEY: "the-secret-key" },
    });
    answered(await requests.ask({ url: urlOf(server, "/p?q=1#f"), method: "POST", headers: [["X-A", "b"]], body: "four" }));
    const [{ method, url, headers, body } = assert.fail("no request")] = server.requests;
    assert.deepEqual([method, url, body], ["POST", "/p?q=1", "four"]);
    assert.deepEqual(
      [headers["host"], headers["content-length"], headers["x-key"], headers["x-a"], headers["user-agent"]],
      [`127.0.0.1:${server.port}`, "4", "Key the-secret-key", "b", "glovebox"],
    );
  });

  test("goes through no proxy, whatever the environment says", async () => {
    await using proxy = await LocalServer.start((_request, response) => response.end("through the proxy"));
    await using server = await LocalServer.start((_request, response) => response.end("direct"));
    const names = ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "NODE_USE_ENV_PROXY"];
    for (const name of names) process.env[name] = name === "NODE_USE_ENV_PROXY" ? "1" : urlOf(proxy);
    try {
      using requests = new Requests([all(server)]);
      assert.equal(String(answered(await requests.ask({ url: urlOf(server) })).body), "direct");
    } finally {
      for (const name of names) delete process.env[name];
    }
    assert.equal(proxy.connections, 0);
  });

  test("never shares a connection between two attempts", async () => {
    await using server = await LocalServer.start((_request, response) => response.end("x"));
    using one = new Requests([all(server)]);
    using two = new Requests([all(server)]);
    for (const requests of [one, one, two, two]) answered(await requests.ask({ url: urlOf(server) }));
    assert.equal(server.connections, 2);
  });

  test("is refused where it has the wrong shape", async () => {
    using requests = new Requests([{ allow: "http://a.b/*" }]);
    for (const argument of ["", "x", "\0\0\0\0", "\xff\xff\xff\xff{}", "\x02\0\0\0{}", '\x10\0\0\0{"url":"http://a']) {
      assert.equal((await requests.session.request(Buffer.from(argument, "latin1"))).kind, "failed", JSON.stringify(argument));
    }
    const head = (value: unknown) => {
      const text = Buffer.from(JSON.stringify(value));
      const size = Buffer.alloc(4);
      size.writeUInt32LE(text.length);
      return Buffer.concat([size, text]);
    };
    const right = { url: "http://a.b/", method: "GET", headers: [], stream: false };
    for (const wrong of [
      null,
      1,
      [],
      { ...right, url: 1 },
      { ...right, headers: { a: "b" } },
      { ...right, headers: [["a"]] },
      { ...right, stream: 1 },
    ]) {
      assert.equal((await requests.session.request(head(wrong))).kind, "failed", JSON.stringify(wrong));
    }
  });
});

describe("what http_request gives back", () => {
  test("is decoded, whatever of the encodings it has", async () => {
    const encode = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, identity: (text: string) => Buffer.from(text) };
    await using server = await LocalServer.start((request, response) => {
      const name = (request.url ?? "").slice(1) as keyof typeof encode;
      response.writeHead(200, { "content-encoding": name, "content-type": "text/plain" }).end(encode[name]("hello"));
    });
    using requests = new Requests([all(server)]);
    for (const name of Object.keys(encode)) {
      const { status, headers, body } = answered(await requests.ask({ url: urlOf(server, `/${name}`) }));
      assert.deepEqual(
        [status, String(body), headers["content-type"], headers["content-length"]],
        [200, "hello", "text/plain", undefined],
        name,
      );
    }
  });

  test("is refused as it can't be decoded", async () => {
    await using server = await LocalServer.start((request, response) => {
      response.writeHead(200, { "content-encoding": request.url === "/known" ? "gzip" : "gzip, gzip" }).end("not gzip");
    });
    using requests = new Requests([all(server)]);
    for (const path of ["/known", "/unknown"]) {
      const reply = await requests.ask({ url: urlOf(server, path) });
      assert.equal(reply.kind === "failed" && reply.message, "the response can't be decoded", path);
    }
  });

  test("is bounded as it is decoded, and as it comes", async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000));
    const empty = gzipSync("").subarray(0, 10); // a header
    await using server = await LocalServer.start((request, response) => {
      if (request.url === "/bomb") response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      else if (request.url === "/nothing") {
        response.writeHead(200, { "content-encoding": "gzip" }).write(empty);
        const block = Buffer.from("000000ffff".repeat(10_000), "hex"); // stored blocks of no bytes
        const more = () => {
          while (response.writable && response.write(block));
        };
        response.on("drain", more);
        more();
      } else response.end(Buffer.alloc(2_000_000));
    });
    using requests = new Requests([all(server)], { limits: { httpResponseBytes: 1_000_000, httpMs: 20_000 } });
    for (const path of ["/plain", "/bomb", "/nothing"]) {
      const reply = await requests.ask({ url: urlOf(server, path) });
      assert.equal(reply.kind === "failed" && reply.message, "the response is too large", `${path} ${JSON.stringify(reply)}`);
    }
  });

  test("is bounded over all responses, and then the guest is ended", async () => {
    await using server = await LocalServer.start((_request, response) => response.end(Buffer.alloc(600)));
    for (const stream of [false, true]) {
      using requests = new Requests([all(server)], { limits: { httpBytesIn: 1000 } });
      const first = await requests.ask({ url: urlOf(server), stream });
      if (stream) assert.equal((await requests.session.read()).kind, "given");
      assert.equal(first.kind, "given");
      const second = await requests.ask({ url: urlOf(server), stream });
      const last = stream ? await requests.session.read() : second;
      assert.deepEqual(last, { kind: "exhausted", limit: "calls", used: 1200, max: 1000, reason: "bytes of response bodies" });
    }
  });

  test("is bounded with all that stands around bodies, and then the guest is ended", async () => {
    const endless = {
      "/heads": ["", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(5000)],
      "/reason": ["HTTP/1.1 200 ", "x".repeat(65_536)],
      "/extension": ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", "x".repeat(65_536)],
    };
    for (const [path, [first = "", again = ""]] of Object.entries(endless)) {
      await using server = await LocalServer.endless(first, again);
      using requests = new Requests([all(server)], { limits: { httpBytesIn: 1000, httpMs: 60_000 } });
      const reply = await requests.ask({ url: urlOf(server, path) });
      assert.equal(reply.kind === "exhausted" && reply.reason, "bytes that were received", `${path} ${JSON.stringify(reply)}`);
      assert.equal((await requests.ask({ url: urlOf(server, path) })).kind, "exhausted");
    }
  });

  test("is held in as much memory as it has bytes, however small the pieces that it comes in", async () => {
    await using server = await LocalServer.raw(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(1_000_000)}0\r\n\r\n`,
    );
    using requests = new Requests([all(server)], { limits: { httpMs: 60_000 } });
    const reply = await requests.ask({ url: urlOf(server) });
    assert.ok(reply.kind === "given", JSON.stringify(reply));
    assert.deepEqual([reply.parts.length, reply.parts[1]?.length], [2, 1_000_000]);
    assert.ok((reply.parts[1]?.buffer.byteLength ?? 0) <= 2_000_000);
  });

  test("is read in pieces where that was asked for, whole and in order, beyond the bound of one answer", async () => {
    const body = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7 + (at >> 8)) & 255));
    await using server = await LocalServer.start((_request, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(body)),
    );
    using requests = new Requests([all(server)], { limits: { httpResponseBytes: 1000 } });
    assert.equal(answered(await requests.ask({ url: urlOf(server), stream: true })).body.length, 0);
    const pieces: Uint8Array[] = [];
    for (;;) {
      const reply = await requests.session.read();
      if (reply.kind !== "given" || reply.parts.length === 0) break;
      assert.ok(Buffer.concat(reply.parts).length <= 2 * 256 * 1024);
      pieces.push(...reply.parts);
    }
    assert.equal(Buffer.compare(Buffer.concat(pieces), body), 0);
    assert.deepEqual(await requests.session.read(), { kind: "given", parts: [] });
  });

  test("has to be there in time, to the last byte", async () => {
    await using server = await LocalServer.start((request, response) => {
      if (request.url === "/body") response.write("the beginning");
    });
    using requests = new Requests([all(server)], { limits: { httpMs: 200 } });
    for (const path of ["/head", "/body"]) {
      const reply = await requests.ask({ url: urlOf(server, path) });
      assert.equal(reply.kind === "failed" && reply.message, "the request took too long", path);
    }
    answered(await requests.ask({ url: urlOf(server, "/body"), stream: true }));
    await requests.session.read();
    const reply = await requests.session.read();
    assert.equal(reply.kind === "failed" && reply.message, "the request took too long");
  });

  test("may break off while nobody reads it", async () => {
    await using server = await LocalServer.start((request, response) => {
      if (request.url === "/gzip") response.setHeader("content-encoding", "gzip");
      response.write(gzipSync("the beginning"));
      setTimeout(() => response.destroy(), 20);
    });
    for (const path of ["/plain", "/gzip"]) {
      using requests = new Requests([all(server)]);
      answered(await requests.ask({ url: urlOf(server, path), stream: true }));
      await server.idle();
      let reply = await requests.session.read();
      for (let n = 0; n < 3 && reply.kind === "given"; n++) reply = await requests.session.read();
      assert.equal(reply.kind === "failed" && reply.message, "the request failed", JSON.stringify(reply));
    }
  });

  test("is not waited for where the host is not found in time", async () => {
    using requests = new Requests([{ allow: "http://slow.test/*" }], {
      limits: { httpMs: 100 },
      transport: { resolve: () => new Promise(() => {}) },
    });
    const reply = await requests.ask({ url: "http://slow.test/" });
    assert.equal(reply.kind === "failed" && reply.message, "the request took too long");
  });

  test("is an error of few words where there is none, and the operator's is told more", async () => {
    await using gone = await LocalServer.start(() => {});
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    using requests = new Requests([{ allow: `http://127.0.0.1:${port}/*`, addresses: LOOPBACK }]);
    const reply = await requests.ask({ url: `http://127.0.0.1:${port}/` });
    assert.deepEqual([reply.kind, (reply as { message: string }).message], ["failed", "the request failed"]);
    assert.match((reply as { reason: string }).reason, /ECONNREFUSED/);
    using unknown = new Requests([{ allow: "http://nowhere.test/*" }], {
      transport: {
        resolve: async () => {
          throw Object.assign(new Error("no such host"), { code: "ENOTFOUND" });
        },
      },
    });
    const none = await unknown.ask({ url: "http://nowhere.test/" });
    assert.equal((none as { message: string }).message, "the request failed");
  });

  test("is an error where it is no HTTP, has too many headers, or switches protocols", async () => {
    for (const answer of [
      "SSH-2.0-OpenSSH_9.6\r\n",
      `HTTP/1.1 200 OK\r\n${"X-A: b\r\n".repeat(10_000)}\r\n`,
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
    ]) {
      await using server = await LocalServer.raw(answer);
      using requests = new Requests([all(server)], { limits: { httpMs: 3000 } });
      const reply = await requests.ask({ url: urlOf(server) });
      assert.equal(reply.kind === "failed" && reply.message, "the request failed", `${answer.slice(0, 60)}: ${JSON.stringify(reply)}`);
    }
  });

  test("of a request under way is given up when the attempt ends, and its connection closed", async () => {
    await using server = await LocalServer.start(() => {});
    const requests = new Requests([all(server)]);
    const asked = requests.ask({ url: urlOf(server) });
    await server.reached;
    requests[Symbol.dispose]();
    assert.equal((await asked).kind, "failed");
    await server.idle();
  });
});

describe("http_request's counts", () => {
  test("end a guest that makes more requests, or sends more, than it may", async () => {
    await using server = await LocalServer.start((_request, response) => response.end("x"));
    using requests = new Requests([all(server)], { limits: { httpRequests: 2 } });
    const kinds = [];
    for (let n = 0; n < 3; n++) kinds.push((await requests.ask({ url: urlOf(server) })).kind);
    assert.deepEqual([kinds, server.requests.length], [["given", "given", "exhausted"], 2]);
    using sending = new Requests([all(server, { methods: ["POST"] })], { limits: { httpBytesOut: 10 } });
    const post = () => sending.ask({ url: urlOf(server), method: "POST", body: "1234567" });
    assert.deepEqual([(await post()).kind, (await post()).kind, server.requests.length], ["given", "exhausted", 3]);
  });
});
