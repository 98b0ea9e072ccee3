/** Defines `<petri-cluster>` and upgrades the fenced blocks of the page, once. Importing this module does it, too. */
export function define(): void;
/** Gives each fenced block below `root` a Start of its own. */
export function upgrade(root?: ParentNode): void;
