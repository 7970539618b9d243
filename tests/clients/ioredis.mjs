// ioredis at work: what an application in JavaScript does in a day.

import assert from "node:assert/strict";
import Redis from "ioredis";
import { withServer } from "./support/server.mjs";

const parts = {
  async strings(client) {
    assert.equal(await client.set("greeting", "hello", "EX", 100), "OK");
    assert.equal(await client.get("greeting"), "hello");
    assert.equal(await client.set("greeting", "again", "NX"), null);
    assert.deepEqual(await client.mget("greeting", "none"), ["hello", null]);
    assert.deepEqual(await client.getBuffer("greeting"), Buffer.from("hello"));
  },

  async collections(client) {
    await client.hset("user", { name: "Ann", age: 30 });
    assert.deepEqual(await client.hgetall("user"), { name: "Ann", age: "30" });
    await client.zadd("board", 3.5, "Ann", 1, "Bob");
    assert.deepEqual(await client.zrange("board", 0, -1, "WITHSCORES"), ["Bob", "1", "Ann", "3.5"]);
  },

  async pipelines(client) {
    const pipeline = client.pipeline();
    for (let number = 0; number < 1000; number++) pipeline.incr("count");
    const replies = await pipeline.exec();
    assert.deepEqual(replies.at(-1), [null, 1000]);
  },

  async transactions(client) {
    const replies = await client.multi().set("a", "x").incr("a").get("a").exec();
    assert.match(replies[1][0].message, /not an integer/);
    assert.deepEqual(replies[2], [null, "x"]);
  },

  async messages(client) {
    const listener = client.duplicate();
    const heard = new Promise((resolve) => listener.on("pmessage", (...words) => resolve(words)));
    await listener.psubscribe("news.*");
    assert.equal(await client.publish("news.today", "rain"), 1);
    assert.deepEqual(await heard, ["news.*", "news.today", "rain"]);
    listener.disconnect();
  },

  async algebra(client) {
    await client.sadd("a", 1, 2, 3);
    await client.sadd("b", 2, 3, 4);
    assert.deepEqual((await client.sinter("a", "b")).sort(), ["2", "3"]);
    await client.zadd("x", 1, "p", 2, "q");
    assert.equal(await client.zunionstore("z", 2, "x", "x", "WEIGHTS", 1, 2), 2);
    assert.deepEqual(await client.zrange("z", 0, -1, "WITHSCORES"), ["p", "3", "q", "6"]);
    const found = [];
    for await (const pairs of client.hscanStream("none")) found.push(...pairs);
    assert.deepEqual(found, []);
  },

  async bits(client) {
    assert.equal(await client.setbit("bits", 7, 1), 0);
    assert.deepEqual(await client.bitfield("bits", "GET", "u8", 0, "INCRBY", "i5", 100, 1), [1, 1]);
    await client.geoadd("towns", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania");
    assert.deepEqual(await client.geohash("towns", "Palermo"), ["sqc8b49rny0"]);
    const payload = await client.dumpBuffer("towns");
    assert.equal(await client.restore("copy", 0, payload), "OK");
    assert.equal(await client.zcard("copy"), 2);
  },

  async waiting(client) {
    const waiter = client.duplicate();
    assert.equal(await waiter.blpop("none", 0.05), null);
    const popped = waiter.blpop("other", "queue", 10);
    const moved = waiter.brpoplpush("queue", "done", 10);
    await client.rpush("queue", "job", "last");
    assert.deepEqual(await popped, ["queue", "job"]);
    assert.equal(await moved, "last");
    const lowest = waiter.bzpopmin("board", 10);
    await client.zadd("board", 3.5, "Ann", 1, "Bob");
    assert.deepEqual(await lowest, ["board", "Bob", "1"]);
    waiter.disconnect();
  },

  async streams(client) {
    assert.equal(await client.xadd("jobs", "1-1", "task", "wash", "load", 7), "1-1");
    const id = await client.xadd("jobs", "MAXLEN", "~", 1000, "*", "task", "dry");
    assert.match(id, /^\d+-0$/);
    assert.deepEqual(await client.xrange("jobs", "-", "+", "COUNT", 1), [["1-1", ["task", "wash", "load", "7"]]]);
    await client.xgroup("CREATE", "jobs", "crew", 0);
    await assert.rejects(client.xgroup("CREATE", "jobs", "crew", 0), /BUSYGROUP/);
    const work = ["GROUP", "crew", "ann", "COUNT", 1, "BLOCK", 1000, "STREAMS", "jobs", ">"];
    assert.deepEqual(await client.xreadgroup(...work), [["jobs", [["1-1", ["task", "wash", "load", "7"]]]]]);
    assert.deepEqual(await client.xpending("jobs", "crew"), [1, "1-1", "1-1", [["ann", "1"]]]);
    assert.deepEqual(await client.xclaim("jobs", "crew", "bob", 0, "1-1", "JUSTID"), ["1-1"]);
    assert.deepEqual((await client.xpending("jobs", "crew", "-", "+", 10, "bob")).map(([id, name]) => [id, name]), [["1-1", "bob"]]);
    assert.deepEqual(await client.xautoclaim("jobs", "crew", "ann", 0, "0", "JUSTID"), ["0-0", ["1-1"], []]);
    assert.equal(await client.xack("jobs", "crew", "1-1"), 1);
    assert.deepEqual(await client.xreadgroup(...work), [["jobs", [[id, ["task", "dry"]]]]]);
    // Nobody adds anything: the wait ends by itself.
    assert.equal(await client.xreadgroup("GROUP", "crew", "ann", "BLOCK", 20, "STREAMS", "jobs", ">"), null);
    const reader = client.duplicate();
    const read = reader.xread("BLOCK", 10_000, "STREAMS", "jobs", "$");
    const added = async () => (await client.info("clients")).includes("blocked_clients:1") || added();
    await added();
    const last = await client.xadd("jobs", "*", "task", "fold");
    assert.deepEqual(await read, [["jobs", [[last, ["task", "fold"]]]]]);
    reader.disconnect();
    assert.equal(await client.xdel("jobs", last), 1);
    assert.equal(await client.xtrim("jobs", "MAXLEN", 0), 2);
    assert.equal((await client.xinfo("STREAM", "jobs"))[1], 0);
    assert.equal(await client.xgroup("DESTROY", "jobs", "crew"), 1);
  },

  async monitoring(client) {
    const monitor = await client.duplicate().monitor();
    const seen = new Promise((resolve) => monitor.on("monitor", (time, words) => resolve(words)));
    await client.set("a", 1);
    assert.deepEqual(await seen, ["set", "a", "1"]);
    monitor.disconnect();
  },

  async scans(client) {
    await Promise.all(Array.from({ length: 500 }, (_, number) => client.set(`key:${number}`, number)));
    const found = new Set();
    for await (const keys of client.scanStream({ match: "key:*", count: 50 })) keys.forEach((key) => found.add(key));
    assert.equal(found.size, 500);
  },
};

let failed = 0;
await withServer(async (port) => {
  const client = new Redis({ port, maxRetriesPerRequest: 1 });
  for (const [name, part] of Object.entries(parts)) {
    await client.flushall();
    await part(client).catch((error) => {
      failed++;
      console.log(`${name}: ${error.message}`);
    });
  }
  client.disconnect();
});
console.log(failed ? `${failed} parts fail` : `${Object.keys(parts).length} parts hold`);
process.exit(failed ? 1 : 0);
