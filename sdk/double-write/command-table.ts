import type { Rewrite } from "./executed.ts";
import { type Objection, withGivenId, without } from "./objections.ts";
import * as expiries from "./rewrite-expiries.ts";
import * as members from "./rewrite-members.ts";
import * as values from "./rewrite-values.ts";

/** What becomes of a command where data centres are written doubly. */
export type CommandClass =
  /** It changes nothing. */
  | "read"
  /** It is copied as it is: repeating it in its place leads to the same state. */
  | "write"
  /** What it resulted in is copied. */
  | "rewritten"
  /** It is not sent at all: its effect cannot be copied. */
  | "refused"
  /** It concerns a server or a connection and no data: only the active data centre gets it. */
  | "local-only";

/** Commands that are treated alike. */
export interface CommandRow {
  readonly class: CommandClass;
  /** In lower case, blanks between. */
  readonly commands: string;
  /** What is copied, or why nothing is; for people and for errors. */
  readonly because: string;
  /** How the copy is made; without it nothing is copied. */
  readonly rewrite?: Rewrite;
  /** Why certain arguments are refused. */
  readonly refuses?: Objection;
  /**
   * False where repeating the copy does harm (a value would stand in a list twice): one that was sent and never answered is
   * given up then, and the copies are said to diverge.
   */
  readonly isRepeatable?: boolean;
}

const STORES = "its result depends on keys that nobody can tell";

/**
 * Every command of Redis 7.0 (and those of later ones that are sure), and what becomes of it. A command that does not
 * stand here is refused. Written from the flags of `COMMAND` and the pages of redis.io; a test compares it with a server.
 */
