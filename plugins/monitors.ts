/** Every kind of monitor: one line per file of plugins/monitors/, the export named as the kind. */
export { api } from "./monitors/api.ts";
export { elasticsearch } from "./monitors/elasticsearch.ts";
export { mongodb } from "./monitors/mongodb.ts";
export { mysql } from "./monitors/mysql.ts";
export { oracle } from "./monitors/oracle.ts";
export { postgresql } from "./monitors/postgresql.ts";
export { redis } from "./monitors/redis.ts";
