import { ask } from "../api/client";
import { FormDialog } from "../ui/Dialog";
import { CREATE_GROUP, UPDATE_GROUP, type Group } from "./groups";

/** A group by its exact name; of one that there is, only the description changes. */
export function GroupForm(props: { group?: Group; onClose: () => void }) {
  const { group, onClose } = props;

  async function send(form: FormData) {
    const description = String(form.get("description"));
    if (!group) {
      const groupName = String(form.get("name"));
      await ask(CREATE_GROUP, { input: { groupName, description } });
      return;
    }
    // the rules are said again: the server replaces them by what is sent
    const accessRules = group.accessRules.map(
      ({ space, spaceAccessLevel }) => ({ space, spaceAccessLevel }),
    );
    await ask(UPDATE_GROUP, {
      input: { id: group.id, description, accessRules },
    });
  }

  return (
    <FormDialog
      title={group ? `Describe ${group.groupName}` : "New group"}
      action={group ? "Save" : "Create"}
      send={send}
      onClose={onClose}
    >
      {!group && (
        <label>
          Name, to the letter as your identity provider says it
          <input name="name" autoComplete="off" required autoFocus />
        </label>
      )}
      <label>
        Description
        <input name="description" defaultValue={group?.description ?? ""} />
      </label>
    </FormDialog>
  );
}
