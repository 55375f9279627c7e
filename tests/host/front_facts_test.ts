import { assertEquals } from "@std/assert";
import { httpHead, shownCertificate } from "../../src/host/front_facts.ts";
import { makeCertificate, readCertificate } from "../../src/setup/certificate.ts";
import { freePorts } from "../e2e/free_ports.ts";

Deno.test("shownCertificate() gives the certificate of a port, whoever signed it, by name and by address", async () => {
  const { certificatePem, keyPem } = await makeCertificate("shop.example", new Date("2026-11-22T12:00:00Z"));
  const serving = Deno.serve(
    { port: 0, hostname: "127.0.0.1", cert: certificatePem, key: keyPem, onListen: () => {} },
    () => new Response(),
  );
  try {
    for (const name of ["shop.example", "127.0.0.1"]) {
      const shown = await shownCertificate(name, { address: "127.0.0.1", port: serving.addr.port });
      const read = shown && readCertificate(shown);
      assertEquals([read?.names, read?.notAfter.toISOString()], [["shop.example"], "2036-11-22T12:00:00.000Z"]);
    }
  } finally {
    await serving.shutdown();
  }
});

Deno.test("httpHead() gives status and headers of what a host answers, a redirect as it is, and undefined where nobody does", async () => {
  const serving = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) =>
      request.headers.get("host") === "shop.example"
        ? new Response(null, { status: 308, headers: { location: "https://shop.example/" } })
        : new Response(null, { status: 404 }),
  );
  const { signal } = new AbortController();
  const url = `http://127.0.0.1:${serving.addr.port}/`;
  try {
    const redirect = await httpHead(url, { signal, host: "shop.example" });
    assertEquals([redirect?.status, redirect?.headers.get("location")], [308, "https://shop.example/"]);
    assertEquals((await httpHead(url, { signal }))?.status, 404);
  } finally {
    await serving.shutdown();
  }
  const [free] = freePorts();
  assertEquals(await httpHead(`http://127.0.0.1:${free}/`, { signal }), undefined);
  assertEquals(await shownCertificate("shop.example", { address: "127.0.0.1", port: free }), undefined);
});
