import { assertEquals } from "@std/assert";
import { checkContext } from "../../src/doctor/project.ts";

function found(files: Readonly<Record<string, number>>): readonly string[] {
  return checkContext({ files: Object.entries(files).map(([path, bytes]) => ({ path, bytes })) })
    .map(({ level, message, fix }) => `${level}: ${message} | ${fix}`);
}

Deno.test("checkContext() is silent about a small folder, an example of settings included", () => {
  assertEquals(found({ "main.py": 1000, ".env.example": 20, "environment.pem.md": 5 }), []);
});

Deno.test("checkContext() warns of files that usually hold secrets, wherever they are", () => {
  assertEquals(found({ "api/.env": 20 }), [
    'warning: "api/.env" is sent with every push and may hold a secret, which then is in the image of COPY . . | ' +
    "echo 'api/.env' >>.dockerignore (give values with: mypaas env set)",
  ]);
});

Deno.test("checkContext() advises the line of .dockerignore that makes a large folder small", () => {
  assertEquals(found({ "node_modules/a/a.js": 150_000_000, "main.js": 10 }), [
    "advice: A push of this folder looks at 150 MB in 2 files; node_modules/ has 150 MB of them | " +
    "echo 'node_modules/' >>.dockerignore",
  ]);
});
