import { LINKS_MAX, PeerAddress, PeerLink } from "@evenkeel/contracts/agent-protocol";
import { renderPoint } from "@evenkeel/contracts/told-routes";
import { z } from "zod";
import type { PeerDirectory, ToldLinks } from "./ports.ts";
import { TELLERS_MAX } from "./rpc.ts";

/** Links as they are stored: without what changes with every measurement. */
const StoredLinks = z.object({
  boot: z.string(),
  links: z.array(PeerLink.pick({ agentId: true, site: true, state: true })),
});

/** A public key; only one of P-256 can be told to applications. */
const Jwk = z.object({ crv: z.string(), x: z.string(), y: z.string().optional() });

/**
 * Remembers the key of an enrolled agent.
 *
 * @param sql the object's database
 * @param agentId the agent; nothing is done if it is not known
 * @param publicKey its public JWK as JSON
 */
export function rememberKey(sql: SqlStorage, agentId: string, publicKey: string): void {
  // Agents reconnect often; a row that says the same already is not written again.
  sql.exec("update agents set public_key = ?1 where id = ?2 and public_key is not ?1", publicKey, agentId);
}

/**
 * Makes the directory of an object's agents.
 *
 * @param sql the object's database
 */
export function createPeerDirectory(sql: SqlStorage): PeerDirectory {
  return {
    noteAddress(agentId, places) {
      for (const column of ["peer", "routes"] as const) {
        const address = places[column];
        const text = address === null ? null : JSON.stringify(address);
        sql.exec(`update agents set ${column} = ?1 where id = ?2 and ${column} is not ?1`, text, agentId);
      }
    },
    listTellers(site) {
      const rows = sql.exec<{ publicKey: string; routes: string }>(
        `select public_key as publicKey, routes from agents
         where (?1 is null or site = ?1) and public_key is not null and routes is not null order by id limit ?2`,
        site,
        TELLERS_MAX,
      );
      return rows.toArray().flatMap(({ publicKey, routes }) => {
        const key = renderPoint(Jwk.parse(JSON.parse(publicKey)));
        return key === null ? [] : [{ address: PeerAddress.parse(JSON.parse(routes)), key }];
      });
    },
    listFor(site) {
      const rows = sql.exec<{ agentId: string; site: string; publicKey: string; peer: string }>(
        `select id as agentId, site, public_key as publicKey, peer from agents
         where site <> ? and public_key is not null and peer is not null order by id limit ?`,
        site,
        LINKS_MAX,
      );
      const peers = rows.toArray().map(({ agentId, site: home, publicKey, peer }) => {
        return { agentId, site: home, publicKey, address: PeerAddress.parse(JSON.parse(peer)) };
      });
      return { type: "peers", peers };
    },
    noteLinks(agentId, boot, links) {
      const states = links.map(({ agentId: peer, site, state }) => ({ agentId: peer, site, state }));
      const text = JSON.stringify({ boot, links: states });
      sql.exec("update agents set links = ?1 where id = ?2 and links is not ?1", text, agentId);
    },
  };
}

/**
 * Lists what agents told of their links last. Ages begin anew, and round trips are told with the next report.
 *
 * @param sql the object's database
 * @returns by agent id
 */
export function listLinks(sql: SqlStorage): Record<string, ToldLinks> {
  const rows = sql.exec<{ id: string; links: string }>(
    "select id, links from agents where links is not null",
  );
  return Object.fromEntries(
    rows.toArray().map(({ id, links: text }): [string, ToldLinks] => {
      const { boot, links } = StoredLinks.parse(JSON.parse(text));
      return [id, { boot, links: links.map((link) => ({ ...link, ageMs: 0, roundTripMs: null })) }];
    }),
  );
}
