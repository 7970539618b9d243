"""redis-py at work: what an application in Python does in a day, over both protocols."""

import threading
import time

import redis
from support.server import server


def strings(client):
    client.set("greeting", "hello", ex=100)
    assert client.get("greeting") == "hello"
    assert 0 < client.ttl("greeting") <= 100
    assert client.set("greeting", "again", nx=True) is None
    assert client.incrby("visits", 41) == 41 and client.incr("visits") == 42


def collections(client):
    client.hset("user", mapping={"name": "Ann", "age": "30"})
    assert client.hgetall("user") == {"name": "Ann", "age": "30"}
    client.rpush("queue", *range(5))
    assert client.lrange("queue", 0, -1) == ["0", "1", "2", "3", "4"]
    client.sadd("tags", "a", "b")
    assert client.smembers("tags") == {"a", "b"}
    client.zadd("board", {"Ann": 3.5, "Bob": 1})
    by_rank = [[name, score] for name, score in client.zrange("board", 0, -1, withscores=True)]
    assert by_rank == [["Bob", 1.0], ["Ann", 3.5]], by_rank


def pipelines(client):
    with client.pipeline(transaction=False) as pipe:
        for number in range(1000):
            pipe.set(f"key:{number}", number)
        assert pipe.execute() == [True] * 1000
    assert len(list(client.scan_iter("key:*", count=100))) == 1000


def transactions(client):
    with client.pipeline() as pipe:
        pipe.watch("balance")
        pipe.multi()
        pipe.incrby("balance", 10)
        assert pipe.execute() == [10]
        pipe.watch("balance")
        client.incrby("balance", 1)
        pipe.multi()
        pipe.incrby("balance", 100)
        try:
            pipe.execute()
            raise AssertionError("the change in between went unnoticed")
        except redis.WatchError:
            pass
    assert client.get("balance") == "11"


def errors(client):
    client.set("text", "no list")
    try:
        client.lpush("text", "x")
        raise AssertionError("a string was taken for a list")
    except redis.ResponseError as error:
        assert str(error) == "WRONGTYPE Operation against a key holding the wrong kind of value", error


def messages(client):
    with client.pubsub() as listener:
        listener.subscribe("news")
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        assert client.publish("news", "today") == 1
        assert listener.get_message(timeout=5)["data"] == "today"


def later(client, *commands):
    """Runs commands on another connection, once this one waits."""

    def run():
        while client.info("clients")["blocked_clients"] == 0:
            time.sleep(0.01)
        for command in commands:
            client.execute_command(*command)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def waiting(client):
    assert client.blpop(["none"], timeout=0.05) is None
    for command, call, reply in [
        (("RPUSH", "queue", "job"), lambda: client.blpop(["other", "queue"], timeout=10), ["queue", "job"]),
        (("RPUSH", "queue", "job"), lambda: client.blmove("queue", "done", 10), "job"),
        (("ZADD", "board", 3.5, "Ann"), lambda: client.bzpopmin(["board"], timeout=10), ["board", "Ann", 3.5]),
    ]:
        thread = later(client, command)
        found = call()
        thread.join()
        assert (list(found) if isinstance(found, (list, tuple)) else found) == reply, found


def monitoring(client):
    with client.monitor() as monitor:
        client.set("a", 1)
        seen = next(monitor.listen())
        assert seen["command"] == "SET a 1", seen


def algebra(client):
    client.sadd("a", 1, 2, 3)
    client.sadd("b", 2, 3, 4)
    assert client.sinter("a", "b") == {"2", "3"} and client.sdiffstore("c", ["a", "b"]) == 1
    client.zadd("x", {"p": 1, "q": 2})
    client.zadd("y", {"q": 3})
    assert client.zunion(["x", "y"], aggregate="MAX") == ["p", "q"]
    assert client.zrangestore("z", "x", 1, 2, byscore=True) == 2
    assert set(client.sscan_iter("a")) == {"1", "2", "3"}
    assert dict(client.zscan_iter("x")) == {"p": 1.0, "q": 2.0}


def fields(client):
    client.hset("h", mapping={"a": 1, "b": 2, "c": 3})
    assert client.hexpire("h", 100, "a", "none") == [1, -2]
    assert 0 < client.httl("h", "a")[0] <= 100 and client.hpersist("h", "a") == [1]
    assert dict(client.hscan_iter("h")) == {"a": "1", "b": "2", "c": "3"}
    assert client.hgetdel("h", "b") == ["2"] and client.hlen("h") == 2


