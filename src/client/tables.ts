import type { ReleaseSummary } from "../wire/releases.ts";
import type { CertificateSummary } from "../wire/certificates.ts";
import type { KeySummary, ServiceSummary } from "../wire/requests.ts";
import { formatSeconds, plainText } from "./plain_text.ts";

/** The lines of `mypaas ps`: one row per service, and under it what went wrong after the live release. */
export function servicesTable(services: readonly ServiceSummary[]): readonly string[] {
  if (services.length === 0) return ["no services"];
  const rows = services.map((service) => [
    service.service,
    service.release === undefined ? "-" : String(service.release),
    service.status,
    replicas(service),
    shortTime(service.since),
    service.urls.length === 0 ? "-" : service.urls.join(" "),
  ]);
  const [head = "", ...lines] = table(["SERVICE", "RELEASE", "STATUS", "REPLICAS", "SINCE", "URLS"], rows);
  return [
    head,
    ...services.flatMap(({ lastFailure, certificates }, i) => [
      lines[i] ?? "",
      ...certificateLines(certificates),
      ...(lastFailure === undefined
        ? []
        : [`  release ${lastFailure.release} ${howItFailed(lastFailure)}: ${plainText(lastFailure.error)}`]),
    ]),
  ];
}

/** The lines of `mypaas history`: one row per release, and under it why it failed. */
export function historyTable(releases: readonly ReleaseSummary[]): readonly string[] {
  const rows = releases.map(({ release, status, step, what, by, createdAt, endedAt }) => [
    String(release),
    step === undefined ? status : `${status}: ${step}`,
    what,
    by,
    shortTime(createdAt),
    endedAt === undefined ? "-" : formatSeconds((Date.parse(endedAt) - Date.parse(createdAt)) / 1000),
  ]);
  const [head = "", ...lines] = table(["RELEASE", "RESULT", "WHAT", "BY", "WHEN", "TOOK"], rows);
  return [
    head,
    ...releases.flatMap(({ error }, i) => [lines[i] ?? "", ...(error === undefined ? [] : [`  ${plainText(error)}`])]),
  ];
}

/** The lines of `mypaas keys list`. */
export function keysTable(keys: readonly KeySummary[]): readonly string[] {
  if (keys.length === 0) return ["no keys"];
  return table(
    ["ID", "NAME", "ROLE", "SCOPE", "CREATED", "REVOKED"],
    keys.map((key) => [
      key.id,
      key.name,
      key.role,
      key.scope.join(","),
      shortTime(key.createdAt),
      shortTime(key.revokedAt),
    ]),
  );
}

/** What is wrong with each certificate, and when the first of the good ones ends. */
function certificateLines(certificates: readonly CertificateSummary[]): readonly string[] {
  const ends = certificates.flatMap(({ state, notAfter }) => state === "valid" && notAfter ? [notAfter] : []).sort();
  return [
    ...(ends.length === 0 ? [] : [`  https until ${shortTime(ends[0])}, renewed before`]),
    ...certificates.filter(({ state }) => state !== "valid").map(({ domain, state, reason }) =>
      `  certificate ${state}: ${plainText(reason ?? domain)}`
    ),
  ];
}

function howItFailed({ status }: NonNullable<ServiceSummary["lastFailure"]>): string {
  return status === "retired" ? "taken back" : status;
}

function replicas({ replicas, scale }: ServiceSummary): string {
  const running = replicas.filter(({ status }) => status === "running").length;
  const unhealthy = replicas.filter(({ health }) => health === "unhealthy").length;
  const restarts = replicas.reduce((sum, replica) => sum + replica.restarts, 0);
  return [
    `${running}/${Math.max(1, scale)}`,
    ...(unhealthy > 0 ? [`${unhealthy} unhealthy`] : []),
    ...(restarts > 0 ? [`${restarts} ${restarts === 1 ? "restart" : "restarts"}`] : []),
  ].join(", ");
}

/** An ISO 8601 time to the minute, as it was given: `2026-11-22 10:04Z`. */
export function shortTime(time: string | undefined): string {
  if (time === undefined) return "-";
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(time);
  return match === null ? time : `${match[1]} ${match[2]}Z`;
}

/** Rows of cells as aligned lines, without what could act on a terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const cells = [head, ...rows].map((row) => row.map(plainText));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}
