/**
 * Commands of Redis that change nothing (flag `readonly` of COMMAND, Redis 7.2, without the ones for administrators).
 * A command that is not listed counts as a write, so that a new one is refused rather than let through.
 */
export const READ_COMMANDS: ReadonlySet<string> = new Set(
  `bitcount bitfield_ro bitpos dbsize dump echo eval_ro evalsha_ro exists expiretime fcall_ro geodist geohash geopos
  georadius_ro georadiusbymember_ro geosearch get getbit getrange hexists hget hgetall hkeys hlen hmget hrandfield
  hscan hstrlen hvals info keys lcs lindex llen lolwut lpos lrange mget object pexpiretime pfcount ping pttl randomkey
  role scan scard sdiff sinter sintercard sismember smembers smismember sort_ro srandmember sscan strlen substr sunion
  time touch ttl type xinfo xlen xpending xrange xread xrevrange zcard zcount zdiff zinter zintercard zlexcount zmscore
  zrandmember zrange zrangebylex zrangebyscore zrank zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore
  zunion`.split(/\s+/),
);
