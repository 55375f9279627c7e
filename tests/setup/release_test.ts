import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { listedDigest, releaseFile, releasesUrl } from "../../src/setup/release.ts";

const DIGEST = "ab".repeat(32);

Deno.test("releaseFile() names the program of a machine, and nothing where none is made", () => {
  assertEquals(releaseFile({ os: "linux", arch: "x86_64" }), "mypaas-linux-x86_64.gz");
  assertEquals(releaseFile({ os: "darwin", arch: "aarch64" }), "mypaas-darwin-aarch64.gz");
  assertEquals(releaseFile({ os: "windows", arch: "x86_64" }), undefined);
  assertEquals(releaseFile({ os: "linux", arch: "riscv64" }), undefined);
});

Deno.test("listedDigest() finds a file by its whole name, in the text and the binary form of sha256sum", () => {
  const list = `${"0".repeat(64)}  xmypaas.gz\n${DIGEST}  mypaas.gz\n${"1".repeat(64)} *LICENSES\n`;
  assertEquals(listedDigest(list, "mypaas.gz"), DIGEST);
  assertEquals(listedDigest(list, "LICENSES"), "1".repeat(64));
  assertEquals(listedDigest(list, "mypaas"), undefined);
  assertEquals(listedDigest(`${DIGEST.toUpperCase()}  mypaas.gz`, "mypaas.gz"), undefined);
  assertEquals(listedDigest("<html>not found</html>", "mypaas.gz"), undefined);
});

Deno.test("releasesUrl() takes https, a folder, and plain http to this machine only", () => {
  assertEquals(releasesUrl("https://get.example/mypaas/"), "https://get.example/mypaas");
  assertEquals(releasesUrl("file:///media/usb/"), "file:///media/usb");
  assertEquals(releasesUrl("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  for (const text of ["http://get.example", "http://127.0.0.1.example", "ftp://x", "get.example", "https://x/?a"]) {
    assertThrows(() => releasesUrl(text), UsageError, `Cannot download from "${text}"`);
  }
});
