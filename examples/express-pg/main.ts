import { readFile } from "node:fs/promises";
import { openPostgres } from "@evenkeel/sdk/open-postgres";
import express, { type ErrorRequestHandler } from "express";

const { EVENKEEL_CONFIG = "evenkeel.yaml", PORT = "3000" } = process.env;

const source = await openPostgres(await readFile(EVENKEEL_CONFIG, "utf8"));
const { pool } = source;
source.on("switched", ({ from, to, reason }) => console.log(`switched from ${from} to ${to}: ${reason}`));

const app = express();
app.use(express.json());

// The customer chooses the id, so that an order that is sent twice is placed once.
app.put("/orders/:id", async (request, response) => {
  const insert = "INSERT INTO orders (id, item) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
  await pool.query(insert, [request.params.id, request.body.item]);
  response.status(204).end();
});

app.get("/orders/:id", async (request, response) => {
  const { rows } = await pool.query("SELECT id, item FROM orders WHERE id = $1", [request.params.id]);
  if (rows.length === 0) response.status(404).end();
  else response.json(rows[0]);
});

// What failed here may succeed in a moment, on the other side: the customer is to send it again.
const onError: ErrorRequestHandler = (error: Error, _request, response, _next) => {
  response.status(503).set("retry-after", "1").json({ error: error.message });
};
app.use(onError);

const server = app.listen(Number(PORT), () => console.log(`orders are taken on port ${PORT}`));

process.once("SIGTERM", () => {
  server.close(() => void source.close());
  server.closeIdleConnections();
});
