/** The reference of the HTTP API, drawn from the document that this server gives of itself; requests can be tried from it. */

import { token } from "./session.js";

window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  // No third party is told of the document.
  validatorUrl: null,
  // The command that it shows is read over shoulders and copied: without the token.
  showMutatedRequest: false,
  requestInterceptor: (request) => {
    if (token() && !request.headers.Authorization) request.headers.Authorization = `Bearer ${token()}`;
    return request;
  },
});
