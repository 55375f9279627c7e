import { assertEquals, assertStringIncludes } from "@std/assert";
import { autoDomainNote, autoDomainSuffix, withAutoDomain } from "../../src/service/auto_domain.ts";
import { parseService } from "../../src/service/parse_service.ts";

function parsed(...options: string[]) {
  return parseService([...options.map((option) => `# mypaas.${option}`), "FROM busybox"].join("\n"), "Dockerfile");
}

Deno.test("autoDomainSuffix() puts the address before sslip.io and nip.io, and takes another domain as it is", () => {
  assertEquals(autoDomainSuffix("sslip.io", "203.0.113.7"), "203-0-113-7.sslip.io");
  assertEquals(autoDomainSuffix("nip.io", "203.0.113.7"), "203-0-113-7.nip.io");
  assertEquals(autoDomainSuffix("apps.example.org", "paas.example.org"), "apps.example.org");
  assertEquals(autoDomainSuffix("sslip.io", "paas.example.org"), undefined);
});

Deno.test("withAutoDomain() gives a name to a service without a domain only", () => {
  const named = withAutoDomain(parsed("servicename = blog"), "x.example");
  assertEquals(named.sites, [{ domain: "blog.x.example", path: "/", https: false }]);
  for (const own of [["domain = a.example"], ["url = https://a.example/b"], ["domain = none"]]) {
    const service = parsed("servicename = blog", ...own);
    assertEquals(withAutoDomain(service, "x.example"), service.spec);
  }
  const bare = parsed("servicename = blog");
  assertEquals(withAutoDomain(bare, undefined), bare.spec);
});

Deno.test("autoDomainNote() says where the name comes from, and how not to have it", () => {
  const { spec } = parsed("servicename = blog");
  const named = withAutoDomain({ spec, noDomain: false }, "x.example");
  assertStringIncludes(autoDomainNote(named, "x.example") ?? "", "blog.x.example; if it is no website");
  assertEquals(autoDomainNote(spec, "x.example"), undefined);
  assertEquals(autoDomainNote(named, undefined), undefined);
});
