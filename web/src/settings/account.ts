import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";

const ACCOUNT = graphql(`
  query Account {
    accountSettings {
      managementStrategy
      secondFactorEnforced
      allowNonRootAdminSpaceCreation
      securityEmail
    }
  }
`);

export const SET_STRATEGY = graphql(`
  mutation SetStrategy($strategy: ManagementStrategy!) {
    accountSetManagementStrategy(strategy: $strategy) {
      managementStrategy
    }
  }
`);

export const ENFORCE_SECOND_FACTOR = graphql(`
  mutation EnforceSecondFactor($enforced: Boolean!) {
    accountEnforceSecondFactor(enforced: $enforced) {
      secondFactorEnforced
    }
  }
`);

export const ALLOW_SPACE_CREATION = graphql(`
  mutation AllowSpaceCreation($allowed: Boolean!) {
    accountAllowNonRootAdminSpaceCreation(allowed: $allowed) {
      allowNonRootAdminSpaceCreation
    }
  }
`);

export const SET_SECURITY_EMAIL = graphql(`
  mutation SetSecurityEmail($email: String!) {
    accountUpdateSecurityEmail(securityEmail: $email)
  }
`);

export function useAccount({ enabled = true } = {}) {
  return useQuery({
    enabled,
    queryKey: ["account"],
    queryFn: async () => (await ask(ACCOUNT, {})).accountSettings,
  });
}
