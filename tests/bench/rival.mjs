// Lists sessions with Anthropic's own SDK, once for each line on stdin; answers with the milliseconds
// it took and the number of sessions.
import { createInterface } from "node:readline";
import { listSessions } from "@anthropic-ai/claude-agent-sdk";

const limit = Number(process.argv[2]);
for await (const _ of createInterface({ input: process.stdin })) {
  const begun = performance.now();
  const sessions = await listSessions({ limit });
  console.log(performance.now() - begun, sessions.length);
}
