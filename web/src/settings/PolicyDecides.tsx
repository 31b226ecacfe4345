import { useIsAdmin } from "../session/session";
import { useAccount } from "./account";

/** Says on the pages of people and groups that what is seen there does not count. */
export function PolicyDecides() {
  const account = useAccount({ enabled: useIsAdmin() });
  if (account.data?.managementStrategy !== "LOGIN_POLICY") return null;
  return (
    <p className="problem">
      A login policy decides now what people may do. What is given here counts
      once people and groups decide again; see Sign-in.
    </p>
  );
}
