import { assertEquals } from "@std/assert";
import { AcmeStore } from "../../src/host/acme_store.ts";
import { makeCertificate } from "../../src/setup/certificate.ts";
import { tempFolder } from "./temp_folder.ts";

Deno.test("AcmeStore tells when each certificate of Traefik's file ends, and notices a new one", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/acme.json`;
  const store = new AcmeStore(path);
  assertEquals(await store.certificates(), new Map());
  await Deno.writeTextFile(path, "");
  assertEquals(await store.certificates(), new Map());

  const entry = async (main: string, now: string) => {
    const { certificatePem } = await makeCertificate(main, new Date(now));
    return { domain: { main }, certificate: btoa(certificatePem), key: btoa("private"), Store: "default" };
  };
  const write = (...Certificates: readonly unknown[]) =>
    Deno.writeTextFile(path, JSON.stringify({ mypaas: { Account: { PrivateKey: "private" }, Certificates } }));
  await write(await entry("a.test", "2026-11-23T10:00:00Z"));
  assertEquals(await store.certificates(), new Map([["a.test", { notAfter: "2036-11-23T10:00:00.000Z" }]]));
  await write(await entry("a.test", "2026-12-23T10:00:00Z"), { domain: { main: "b.test" }, certificate: "bm8=" });
  assertEquals(await store.certificates(), new Map([["a.test", { notAfter: "2036-12-23T10:00:00.000Z" }]]));
});

Deno.test("AcmeStore keeps what it read while Traefik writes the file, and forgets it with the file", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/acme.json`;
  const store = new AcmeStore(path);
  const { certificatePem } = await makeCertificate("a.test", new Date("2026-11-23T10:00:00Z"));
  const whole = JSON.stringify({
    mypaas: { Certificates: [{ domain: { main: "a.test" }, certificate: btoa(certificatePem) }] },
  });
  await Deno.writeTextFile(path, whole);
  assertEquals([...(await store.certificates()).keys()], ["a.test"]);
  await Deno.writeTextFile(path, whole.slice(0, 100));
  assertEquals([...(await store.certificates()).keys()], ["a.test"]);
  await Deno.writeTextFile(path, JSON.stringify({ mypaas: { Certificates: null } }));
  assertEquals([...(await store.certificates()).keys()], []);
  await Deno.remove(path);
  assertEquals([...(await store.certificates()).keys()], []);
});
