import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkFirewall } from "../../src/doctor/firewall.ts";

/** Docker's own rules, as Engine 20.10 and 29 write them behind DOCKER-USER. */
const DOCKER = [
  ":FORWARD DROP [0:0]",
  "-A FORWARD -j DOCKER-USER",
  "-A FORWARD -j DOCKER-ISOLATION-STAGE-1",
  "-A FORWARD -o br-1 -j DOCKER",
  "-A DOCKER -d 172.19.0.2/32 ! -i br-1 -o br-1 -p tcp -m tcp --dport 80 -j ACCEPT",
];
const PORTS = [{ host: 80, container: 80 }, { host: 8443, container: 443 }];

/** `level port: rule` of what the rules, put before or into Docker's, do. */
function found(rules: readonly string[], nft?: string): readonly string[] {
  const before = rules.filter((rule) => rule.startsWith("-A FORWARD"));
  const table = ["*filter", ...before, ...DOCKER, ...rules.filter((rule) => !before.includes(rule)), "COMMIT"];
  return checkFirewall({ tables: [table.join("\n")], nft, interface: "eth0", ports: PORTS }).map(({ level, message }) =>
    `${level}: ${message.replace("The packet filter ", "")}`
  );
}

Deno.test("checkFirewall() is silent about Docker's own rules, and those that end with RETURN", () => {
  assertEquals(found([]), []);
  assertEquals(found(["-A DOCKER-USER -j RETURN", "-A DOCKER-USER -j DROP"]), []);
});

Deno.test("checkFirewall() names a rule that drops all from outside, and how to take it out", () => {
  assertEquals(found(["-A DOCKER-USER -i eth0 -j DROP"]), [
    "fault: keeps visitors from port 80: -A DOCKER-USER -i eth0 -j DROP",
    "fault: keeps visitors from port 8443: -A DOCKER-USER -i eth0 -j DROP",
  ]);
  const [finding] = checkFirewall({
    tables: [[...DOCKER, "-A DOCKER-USER -i eth0 -j DROP"].join("\n")],
    nft: undefined,
    interface: "eth0",
    ports: PORTS,
  });
  assertStringIncludes(finding?.fix ?? "", "iptables -D DOCKER-USER -i eth0 -j DROP");
});

Deno.test("checkFirewall() reads on behind Docker's fence between networks, which Docker puts first for a moment", () => {
  const [isolation = "", ...rest] = [DOCKER[2], DOCKER[0], DOCKER[1], ...DOCKER.slice(3)];
  const tables = [[isolation, ...rest, "-A DOCKER-ISOLATION-STAGE-1 -j RETURN", "-A DOCKER-USER -j DROP"].join("\n")];
  const findings = checkFirewall({ tables, nft: undefined, interface: "eth0", ports: PORTS });
  assertEquals(findings.map(({ level }) => level), ["fault", "fault"]);
});

Deno.test("checkFirewall() knows that a port is the container's when it is forwarded, unless the rule asks for the first", () => {
  assertEquals(found(["-A DOCKER-USER -p tcp -m tcp --dport 443 -j REJECT --reject-with icmp-port-unreachable"]), [
    "fault: keeps visitors from port 8443: -A DOCKER-USER -p tcp -m tcp --dport 443 -j REJECT --reject-with icmp-port-unreachable",
  ]);
  assertEquals(found(["-A DOCKER-USER -p tcp --dport 8443 -j DROP"]), []);
  assertEquals(found(["-A DOCKER-USER -p tcp -m conntrack --ctorigdstport 8443 -j DROP"]).length, 1);
  assertEquals(found(["-A DOCKER-USER -p udp -j DROP", "-A DOCKER-USER -i docker0 -j DROP"]), []);
});

Deno.test("checkFirewall() lets an earlier rule that accepts win, also in a chain of somebody's own", () => {
  assertEquals(
    found([
      "-A DOCKER-USER -j mine",
      "-A DOCKER-USER -j DROP",
      '-A mine -p tcp -m multiport --dports 80,443 -m comment --comment "the web" -j ACCEPT',
    ]),
    [],
  );
});

Deno.test("checkFirewall() warns where it depends on who visits", () => {
  assertEquals(found(["-A DOCKER-USER -i eth0 ! -s 192.0.2.0/24 -p tcp --dport 443 -j DROP"]), [
    "warning: may keep visitors from port 8443: -A DOCKER-USER -i eth0 ! -s 192.0.2.0/24 -p tcp --dport 443 -j DROP",
  ]);
});

Deno.test("checkFirewall() reads what stands before Docker's rules", () => {
  assertEquals(found(["-A FORWARD -i eth+ -j DROP"]).length, 2);
  assertEquals(found(["-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j DROP"]), []);
});

Deno.test("checkFirewall() warns of a table of nftables that drops what is forwarded, and not of iptables' own", () => {
  const chain = "\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n";
  assertEquals(found([], `table ip filter {\n${chain}`), []);
  assertStringIncludes(found([], `table inet mine {\n${chain}`)[0] ?? "", "warning: may keep visitors away");
});

Deno.test("checkFirewall() says that it sees nothing where no tool is", () => {
  const [finding] = checkFirewall({ tables: [], nft: undefined, interface: undefined, ports: PORTS });
  assertEquals(finding?.level, "unknown");
});
