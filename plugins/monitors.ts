/** Every kind of monitor: one line per file of plugins/monitors/, the export named as the kind. */
export {};
