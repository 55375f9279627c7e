import { type Command, type CommandRule, commands } from "../../../src/auth/roles.ts";
import type { Attack } from "./attack.ts";
import { type Attacker, type Crafted, OWN, type Signing } from "./attacker.ts";

// Every command of the table, by everybody who may not do it.

const NOT_KNOWN = { status: 400, says: "this server does not know it" };

/** Whether nobody may ask for it over the network: a terminal is joined on the server itself. */
function isLocal(command: Command): boolean {
  return command === "exec" || command === "run";
}

/** A request for a command on a service. */
function requestFor(command: Command, service: string): Crafted {
  const rule: CommandRule = commands[command];
  const filled = rule.request
    .replace("{service}", service)
    .replace("{id}", `${service}.1`)
    .replace("{release}", "1")
    .replace("{name}", "NAME");
  const [method, path = ""] = filled.split(" ");
  const inPath = path.includes(service);
  const where = rule.on === "service" && !inPath ? `${method} ${path}?service=${service}` : `${method} ${path}`;
  return method === "GET" ? { where } : { where, body: "" };
}

function attack(who: string, command: Command, service: string, signing: (attacker: Attacker) => Signing): Attack {
  return {
    name: `"${command}" of ${service} by ${who}`,
    send: (attacker) =>
      attacker.signed(requestFor(command, service), { ...signing(attacker), streamed: command === "blobs" }),
    expect: isLocal(command) ? NOT_KNOWN : { status: 401, says: "Cannot " },
  };
}

const signedCommands = (Object.keys(commands) as Command[]).filter((command) => commands[command].who !== "anyone");

export const ROLES: readonly Attack[] = signedCommands.flatMap((command) => {
  const { who, on }: CommandRule = commands[command];
  const unsigned: Attack = {
    name: `"${command}" by nobody`,
    send: (attacker) => attacker.unsigned(requestFor(command, OWN)),
    expect: isLocal(command) ? NOT_KNOWN : { status: 401, says: "it is not signed" },
  };
  return [
    unsigned,
    attack("a revoked admin", command, OWN, ({ keys }) => ({ key: keys.revoked })),
    attack("a stranger", command, OWN, ({ keys }) => ({ key: keys.stranger })),
    ...who === "admin"
      ? [attack("a key that may deploy it", command, OWN, ({ keys }) => ({ key: keys.deployer }))]
      : [],
    ...on === "service"
      ? [
        attack("a key for another service", command, OWN, ({ keys }) => ({ key: keys.other })),
        attack("an admin of another service", command, OWN, ({ keys }) => ({ key: keys.otherAdmin })),
      ]
      : [],
    ...on === "all" ? [attack("an admin of one service", command, OWN, ({ keys }) => ({ key: keys.otherAdmin }))] : [],
  ];
});
