import type { CodegenConfig } from "@graphql-codegen/cli";

// The schema is the one that the server serves: a field that is not there does not compile.
const config: CodegenConfig = {
  schema: "../src/stackyard/graphql/*.graphql",
  documents: "src/**/*.{ts,tsx}",
  ignoreNoDocuments: true,
  generates: {
    "src/api/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        documentMode: "string",
        scalars: { ID: "string" },
      },
    },
  },
};

export default config;
