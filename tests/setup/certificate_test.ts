import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { certificateNames, makeCertificate } from "../../src/setup/certificate.ts";
import { certificatePin } from "../../src/setup/certificate_pin.ts";
import { htpasswdLine } from "../../src/setup/htpasswd.ts";

const NOW = new Date();

async function openssl(args: readonly string[], stdin: string): Promise<string> {
  const child = new Deno.Command("openssl", { args: [...args], stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { stdout, stderr } = await child.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** Serves one TLS connection with the certificate and says what a client that trusts only it gets. */
async function handshake(address: string, trusted: string, served: { certificatePem: string; keyPem: string }) {
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: served.certificatePem, key: served.keyPem });
  const answer = listener.accept().then(async (connection) => {
    await connection.write(new TextEncoder().encode("hi")).catch(() => {});
    connection.close();
  }).catch(() => {});
  try {
    using client = await Deno.connectTls({ hostname: address, port: listener.addr.port, caCerts: [trusted] });
    const buffer = new Uint8Array(2);
    await client.read(buffer);
    return new TextDecoder().decode(buffer);
  } finally {
    listener.close();
    await answer;
  }
}

Deno.test("makeCertificate() makes one that openssl reads as a server's own, no authority's", async () => {
  const { certificatePem, keyPem } = await makeCertificate("192.0.2.7", NOW);
  const text = await openssl(["x509", "-noout", "-text"], certificatePem);
  assertStringIncludes(text, "CA:FALSE");
  assertStringIncludes(text, "IP Address:192.0.2.7");
  assertStringIncludes(text, "Public-Key: (256 bit)");
  assertStringIncludes(text, "TLS Web Server Authentication");
  assertMatch(text, new RegExp(`Not After : .* ${NOW.getUTCFullYear() + 10} GMT`));
  assertStringIncludes(await openssl(["pkey", "-noout", "-check"], keyPem), "Key is valid");
  const own = await openssl(["x509", "-noout", "-pubkey"], certificatePem);
  assertEquals(await openssl(["pkey", "-pubout"], keyPem), own);
});

Deno.test("makeCertificate() is verified by openssl for its address and no other", async () => {
  const { certificatePem } = await makeCertificate("192.0.2.7", NOW);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, certificatePem);
    const verify = (ip: string) =>
      openssl(["verify", "-trusted", file, "-verify_ip", ip, "-partial_chain"], certificatePem);
    assertStringIncludes(await verify("192.0.2.7"), ": OK");
    assertStringIncludes(await verify("192.0.2.8"), "IP address mismatch");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("makeCertificate() makes another serial number each time", async () => {
  const serials = await Promise.all([1, 2].map(async () => {
    const { certificatePem } = await makeCertificate("192.0.2.7", NOW);
    return await openssl(["x509", "-noout", "-serial"], certificatePem);
  }));
  assertMatch(serials[0] ?? "", /^serial=[4-7][0-9A-F]{31}\n$/);
  assertNotEquals(serials[0], serials[1]);
});

Deno.test("a real TLS client that trusts only this certificate connects to its address", async () => {
  for (const address of ["127.0.0.1", "localhost"]) {
    const own = await makeCertificate(address, NOW);
    assertEquals(await handshake(address, own.certificatePem, own), "hi");
  }
});

Deno.test("a real TLS client refuses another certificate for the same address", async () => {
  const [own, other] = await Promise.all([makeCertificate("127.0.0.1", NOW), makeCertificate("127.0.0.1", NOW)]);
  await assertRejects(() => handshake("127.0.0.1", other.certificatePem, own), Error);
});

Deno.test("certificateNames() reads the address back, and nothing out of rubbish", async () => {
  assertEquals(certificateNames((await makeCertificate("192.0.2.7", NOW)).certificatePem), ["192.0.2.7"]);
  assertEquals(certificateNames((await makeCertificate("localhost", NOW)).certificatePem), ["localhost"]);
  assertEquals(certificateNames("rubbish"), []);
});

Deno.test("certificatePin() is the SHA-256 of the DER that openssl tells", async () => {
  const { certificatePem } = await makeCertificate("127.0.0.1", NOW);
  const pin = await certificatePin(certificatePem);
  const told = await openssl(["x509", "-noout", "-fingerprint", "-sha256"], certificatePem);
  const hex = told.split("=")[1]?.trim().replaceAll(":", "").toLowerCase() ?? "";
  assertEquals(Uint8Array.fromBase64(pin, { alphabet: "base64url" }).toHex(), hex);
  assert(!pin.includes("="));
  await assertRejects(() => certificatePin("rubbish"), SyntaxError);
});

Deno.test("htpasswdLine() writes what htpasswd -s writes", async () => {
  // $ htpasswd -nbs mypaas secret
  assertEquals(await htpasswdLine("mypaas", "secret"), "mypaas:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=");
});
