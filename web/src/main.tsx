import {
  MutationCache,
  QueryClient,
  QueryClientProvider,
} from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";

import { App } from "./App";
import { SignedOutError } from "./api/client";
import "./style.css";

const signedOut = () => cache.setQueryData(["session"], null);
/** Ask for all of it anew. What is on its way was asked for before the change. */
async function refresh() {
  await cache.cancelQueries();
  await cache.invalidateQueries();
}
const cache: QueryClient = new QueryClient({
  // Rights hang together: whatever was changed, all that is shown is asked for anew.
  mutationCache: new MutationCache({
    onSuccess: () => void refresh(),
    onError: (error) => {
      if (error instanceof SignedOutError) signedOut();
    },
  }),
  defaultOptions: {
    queries: {
      retry: (failures, error) =>
        failures < 2 && !(error instanceof SignedOutError),
    },
  },
});
cache.getQueryCache().subscribe(({ query }) => {
  if (query.state.error instanceof SignedOutError) signedOut();
});

const place = document.getElementById("root");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={cache}>
        <BrowserRouter>
          <App />
        </BrowserRouter>
      </QueryClientProvider>
    </StrictMode>,
  );
}
