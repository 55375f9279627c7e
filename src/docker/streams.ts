/** Reads JSON values separated by newlines, however they are cut into chunks. Empty lines mean nothing. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() !== "") yield JSON.parse(line);
    }
  }
  rest += decoder.decode();
  if (rest.trim() !== "") yield JSON.parse(rest);
}
