/** The status of the loop, as the server sends it once a second. */

import { send } from "./session.js";

const AGAIN_MILLIS = 2000;

let newest = null;

/** The newest status, or null before the first. */
export const status = () => newest;

/** Whether this server takes clicks, rollbacks and replays. */
export const writes = () => newest === null || newest.writes;

/** Calls with every status, and when the connection is lost, to be made again. By fetch: an EventSource sends no token. */
export async function follow(take, lost) {
  for (;;) {
    try {
      for await (const data of events("/v1/events")) {
        newest = JSON.parse(data);
        take(newest);
      }
    } catch (problem) {
      console.info("events:", problem.message);
    }
    lost();
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MILLIS));
  }
}

/** The data of server-sent events, as they come. */
async function* events(path) {
  const response = await send(path, { headers: { Accept: "text/event-stream" } });
  if (!response.ok) throw new Error(`${path} answers ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const whole = (rest + value).split("\n\n");
      rest = whole.pop();
      for (const event of whole) {
        yield event.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      }
    }
  } finally {
    // Whoever takes the events may have failed: the server is not to go on sending.
    reader.cancel().catch(() => {});
  }
}
