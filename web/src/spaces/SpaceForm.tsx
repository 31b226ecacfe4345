import { ask } from "../api/client";
import { FormDialog } from "../ui/Dialog";
import { listed } from "../ui/search";
import { SpaceSelect, isAdministered } from "./SpaceSelect";
import {
  CREATE_SPACE,
  ROOT,
  UPDATE_SPACE,
  isBuiltIn,
  useSpaces,
  type Space,
} from "./spaces";
import { possibleParents } from "./tree";

/** All that is said of a space: of a new one, or of the one that there is. */
export function SpaceForm(props: {
  space?: Space;
  under?: string;
  onClose: () => void;
}) {
  const { space, under = ROOT, onClose } = props;
  const spaces = useSpaces().data ?? [];
  const parents = new Set(
    possibleParents(spaces, space?.id ?? null).map(({ id }) => id),
  );
  const fixed = space !== undefined && isBuiltIn(space);

  async function send(form: FormData) {
    const input = {
      name: String(form.get("name") ?? space?.name),
      description: String(form.get("description")),
      parentSpace: String(form.get("parent") ?? space?.parentSpace ?? ""),
      inheritEntities: form.has("inherit"),
      labels: listed(String(form.get("labels"))),
    };
    await (space
      ? ask(UPDATE_SPACE, { id: space.id, input })
      : ask(CREATE_SPACE, { input }));
  }

  return (
    <FormDialog
      title={space ? `Change ${space.name}` : "New space"}
      action={space ? "Save" : "Create"}
      send={send}
      onClose={onClose}
    >
      {!fixed && (
        <>
          <label>
            Name
            <input name="name" defaultValue={space?.name} required autoFocus />
          </label>
          <SpaceSelect
            name="parent"
            label="Parent"
            chosen={space?.parentSpace ?? under}
            among={(one) =>
              parents.has(one.id) &&
              (isAdministered(one) || one.id === space?.parentSpace)
            }
          />
        </>
      )}
      <label>
        Description
        <textarea
          name="description"
          rows={3}
          defaultValue={space?.description}
        />
      </label>
      <label>
        Labels, separated by commas
        <input name="labels" defaultValue={space?.labels.join(", ")} />
      </label>
      {space?.id !== ROOT && (
        <label className="check">
          <input
            type="checkbox"
            name="inherit"
            defaultChecked={space?.inheritEntities ?? true}
          />
          <span>
            Inherit from the parent
            <small>
              Stacks here may then use what lives in the parent: contexts,
              policies, worker pools. Whoever holds a role here may read the
              parent. Roles given above hold here either way.
            </small>
          </span>
        </label>
      )}
    </FormDialog>
  );
}
