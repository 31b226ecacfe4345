import { Dialog } from "../ui/Dialog";
import { download } from "../ui/download";
import { Shown } from "../ui/Shown";
import type { NewKey } from "./keys";

/** The secret of a key that was just made: nobody can say it a second time. */
export function KeySecret(props: { made: NewKey; onClose: () => void }) {
  const { made, onClose } = props;
  const { id, name, secret, credentialsFile } = made;
  return (
    <Dialog title={`The key ${name}`} onClose={onClose}>
      <div className="fields">
        <Shown label="Key ID" value={id} />
        {secret ? (
          <>
            <Shown label="Secret" value={secret} />
            <p>
              The secret is shown only now. Keep it where secrets are kept: who
              has it is this key.
            </p>
          </>
        ) : (
          <p>
            This key has no secret: tokens of the identity provider open it.
          </p>
        )}
        <div className="actions end">
          {credentialsFile && (
            <button
              type="button"
              onClick={() => download(`${name}.txt`, credentialsFile)}
            >
              Download
            </button>
          )}
          <button type="button" className="primary" onClick={onClose}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}
