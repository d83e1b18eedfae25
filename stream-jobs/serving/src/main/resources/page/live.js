/** The status of the loop, as the server sends it once a second. */

let newest = null;

/** The newest status, or null before the first. */
export const status = () => newest;

/** Whether this server takes clicks, rollbacks and replays. */
export const writes = () => newest === null || newest.writes;

/** Calls with every status, and when the connection is lost; the browser connects again by itself. */
export function follow(take, lost) {
  const events = new EventSource("/v1/events");
  events.addEventListener("status", (event) => {
    newest = JSON.parse(event.data);
    take(newest);
  });
  events.addEventListener("error", lost);
}
