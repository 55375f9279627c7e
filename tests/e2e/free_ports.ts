/** Two ports that can be bound, below those that the kernel gives to outgoing connections. */
export function freePorts(): [number, number] {
  const ports: number[] = [];
  while (ports.length < 2) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      if (!ports.includes(port)) ports.push(port);
    } catch {
      // taken: another one
    }
  }
  return [ports[0] ?? 0, ports[1] ?? 0];
}
