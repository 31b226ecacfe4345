import { Dialog } from "../ui/Dialog";
import { Shown } from "../ui/Shown";

/** The link of an invitation: the server does not say it a second time. */
export function InvitationLink(props: {
  link: string;
  person: string;
  onClose: () => void;
}) {
  const { link, person, onClose } = props;
  return (
    <Dialog title={`${person} is invited`} onClose={onClose}>
      <div className="fields">
        <p>
          Send this link to {person}. It is good for 24 hours, and it is shown
          only now.
        </p>
        <Shown label="Invitation link" value={link} />
        <div className="actions end">
          <button type="button" className="primary" onClick={onClose}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}
