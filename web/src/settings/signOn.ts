import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";

const SIGN_ON = graphql(`
  query SignOn {
    signOn {
      active {
        method
        issuer
        metadata
      }
      trial {
        method
        issuer
        metadata
      }
      trialUrl
      oidcRedirectUrl
      samlMetadataUrl
      samlAcsUrl
    }
  }
`);

export const SET_OIDC = graphql(`
  mutation SetOidc($input: SignOnOidcInput!) {
    signOnSetOidc(input: $input) {
      trialUrl
    }
  }
`);

export const SET_SAML = graphql(`
  mutation SetSaml($input: SignOnSamlInput!) {
    signOnSetSaml(input: $input) {
      trialUrl
    }
  }
`);

export const REMOVE_SIGN_ON = graphql(`
  mutation RemoveSignOn {
    signOnRemove {
      trialUrl
    }
  }
`);

export function useSignOn() {
  return useQuery({
    queryKey: ["signOn"],
    queryFn: async () => (await ask(SIGN_ON, {})).signOn,
  });
}
