/** Numbers and times for people. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (n) => (n >= 1_000_000 ? short.format(n) : whole.format(n));

export const rate = (n) => (n > 0 && n < 10 ? n.toFixed(1) : whole.format(n));

export const metric = (n) => (n === undefined || n === null ? "–" : n.toFixed(4));

export function millis(ms) {
  if (ms < 1) return "< 1 ms";
  return ms < 1000 ? `${whole.format(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function ago(iso, now = Date.now()) {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 86400 * 60) return `${Math.floor(seconds / 86400)} d ago`;
  return new Date(iso).toISOString().slice(0, 10);
}

export const percent = (share) => `${Math.round(100 * share)} %`;

/** Shares by name, the largest first; those that round to nothing are left out. */
export const shares = (weights) => Object.entries(weights)
  .filter(([, share]) => share >= 0.005)
  .sort(([, a], [, b]) => b - a)
  .map(([modality, share]) => `${modalityName(modality)} ${percent(share)}`)
  .join(", ");

/** What a model knows of nodes by themselves goes by the name id. */
export const modalityName = (modality) => (modality === "id" ? "behavior" : modality);

export function bytes(n) {
  if (n < 0) return "none";
  if (n < 1024) return `${n} B`;
  return n < 1 << 20 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`;
}

/** The name of a graph in words. */
export function graphName(graph) {
  const words = {
    "item-jaccard": "Had by the same people",
    "item-cooccurrence": "Often together",
    "user-jaccard": "Share of common items",
    "user-cooccurrence": "Common items",
    embedding: "Near in the model",
  };
  const [, kind, modality] = /^(item-content|item-denoised|user-profile)-(.+)$/.exec(graph) ?? [];
  if (kind === "item-content") return `Alike by ${modality}`;
  if (kind === "item-denoised") return `Alike by ${modality}, all agree`;
  if (kind === "user-profile") return `Like the same by ${modality}`;
  return words[graph] ?? graph;
}

export const name = (item) => item.title || item.item || item.id;
