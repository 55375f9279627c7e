import { assertEquals } from "@std/assert";
import { parseMetrics } from "../../src/traefik/metrics.ts";

/**
 * From Traefik 3.7.15: `ok` has two routers, nothing listened for `down` (its request waited in the hold, ten attempts),
 * `none` has no server. What is left out is more of the same.
 */
const TOLD = `# HELP go_info Information about the Go environment.
# TYPE go_info gauge
go_info{version="go1.25.5"} 1
# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.79537464259e+09
# HELP traefik_config_reloads_total Config reloads
# TYPE traefik_config_reloads_total counter
traefik_config_reloads_total 2
# HELP traefik_open_connections How many open connections exist, by entryPoint and protocol
# TYPE traefik_open_connections gauge
traefik_open_connections{entrypoint="web",protocol="TCP"} 0
# HELP traefik_router_request_duration_seconds How long it took to process the request on a router, partitioned by service, status code, protocol, and method.
# TYPE traefik_router_request_duration_seconds histogram
traefik_router_request_duration_seconds_bucket{code="200",method="GET",protocol="http",router="ok@file",service="ok@file",le="1"} 6
traefik_router_request_duration_seconds_count{code="200",method="GET",protocol="http",router="ok@file",service="ok@file"} 6
# HELP traefik_router_requests_total How many HTTP requests are processed on a router, partitioned by service, status code, protocol, and method.
# TYPE traefik_router_requests_total counter
traefik_router_requests_total{code="101",method="GET",protocol="websocket",router="ok@file",service="ok@file"} 2
traefik_router_requests_total{code="200",method="GET",protocol="http",router="ok@file",service="ok@file"} 6
traefik_router_requests_total{code="200",method="GET",protocol="http",router="two@file",service="two@file"} 5
traefik_router_requests_total{code="404",method="GET",protocol="http",router="ok@file",service="ok@file"} 1
traefik_router_requests_total{code="404",method="GET",protocol="http",router="ok_2@file",service="ok@file"} 1
traefik_router_requests_total{code="500",method="GET",protocol="http",router="ok@file",service="ok@file"} 5
traefik_router_requests_total{code="501",method="EXTENSION_METHOD",protocol="http",router="ok@file",service="ok@file"} 1
traefik_router_requests_total{code="502",method="GET",protocol="http",router="down@file",service="down@file"} 1
traefik_router_requests_total{code="503",method="GET",protocol="http",router="none@file",service="none@file"} 2
traefik_router_requests_total{code="200",method="GET",protocol="http",router="dashboard@docker",service="blog@docker"} 9
# HELP traefik_router_responses_bytes_total The total size of responses in bytes returned by a router, partitioned by service, status code, protocol, and method.
# TYPE traefik_router_responses_bytes_total counter
traefik_router_responses_bytes_total{code="200",method="GET",protocol="http",router="ok@file",service="ok@file"} 18
`;

Deno.test("parseMetrics() adds up what visitors got, by service and class", () => {
  const { startedAt, services } = parseMetrics(TOLD) ?? { services: new Map() };
  const none = { total: 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 };
  assertEquals(startedAt, 1795374642.59);
  assertEquals([...services], [
    ["ok", { ...none, total: 16, "2xx": 6, "4xx": 2, "5xx": 6 }],
    ["two", { ...none, total: 5, "2xx": 5 }],
    ["down", { ...none, total: 1, "5xx": 1 }],
    ["none", { ...none, total: 2, "5xx": 2 }],
  ]);
});

Deno.test("parseMetrics() takes a number as Go writes large ones", () => {
  const many = 'traefik_router_requests_total{code="302",router="a@file",service="a@file"} 1.234567e+06';
  const counts = parseMetrics(`${many}\nprocess_start_time_seconds 1`);
  assertEquals(counts?.services.get("a"), { total: 1234567, "2xx": 0, "3xx": 1234567, "4xx": 0, "5xx": 0 });
});

Deno.test("parseMetrics() gives nothing for a text that is not from Traefik", () => {
  for (const text of ["", "404 page not found", "<html>", "process_start_time_seconds x"]) {
    assertEquals(parseMetrics(text), undefined);
  }
});