export const COMMAND_TABLE: readonly CommandRow[] = [
  {
    class: "read",
    because: "flag `readonly` of COMMAND, or it only asks the server",
    commands: `bitcount bitfield_ro bitpos dbsize dump echo eval_ro evalsha_ro exists expiretime fcall_ro geodist geohash
      geopos georadius_ro georadiusbymember_ro geosearch get getbit getrange hexists hexpiretime hget hgetall hkeys hlen
      hmget hpexpiretime hpttl hrandfield hscan hstrlen httl hvals info keys lcs lindex llen lolwut lpos lrange mget object
      pexpiretime pfcount ping pttl randomkey role scan scard sdiff sinter sintercard sismember smembers smismember
      sort_ro srandmember sscan strlen substr sunion time touch ttl type xinfo xlen xpending xrange xread xrevrange zcard
      zcount zdiff zinter zintercard zlexcount zmscore zrandmember zrange zrangebylex zrangebyscore zrank zrevrange
      zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion`,
  },
  {
    class: "write",
    because: "the command itself",
    rewrite: values.asIs,
    commands: `bitop del geoadd geosearchstore hdel hmset hset lset mset persist pfmerge sadd sdiffstore setbit setrange
      sinterstore srem sunionstore unlink xdel xsetid xtrim zdiffstore zinterstore zrangestore zrem zremrangebylex
      zremrangebyrank zremrangebyscore zunionstore`,
  },
  {
    class: "write",
    commands: "bitfield",
    because: "the command itself",
    rewrite: values.asIs,
    refuses: without("INCRBY", "it would count twice where a copy is repeated; use SET"),
  },
  { class: "write", commands: "pfadd", because: "itself, if it changed something", rewrite: values.ifDone },
  {
    class: "rewritten",
    commands: "incr decr incrby decrby incrbyfloat",
    because: "SET key result KEEPTTL",
    rewrite: values.toValue,
  },
  { class: "rewritten", commands: "append", because: "SETRANGE", rewrite: values.toSetRange },
  {
    class: "rewritten",
    commands: "setnx setex psetex getset",
    because: "SET, with PXAT where it expires",
    rewrite: expiries.toSet,
  },
  {
    class: "rewritten",
    commands: "set",
    because: "SET without condition, with PXAT where it expires",
    rewrite: expiries.toPlainSet,
  },
  { class: "rewritten", commands: "msetnx", because: "MSET", rewrite: values.toMset },
  { class: "rewritten", commands: "getdel", because: "DEL", rewrite: values.toDel },
  { class: "rewritten", commands: "getex", because: "PEXPIREAT or PERSIST", rewrite: expiries.toExpiry },
  {
    class: "rewritten",
    commands: "expire pexpire expireat pexpireat",
    because: "PEXPIREAT",
    rewrite: expiries.toExpireAt,
  },
  {
    class: "rewritten",
    commands: "hincrby hincrbyfloat",
    because: "HSET key field result",
    rewrite: values.toField,
  },
  { class: "rewritten", commands: "hsetnx", because: "HSET", rewrite: values.toHset },
  { class: "rewritten", commands: "spop", because: "SREM of what went", rewrite: members.toSrem },
  { class: "rewritten", commands: "smove", because: "SREM and SADD", rewrite: members.toSremAndSadd },
  { class: "rewritten", commands: "zincrby", because: "ZADD key result member", rewrite: members.toScore },
  {
    class: "rewritten",
    commands: "zadd",
    because: "itself, or with INCR the score that resulted",
    rewrite: members.toZadd,
  },
  { class: "rewritten", commands: "zpopmin zpopmax", because: "ZREM of what went", rewrite: members.toZrem },
  { class: "rewritten", commands: "zmpop", because: "ZREM of what went", rewrite: members.toZremOfKey },
  {
    class: "rewritten",
    commands: "copy",
    because: "COPY with REPLACE",
    rewrite: values.toCopy,
    refuses: without("DB", "only the database of the connection is copied"),
  },
  {
    class: "rewritten",
    commands: "xadd",
    because: "itself, once",
    rewrite: values.asIs,
    refuses: withGivenId,
    isRepeatable: false,
  },
  {
    class: "rewritten",
    commands: "lpushx rpushx linsert lrem",
    because: "itself, once, if it changed something",
    rewrite: values.ifDone,
    isRepeatable: false,
  },
  {
    class: "rewritten",
    commands: "lpush rpush ltrim rename",
    because: "itself, once",
    rewrite: values.asIs,
    isRepeatable: false,
  },
  {
    class: "rewritten",
    commands: "lpop rpop",
    because: "LREM of what went, from that end, once",
    rewrite: members.toLrem,
    isRepeatable: false,
  },
  {
    class: "rewritten",
    commands: "lmpop",
    because: "LREM of what went, from that end, once",
    rewrite: members.toLremOfKey,
    isRepeatable: false,
  },
  {
    class: "rewritten",
    commands: "lmove rpoplpush",
    because: "LREM and LPUSH or RPUSH, once",
    rewrite: members.toLremAndPush,
    isRepeatable: false,
  },
  {
    class: "rewritten",
    commands: "renamenx",
    because: "RENAME, once",
    rewrite: values.toRename,
    isRepeatable: false,
  },
  {
    class: "rewritten",
    commands: "sort georadius georadiusbymember",
    because: "nothing: without STORE they only read",
    rewrite: values.nothing,
    refuses: (args) => without("STORE", STORES)(args) ?? without("STOREDIST", STORES)(args),
  },
  {
    class: "refused",
    because: "what a script or function does cannot be told from outside",
    commands: "eval evalsha fcall function",
  },
  {
    class: "refused",
    because: "it blocks the connection that all calls share; ask without blocking",
    commands: "blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin",
  },
  {
    class: "refused",
    because: "what a group of consumers has read belongs to one data centre",
    commands: "xack xautoclaim xclaim xgroup xreadgroup",
  },
  {
    class: "refused",
    because: "it concerns all keys, so that it has no place in the order of any",
    commands: "flushall flushdb swapdb",
  },
  {
    class: "refused",
    because: "only the database of the connection is copied",
    commands: "move select",
  },
  {
    class: "refused",
    because: "the expiry of a hash's fields is not copied",
    commands: `hexpire hexpireat hgetdel hgetex hpersist hpexpire hpexpireat hsetex`,
  },
  {
    class: "refused",
    because: "it is for tools that move or examine data, which have to do so in each data centre",
    commands: "debug migrate pfdebug restore restore-asking",
  },
  {
    class: "refused",
    because: "it belongs to one connection, which all calls share; take one of your own",
    commands: `asking auth client discard exec hello monitor multi psubscribe psync punsubscribe quit readonly readwrite
      replconf reset ssubscribe subscribe sunsubscribe sync unsubscribe unwatch watch`,
  },
  {
    class: "local-only",
    because: "it concerns a server",
    commands: `acl bgrewriteaof bgsave cluster command config failover lastsave latency memory module pfselftest
      replicaof save script shutdown slaveof slowlog wait waitaof`,
  },
  {
    class: "local-only",
    because: "messages reach those who listen at the active data centre",
    commands: "publish pubsub spublish",
  },
];
