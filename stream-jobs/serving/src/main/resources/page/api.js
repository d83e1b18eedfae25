/** Requests to this server; a problem (RFC 9457) becomes an error with its detail. */

import { send } from "./session.js";

async function request(path, options) {
  const response = await send(path, { ...options, headers: { Accept: "application/json", ...options?.headers } });
  const body = await response.json();
  if (!response.ok) {
    const problem = new Error(body.detail || body.title || response.statusText);
    problem.status = response.status;
    throw problem;
  }
  return body;
}

const post = (path, body) =>
  request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const id = encodeURIComponent;

export const history = () => request("/v1/history");

export const users = (prefix, limit = 30) => request(`/v1/users?prefix=${id(prefix)}&limit=${limit}`);
export const user = (user) => request(`/v1/users/${id(user)}`);
export const recommendations = (user) => request(`/v1/recommendations/${id(user)}`);
export const similarUsers = (user, graph, k) => request(`/v1/users/${id(user)}/similar?graph=${id(graph)}&k=${k}`);
export const interact = (user, item, action) => post("/v1/interactions", { user, item, action });

export const items = (query, limit = 30) => request(`/v1/items?query=${id(query)}&limit=${limit}`);
export const item = (item) => request(`/v1/items/${id(item)}`);
export const itemGraphs = (item, k) => request(`/v1/items/${id(item)}/graphs?k=${k}`);
export const similarItems = (item, graph, k) => request(`/v1/items/${id(item)}/similar?graph=${id(graph)}&k=${k}`);
export const similarVectors = (item, arm, k) => request(`/v1/items/${id(item)}/similar?graph=embedding&arm=${id(arm)}&k=${k}`);

export const models = (limit = 101) => request(`/v1/models?limit=${limit}`);
export const evaluations = (limit = 50) => request(`/v1/evaluations?limit=${limit}`);
export const evaluation = (run) => request(`/v1/evaluations/${id(run)}`);
export const experiments = () => request("/v1/experiments");
export const results = (limit = 200) => request(`/v1/results?limit=${limit}`);
export const rollBack = (version) => post("/v1/rollbacks", { version });

export const shape = (graph) => request(`/v1/graphs/${id(graph)}`);
export const neighborhood = (graph, node, hops, k) =>
  request(`/v1/graphs/${id(graph)}/neighborhood?node=${id(node)}&hops=${hops}&k=${k}`);

export const letters = (after, limit = 25) =>
  request(`/v1/dead-letters?limit=${limit}${after === null ? "" : `&after=${id(after)}`}`);
export const letter = (offset) => request(`/v1/dead-letters/${offset}`);
export const replay = (offset) => post(`/v1/dead-letters/${offset}/replay`, {});
