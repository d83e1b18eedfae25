/** The page: the status comes once a second as server-sent events, the rest on demand. */

import { count } from "./format.js";
import { Loop } from "./loop.js";
import * as people from "./people.js";
import { showReleases } from "./releases.js";

const PEOPLE_EVERY = 2000;

const loop = new Loop(document.getElementById("stages"));
const releases = document.getElementById("releases");
const dot = document.getElementById("connection-dot");
const text = document.getElementById("connection-text");
const footnote = document.getElementById("footnote");

let peopleAt = 0;
let outputs = -1;

function connection(state, words) {
  dot.className = `dot ${state}`;
  text.textContent = words;
}

function update(status) {
  connection(status.ready ? "live" : "", status.ready ? "live" : status.state.toLowerCase());
  loop.update(status);
  showReleases(releases, status.releases);
  const letters = status.deadLetters.total;
  footnote.textContent = `Freshet ${status.version}. ${letters === 0 ? "No dead letters" : `${count(letters)} dead ${letters === 1 ? "letter" : "letters"}`}.`;
  const now = Date.now();
  const changed = status.recommendations.total !== outputs;
  if (status.ready && !document.hidden && changed && now - peopleAt >= PEOPLE_EVERY) {
    peopleAt = now;
    outputs = status.recommendations.total;
    people.refresh();
  }
}

const events = new EventSource("/v1/events");
events.addEventListener("status", (event) => update(JSON.parse(event.data)));
events.addEventListener("error", () => connection("lost", "connection lost, trying again"));

people.start();
