import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development the server runs beside us: `stackyard up`, or STACKYARD_URL.
const server = process.env["STACKYARD_URL"] ?? "http://127.0.0.1:1983";

export default defineConfig({
  plugins: [react()],
  build: { sourcemap: true },
  server: {
    proxy: Object.fromEntries(
      ["/graphql", "/session", "/runs", "/stacks/"].map((path) => [
        path,
        server,
      ]),
    ),
  },
});
