/** The reference of the HTTP API, drawn from the document that this server gives of itself; requests can be tried from it. */

import { token } from "./session.js";

/** A link within a button, and a choice of one server: neither says anything, and both are in the way of who does not see the page. */
const plain = () => ({ components: { DeepLink: ({ text }) => text, ServersContainer: () => null } });

window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  plugins: [plain],
  syntaxHighlight: { theme: "tomorrow-night" },
  // No third party is told of the document.
  validatorUrl: null,
  // The command that it shows is read over shoulders and copied: without the token.
  showMutatedRequest: false,
  requestInterceptor: (request) => {
    if (token() && !request.headers.Authorization) request.headers.Authorization = `Bearer ${token()}`;
    return request;
  },
});
