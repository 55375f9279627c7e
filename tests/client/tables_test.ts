import { assertEquals } from "@std/assert";
import { historyTable, keysTable, servicesTable } from "../../src/client/tables.ts";

Deno.test("servicesTable() aligns its columns and puts a failure under its service", () => {
  assertEquals(
    servicesTable([
      {
        service: "blog",
        release: 7,
        status: "live",
        domains: ["a.example"],
        urls: ["http://a.example/", "http://b.example/"],
        scale: 2,
        replicas: [
          { name: "blog.7.1", status: "running", health: "unhealthy", restarts: 2 },
          { name: "blog.7.2", status: "exited", health: "none", restarts: 0 },
        ],
        certificates: [
          { domain: "a.example", state: "valid", notAfter: "2027-02-20T10:00:00Z" },
          { domain: "b.example", state: "valid", notAfter: "2027-02-10T10:00:00Z" },
          { domain: "c.example", state: "pending", reason: "c.example has no address\u001b[2J" },
          { domain: "d.example", state: "ordered" },
        ],
        since: "2026-11-22T10:04:59.123Z",
        lastFailure: { release: 8, status: "failed", error: "Cannot start\u001b[2J it" },
      },
      {
        service: "db",
        release: undefined,
        status: "failed",
        domains: [],
        urls: [],
        scale: 0,
        replicas: [],
        certificates: [],
        since: undefined,
        lastFailure: { release: 3, status: "retired", error: "db.3.1 ended twice" },
      },
    ]),
    [
      "SERVICE  RELEASE  STATUS  REPLICAS                      SINCE              URLS",
      "blog     7        live    1/2, 1 unhealthy, 2 restarts  2026-11-22 10:04Z  http://a.example/ http://b.example/",
      "  https until 2027-02-10 10:00Z, renewed before",
      "  certificate pending: c.example has no address",
      "  certificate ordered: d.example",
      "  release 8 failed: Cannot start it",
      "db       -        failed  0/1                           -                  -",
      "  release 3 taken back: db.3.1 ended twice",
    ],
  );
  assertEquals(servicesTable([]), ["no services"]);
});

Deno.test("keysTable() tells who may do what, and what was revoked", () => {
  const key = { id: "0123456789abcdef", name: "ann", role: "deploy", createdAt: "2026-11-22T10:00:00Z" } as const;
  assertEquals(
    keysTable([
      { ...key, scope: ["blog", "db"], revokedAt: undefined },
      { ...key, name: "bo", role: "admin", scope: ["*"], revokedAt: "2026-11-23T10:00:00Z" },
    ]),
    [
      "ID                NAME  ROLE    SCOPE    CREATED            REVOKED",
      "0123456789abcdef  ann   deploy  blog,db  2026-11-22 10:00Z  -",
      "0123456789abcdef  bo    admin   *        2026-11-22 10:00Z  2026-11-23 10:00Z",
    ],
  );
  assertEquals(keysTable([]), ["no keys"]);
});

Deno.test("historyTable() tells what each release was, and puts a failure under its release", () => {
  const release = { by: "ann", createdAt: "2026-11-22T10:04:00.000Z", step: undefined, error: undefined };
  assertEquals(
    historyTable([
      { ...release, release: 8, status: "pending", what: "deploy", endedAt: undefined, step: "build blog:8" },
      {
        ...release,
        release: 7,
        status: "failed",
        what: "env KEY",
        endedAt: "2026-11-22T10:04:03.200Z",
        error: "Cannot",
      },
      { ...release, release: 6, status: "live", what: "rollback to 4", endedAt: "2026-11-22T10:04:01.000Z" },
    ]),
    [
      "RELEASE  RESULT                 WHAT           BY   WHEN               TOOK",
      "8        pending: build blog:8  deploy         ann  2026-11-22 10:04Z  -",
      "7        failed                 env KEY        ann  2026-11-22 10:04Z  3.2 s",
      "  Cannot",
      "6        live                   rollback to 4  ann  2026-11-22 10:04Z  1.0 s",
    ],
  );
});
