/** Requests to this server; a problem (RFC 9457) becomes an error with its detail. */

export async function get(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) {
    const problem = new Error(body.detail || body.title || response.statusText);
    problem.status = response.status;
    throw problem;
  }
  return body;
}

const id = encodeURIComponent;

export const users = (prefix, limit = 30) => get(`/v1/users?prefix=${id(prefix)}&limit=${limit}`);
export const user = (user) => get(`/v1/users/${id(user)}`);
export const recommendations = (user) => get(`/v1/recommendations/${id(user)}`);
export const item = (item) => get(`/v1/items/${id(item)}`);
export const similar = (item, k = 8) => get(`/v1/items/${id(item)}/similar?graph=item-jaccard&k=${k}`);
