import { useSpaces, type Space } from "./spaces";
import { pathOf } from "./tree";

/** A choice among spaces, each said with its whole path. */
export function SpaceSelect(props: {
  name: string;
  label: string;
  chosen?: string;
  among?: (space: Space) => boolean;
}) {
  const { name, label, chosen, among = () => true } = props;
  const spaces = useSpaces().data ?? [];
  const offered = spaces
    .filter(among)
    .map(({ id }) => ({ id, path: pathOf(spaces, id) }))
    .sort((one, other) => one.path.localeCompare(other.path));
  return (
    <label>
      {label}
      {/* the key: what is chosen can only be shown once it is among what is offered */}
      <select
        key={offered.length}
        name={name}
        defaultValue={chosen ?? ""}
        required
      >
        {!chosen && <Unchosen />}
        {offered.map(({ id, path }) => (
          <option key={id} value={id}>
            {path}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Nothing is chosen by default where a hasty answer would give rights. */
export function Unchosen() {
  return (
    <option value="" disabled>
      Choose…
    </option>
  );
}

/** Where somebody may give roles. */
export function isAdministered(space: Space): boolean {
  return space.accessLevel === "ADMIN";
}