def bits(client):
    assert client.setbit("bits", 7, 1) == 0 and client.bitcount("bits") == 1
    assert client.bitfield("bits").incrby("u8", 8, 200).overflow("SAT").incrby("u8", 8, 100).execute() == [200, 255]
    assert client.pfadd("seen", *range(1000)) == 1
    assert 980 <= client.pfcount("seen") <= 1020


def places(client):
    client.geoadd("towns", [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"])
    assert abs(client.geodist("towns", "Palermo", "Catania", "km") - 166.2742) < 0.001
    near = client.geosearch("towns", longitude=15, latitude=37, radius=100, unit="km")
    assert near == ["Catania"], near


def copies(client):
    settings = client.get_connection_kwargs()
    raw = redis.Redis(port=settings["port"], protocol=settings["protocol"])
    raw.rpush("list", *range(3))
    raw.restore("copy", 0, raw.dump("list"))
    assert raw.lrange("copy", 0, -1) == [b"0", b"1", b"2"]
    raw.mset({"w_0": 3, "w_1": 1, "w_2": 2})
    assert raw.sort("list", by="w_*", get="#") == [b"1", b"2", b"0"]


def streams(client):
    ids = [client.xadd("jobs", {"task": name}, id=f"{at}-1") for at, name in enumerate(["wash", "dry", "iron"], 1)]
    assert ids == ["1-1", "2-1", "3-1"] and client.xlen("jobs") == 3
    assert client.xrange("jobs", min="(1-1", count=1) == [("2-1", {"task": "dry"})]
    assert client.xrevrange("jobs", count=1) == [("3-1", {"task": "iron"})]
    assert client.xgroup_create("jobs", "crew", id="0") and client.xgroup_createconsumer("jobs", "crew", "bob") == 1
    read = client.xreadgroup("crew", "ann", {"jobs": ">"}, count=2)
    entries = [("1-1", {"task": "wash"}), ("2-1", {"task": "dry"})]
    assert (read == {"jobs": [entries]}) if isinstance(read, dict) else (read == [["jobs", entries]]), read
    assert client.xack("jobs", "crew", "1-1") == 1
    summary = client.xpending("jobs", "crew")
    assert (summary["pending"], summary["min"], summary["consumers"]) == (1, "2-1", [{"name": "ann", "pending": 1}]), summary
    assert client.xclaim("jobs", "crew", "bob", 0, ["2-1"], justid=True) == ["2-1"]
    [pending] = client.xpending_range("jobs", "crew", "-", "+", 10, consumername="bob")
    assert (pending["message_id"], pending["times_delivered"]) == ("2-1", 1), pending
    assert client.xdel("jobs", "2-1") == 1
    begin, claimed, deleted = client.xautoclaim("jobs", "crew", "ann", 0)
    assert (begin, claimed, deleted) == ("0-0", [], ["2-1"])
    [group] = client.xinfo_groups("jobs")
    assert (group["name"], group["pending"], group["last-delivered-id"]) == ("crew", 0, "2-1"), group
    assert {it["name"]: it["pending"] for it in client.xinfo_consumers("jobs", "crew")} == {"ann": 0, "bob": 0}
    assert client.xinfo_stream("jobs")["last-generated-id"] == "3-1"
    assert client.xinfo_stream("jobs", full=True)["groups"][0]["name"] == "crew"
    assert client.xtrim("jobs", maxlen=1, approximate=False) == 1
    thread = later(client, ("XADD", "jobs", "4-1", "task", "fold"))
    found = client.xread({"jobs": "$"}, block=10_000)
    thread.join()
    entries = [("4-1", {"task": "fold"})]
    assert (found == {"jobs": [entries]}) if isinstance(found, dict) else (found == [["jobs", entries]]), found
    assert client.xgroup_destroy("jobs", "crew") == 1


PARTS = [strings, collections, pipelines, transactions, errors, messages, waiting, monitoring, algebra, fields, bits, places, copies, streams]


def main():
    failed = []
    with server() as port:
        for protocol in 2, 3:
            client = redis.Redis(port=port, protocol=protocol, decode_responses=True)
            for part in PARTS:
                client.flushall()
                try:
                    part(client)
                except Exception as error:
                    failed.append(f"RESP{protocol} {part.__name__}: {type(error).__name__}: {error}")
    print("\n".join(failed) or f"{2 * len(PARTS)} parts hold")
    raise SystemExit(bool(failed))


main()
