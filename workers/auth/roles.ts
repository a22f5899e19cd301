import type { Role } from "@evenkeel/contracts/api";

/** What a request does: look, configure, switch, or administer people and tokens. */
export type Permission = "read" | "configure" | "operate" | "administer";

const GRANTS: Readonly<Record<Role, readonly Permission[]>> = {
  owner: ["read", "configure", "operate", "administer"],
  operator: ["read", "operate"],
  editor: ["read", "configure"],
  viewer: ["read"],
};

/**
 * Whether a role grants a permission.
 *
 * @param role role of the caller
 * @param permission what the request does
 * @returns true if it is granted
 */
export function mayDo(role: Role, permission: Permission): boolean {
  return GRANTS[role].includes(permission);
}

/**
 * The roles that grant a permission, for messages.
 *
 * @param permission what the request does
 * @returns role names, the narrowest last
 */
export function listRolesFor(permission: Permission): Role[] {
  return (["owner", "operator", "editor", "viewer"] as const).filter((role) => mayDo(role, permission));
}
