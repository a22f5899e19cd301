import { getPrismaClient } from "@prisma/client/runtime/client";

const SCHEMA = `datasource db {
  provider = "postgresql"
}
model orders {
  id   String @id
  item String
}
`;
const TEXT = { kind: "scalar", type: "String" } as const;
/** Base64 of a graph without nodes: no value of a query is made a parameter of a plan that is kept. */
const EMPTY_GRAPH = "AAAAAAAAAAA=";
const RUNTIME = "@prisma/client/runtime/query_compiler_fast_bg.postgresql";

/** The part of a generated client that is used here. */
export interface OrdersClient {
  readonly orders: {
    create(request: { data: { id: string; item: string } }): Promise<unknown>;
    findMany(request: { where: { id: string } }): Promise<{ item: string }[]>;
  };
}

/** The same outside of a transaction. */
export interface Client extends OrdersClient {
  $queryRaw(text: TemplateStringsArray): Promise<unknown>;
  $transaction(work: (transaction: OrdersClient) => Promise<void>): Promise<void>;
  $disconnect(): Promise<void>;
}

const model = {
  models: {
    orders: {
      fields: [
        { name: "id", ...TEXT },
        { name: "item", ...TEXT },
      ],
      dbName: null,
      schema: null,
    },
  },
  enums: {},
  types: {},
};

/**
 * What `prisma generate` writes for {@link SCHEMA}, without most of the types. Prisma's own program is four times the size
 * of the client and fetches a binary for migrations first; an application that runs needs neither.
 *
 * @param adapter the driver adapter
 * @returns a client
 */
export function openPrisma(adapter: object): Client {
  const PrismaClient = getPrismaClient({
    previewFeatures: [],
    clientVersion: "7.10.0",
    engineVersion: "0edf323efd1d98336f3f0a68684b56f689b900d3",
    activeProvider: "postgresql",
    inlineSchema: SCHEMA,
    // Its type is that of the whole schema; the generator writes this much of it.
    runtimeDataModel: model as never,
    parameterizationSchema: { strings: [], graph: EMPTY_GRAPH },
    compilerWasm: {
      getRuntime: () => import(`${RUNTIME}.mjs`),
      getQueryCompilerWasmModule: async () => {
        const { wasm } = await import(`${RUNTIME}.wasm-base64.mjs`);
        // Its type belongs to browsers' types, which are not ours.
        const { Module } = Reflect.get(globalThis, "WebAssembly");
        return new Module(Buffer.from(wasm, "base64"));
      },
      importName: "./query_compiler_fast_bg.js",
    },
  });
  return new PrismaClient({ adapter } as never) as unknown as Client;
}
