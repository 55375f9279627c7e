/** What a key may do at most: `src/auth/roles.ts` has the table. */
export type Role = "deploy" | "admin";
