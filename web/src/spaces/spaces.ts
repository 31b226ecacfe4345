import { useQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import { graphql } from "../api/generated";
import type { SpacesQuery } from "../api/generated/graphql";

const SPACES = graphql(`
  query Spaces {
    spaces {
      id
      name
      description
      parentSpace
      inheritEntities
      labels
      accessLevel
    }
  }
`);

export const CREATE_SPACE = graphql(`
  mutation CreateSpace($input: SpaceInput!) {
    spaceCreate(input: $input) {
      id
    }
  }
`);

export const UPDATE_SPACE = graphql(`
  mutation UpdateSpace($id: ID!, $input: SpaceInput!) {
    spaceUpdate(space: $id, input: $input) {
      id
    }
  }
`);

export const DELETE_SPACE = graphql(`
  mutation DeleteSpace($id: ID!) {
    spaceDelete(space: $id) {
      id
    }
  }
`);

export type Space = SpacesQuery["spaces"][number];

export const ROOT = "root";

/** Root is the top, and the old place of things stays, too. */
export function isBuiltIn(space: Space): boolean {
  return space.id === ROOT || space.id === "legacy";
}

/** All spaces that may be seen, and the way from each up to root. */
export function useSpaces() {
  return useQuery({
    queryKey: ["spaces"],
    queryFn: async () => (await ask(SPACES, {})).spaces,
  });
}
