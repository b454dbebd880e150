import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { DEFAULT_POLICY } from "../policy/policy.ts";
import { loadWorkflow } from "../workflow/load.ts";
import { renderProblems } from "../workflow/render.ts";
import { type Configuration, DEFAULT_CONFIGURATION, loadConfiguration } from "./configuration.ts";

const CASE = /^## (.+)\n```yaml\n([\s\S]*?)```\n```text\n([\s\S]*?)```\n/gm;

suite("cases.md", () => {
  const text = readFileSync(new URL("cases.md", import.meta.url), "utf8");
  const cases = [...text.matchAll(CASE)];
  assert.equal(cases.length, text.match(/^## /gm)?.length, "a section has another form");
  for (const [, title = "", configuration = "", expected = ""] of cases) {
    test(`loadConfiguration() ${title}`, () => {
      const loaded = loadConfiguration(configuration, { file: "c.yaml", named: !title.includes("found and not named") });
      assert.equal(renderProblems(loaded.problems, loaded.source), expected);
      assert.equal(loaded.configuration, undefined);
    });
  }
});

function loaded(text: string, named = true): Configuration {
  const { configuration, problems, source } = loadConfiguration(text, { file: "c.yaml", named });
  assert.equal(renderProblems(problems, source), "");
  assert.ok(configuration);
  return configuration;
}

test("loadConfiguration() lays what is given over what holds without it", () => {
  const { policy, ...others } = loaded(`
profile: verified
isolation: unshare
weakIsolation: true
caps: { limits: { memory_mb: 100, http_requests: 5 }, grants: { secrets: [KEY], tools: [csv] } }
profiles:
  community:
    limits: { cpu_ms: 7 }
    grants:
      http: [{ hosts: [api.example.com, "*.example.org"], ports: [default, 8443], methods: [POST], addresses: [10.0.0.0/8], redirects: 1 }]
      files: [data/public]
secrets: { environment: false, file: /run/secrets.env, command: [pass, "{name}"], command_timeout_ms: 500 }
records: { keep_runs: 5, max_mb: 2 }
`);
  assert.deepEqual(others, {
    isolation: "unshare",
    weakIsolation: true,
    secrets: { environment: false, file: "/run/secrets.env", command: ["pass", "{name}"], commandTimeoutMs: 500 },
    records: { runs: 5, days: 30, bytes: 2 * 2 ** 20 },
  });
  const { caps, profiles } = DEFAULT_POLICY;
  assert.deepEqual(policy, {
    profile: "verified",
    caps: {
      ...caps,
      limits: { ...caps.limits, memoryBytes: 100 * 2 ** 20 },
      hostLimits: { ...caps.hostLimits, httpRequests: 5 },
      secrets: ["KEY"],
      tools: ["csv"],
    },
    profiles: {
      ...profiles,
      community: [
        {
          ...profiles.community[0],
          limits: { ...profiles.community[0]?.limits, cpuMs: 7 },
          http: [
            {
              hosts: ["api.example.com", "*.example.org"],
              schemes: ["https"],
              ports: ["default", 8443],
              methods: ["POST"],
              addresses: [{ bytes: [10, 0, 0, 0], bits: 8 }],
              redirects: 1,
            },
          ],
          files: ["data/public"],
        },
      ],
    },
  });
});

test("loadConfiguration() takes from a file that was only found what makes things stricter", () => {
  const found = loaded(
    "profile: community\nisolation: bubblewrap\ncaps: { limits: { cpu_ms: 1000 } }\nsecrets: { file: secrets.env }\n",
    false,
  );
  assert.deepEqual([found.policy.profile, found.isolation, found.secrets.file], ["community", "bubblewrap", "secrets.env"]);
  assert.deepEqual(loaded("{}", false), DEFAULT_CONFIGURATION);
  const lax = "profiles: { untrusted: { limits: { memory_mb: 64 }, grants: { http: [{ hosts: ['*'] }], tools: ['*'] } } }";
  const document = `profile: untrusted
steps:
  - { id: a, type: tool, tool: csv }
  - { id: b, type: code, language: python, code: "1", limits: { memory_mb: 64 }, grants: { http: [{ allow: "https://example.com/" }] } }
`;
  const problems = (named: boolean) => loadWorkflow(document, { file: "w.yaml", policy: loaded(lax, named).policy }).problems;
  assert.deepEqual(problems(true), []);
  assert.deepEqual(
    problems(false).map(({ code }) => code),
    ["grant-above-cap", "limit-above-cap", "grant-above-cap"],
  );
});
