import type { Client } from "@elastic/elasticsearch";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { isAway } from "./elasticsearch/judge-errors.ts";
import { createRoutedClient } from "./elasticsearch/routed-client.ts";
import { createSearchSide, type SearchDriverOptions } from "./elasticsearch/search-side.ts";
import { openSource, type RoutedSource } from "./switching/open-source.ts";
import type { SourceOptions } from "./switching/source-options.ts";

/** Options of an Elasticsearch data source. */
export interface ElasticsearchOptions extends SourceOptions {
  /** Settings for the client, such as `ssl` (which means HTTPS), `requestTimeout`; the same in every data centre. */
  readonly driver?: SearchDriverOptions;
}

/** An Elasticsearch data source: the driver's own client, and the events of its route. */
export interface ElasticsearchSource extends RoutedSource {
  /** Keep it for as long as the source lives: each request goes to the side that is active when it is made. */
  readonly client: Client;
}

/**
 * Opens an Elasticsearch data source that follows its route. It needs the npm package `@elastic/elasticsearch` of version
 * 7.6 to 7.17, for servers of version 7: 7.13.0 was run against 7.10.2. From 7.14 on the client asks a server for its
 * product and refuses OpenSearch; versions 8 and 9 hand requests over in another way and are not served.
 *
 * @param config what the console hands out, as YAML or as an object
 * @param options drain, time-outs, driver settings
 * @returns the source; without any route yet its requests fail with `NoRouteError` until one arrives
 * @throws ConfigError if the configuration is not valid
 */
export async function openElasticsearch(
  config: string | SdkConfigInput,
  options: ElasticsearchOptions = {},
): Promise<ElasticsearchSource> {
  const opened = await openSource(config, options, {
    createSide: (request) => createSearchSide(request, options.driver ?? {}),
    isAway,
  });
  const { board, source } = opened;
  return { ...source, client: createRoutedClient(board, opened.config.router.retry, () => source.close()) };
}
