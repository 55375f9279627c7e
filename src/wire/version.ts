/** Version of the protocol of DESIGN 5, the `1` of `/v1/`. The program's own version is in `deno.json`. */
export const PROTOCOL = 1;
