//! GEOSEARCH, GEOSEARCHSTORE, GEORADIUS, GEORADIUSBYMEMBER and their _RO forms: members within an area.

use alloc::format;
use alloc::vec::Vec;

use super::geopos::position_of;
use super::{UNIT, position, reply_distance, reply_position, unit};
use crate::base::number::{parse_f64, parse_i64};
use crate::base::sort::{partial_sort, sort_by};
use crate::collections::listpack::Element;
use crate::commands::call::{Call, count};
use crate::commands::collection::{expect, reply_element};
use crate::commands::declaration::{Access, Argument, Command, Flags, Group, KeySpec, Outcome};
use crate::commands::words::{Words, is};
use crate::keyspace::change::Notify;
use crate::keyspace::{Key, Object, Value};
use crate::resp::decode::Args;
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error, printable};
use crate::types::geo::{Area, Position, Shape};
use crate::types::zset::ScoreBound;
use crate::types::{Limits, ZSet};

pub static GEOSEARCH: Command = Command {
    summary: "The members within a circle, a box or a polygon.",
    arity: -7,
    flags: Flags::READONLY,
    keys: READ,
    arguments: &[Argument::key("key"), FROM, BY, ORDER, COUNT, COORDINATES, DISTANCES, HASHES],
    run: |call| search(call, Form::Search),
    ..about("geosearch", "6.2.0")
};

pub static GEOSEARCHSTORE: Command = Command {
    summary: "Stores the members within a circle, a box or a polygon.",
    arity: -8,
    flags: Flags::WRITE.and(Flags::DENY_OOM),
    keys: &[KeySpec::one(1, Access::OVERWRITE), KeySpec::one(2, Access::READ)],
    arguments: &[
        Argument::key("destination"),
        Argument::key("source").key_spec(1),
        FROM,
        BY,
        ORDER,
        COUNT,
        Argument::word("storedist", "STOREDIST").optional(),
    ],
    run: |call| search(call, Form::SearchStore),
    ..about("geosearchstore", "6.2.0")
};

pub static GEORADIUS: Command = Command {
    summary: "The members within a distance from a position, or how many of them were stored.",
    arity: -6,
    flags: STORING,
    keys: &[
        KeySpec::one(1, Access::READ),
        KeySpec::behind("STORE", 6, Access::OVERWRITE_OPTION),
        KeySpec::behind("STOREDIST", 6, Access::OVERWRITE_OPTION),
    ],
    arguments: &[
        Argument::key("key"),
        LONGITUDE,
        LATITUDE,
        RADIUS,
        UNIT,
        COORDINATES,
        DISTANCES,
        HASHES,
        COUNT_SINCE,
        ORDER,
        STORE,
    ],
    run: |call| search(call, Form::Radius { may_store: true }),
    ..about("georadius", "3.2.0")
};

pub static GEORADIUS_RO: Command = Command {
    summary: "The members within a distance from a position.",
    arity: -6,
    flags: Flags::READONLY,
    keys: READ,
    arguments: &[
        Argument::key("key"),
        LONGITUDE,
        LATITUDE,
        RADIUS,
        UNIT,
        COORDINATES,
        DISTANCES,
        HASHES,
        COUNT_SINCE,
        ORDER,
    ],
    run: |call| search(call, Form::Radius { may_store: false }),
    ..about("georadius_ro", "3.2.10")
};

pub static GEORADIUSBYMEMBER: Command = Command {
    summary: "The members within a distance from one of them, or how many of them were stored.",
    arity: -5,
    flags: STORING,
    keys: &[
        KeySpec::one(1, Access::READ),
        KeySpec::behind("STORE", 5, Access::OVERWRITE_OPTION),
        KeySpec::behind("STOREDIST", 5, Access::OVERWRITE_OPTION),
    ],
    arguments: &[
        Argument::key("key"),
        Argument::string("member"),
        RADIUS,
        UNIT,
        COORDINATES,
        DISTANCES,
        HASHES,
        COUNT,
        ORDER,
        STORE,
    ],
    run: |call| search(call, Form::ByMember { may_store: true }),
    ..about("georadiusbymember", "3.2.0")
};

pub static GEORADIUSBYMEMBER_RO: Command = Command {
    summary: "The members within a distance from one of them.",
    arity: -5,
    flags: Flags::READONLY,
    keys: READ,
    arguments: &[
        Argument::key("key"),
        Argument::string("member"),
        RADIUS,
        UNIT,
        COORDINATES,
        DISTANCES,
        HASHES,
        COUNT,
        ORDER,
    ],
    run: |call| search(call, Form::ByMember { may_store: false }),
    ..about("georadiusbymember_ro", "3.2.10")
};

const fn about(name: &'static str, since: &'static str) -> Command {
    Command::new(name, Group::Geo, since, "O(N+log(M)): N members in the cells around the area, M in all")
}

const STORING: Flags = Flags::WRITE.and(Flags::DENY_OOM).and(Flags::MOVABLE_KEYS);
const READ: &[KeySpec] = &[KeySpec::one(1, Access::READ)];

const LONGITUDE: Argument = Argument::double("longitude");
const LATITUDE: Argument = Argument::double("latitude");
const RADIUS: Argument = Argument::double("radius");
const COORDINATES: Argument = Argument::word("withcoord", "WITHCOORD").optional();
const DISTANCES: Argument = Argument::word("withdist", "WITHDIST").optional();
const HASHES: Argument = Argument::word("withhash", "WITHHASH").optional();
const ORDER: Argument =
    Argument::one_of("order", &[Argument::word("asc", "ASC"), Argument::word("desc", "DESC")]).optional();
const NUMBER: Argument = Argument::integer("count").token("COUNT");
const COUNT: Argument = Argument::block("count-block", &[NUMBER, Argument::word("any", "ANY").optional()]).optional();
const COUNT_SINCE: Argument =
    Argument::block("count-block", &[NUMBER, Argument::word("any", "ANY").optional().since("6.2.0")]).optional();
const STORE: Argument = Argument::one_of(
    "store",
    &[
        Argument::key("storekey").key_spec(1).token("STORE"),
        Argument::key("storedistkey").key_spec(2).token("STOREDIST"),
    ],
)
.optional();
const FROM: Argument = Argument::one_of(
    "from",
    &[
        Argument::string("member").token("FROMMEMBER"),
        Argument::block("fromlonlat", &[LONGITUDE, LATITUDE]).token("FROMLONLAT"),
    ],
)
.optional();
const BY: Argument = Argument::one_of(
    "by",
    &[
        Argument::block("circle", &[Argument::double("radius").token("BYRADIUS"), UNIT]),
        Argument::block("box", &[Argument::double("width").token("BYBOX"), Argument::double("height"), UNIT]),
        Argument::block(
            "polygon",
            &[
                Argument::integer("num-vertices").token("BYPOLYGON"),
                Argument::block("vertices", &[LONGITUDE, LATITUDE]).multiple(),
            ],
        )
        .since("9.0.0"),
    ],
);

const NO_RADIUS: Error = Error::fixed("ERR need numeric radius");
const NEGATIVE_RADIUS: Error = Error::fixed("ERR radius cannot be negative");
const NO_WIDTH: Error = Error::fixed("ERR need numeric width");
const NO_HEIGHT: Error = Error::fixed("ERR need numeric height");
const NEGATIVE_SIDE: Error = Error::fixed("ERR height or width cannot be negative");
const NO_VERTICES: Error = Error::fixed("ERR invalid number of vertices");
const FEW_VERTICES: Error = Error::fixed("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices");
const NO_COUNT: Error = Error::fixed("ERR COUNT must be > 0");
const ANY_WITHOUT_COUNT: Error = Error::fixed("ERR the ANY argument requires COUNT argument");

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Radius { may_store: bool },
    ByMember { may_store: bool },
    Search,
    SearchStore,
}

impl Form {
    fn source(self) -> usize {
        if self == Form::SearchStore { 2 } else { 1 }
    }

    /// Where options begin.
    fn options(self) -> usize {
        match self {
            Form::Radius { .. } => 6,
            Form::ByMember { .. } => 5,
            Form::Search => 2,
            Form::SearchStore => 3,
        }
    }

    fn is_search(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }

    fn may_store(self) -> bool {
        matches!(self, Form::Radius { may_store: true } | Form::ByMember { may_store: true })
    }
}

/// Where the area lies, as options said it.
#[derive(Clone, Copy, PartialEq)]
enum From {
    Nowhere,
    /// Nowhere either, if there are no members at all.
    Member(Option<Position>),
    Position(Position),
}

struct Query<'a> {
    from: From,
    /// The area but for its centre, which a polygon has itself.
    by: Option<Area>,
    distances: bool,
    hashes: bool,
    coordinates: bool,
    count: Option<usize>,
    /// The first that are found will do.
    any: bool,
    order: Option<Order>,
    store: Option<Store<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
}

#[derive(Clone, Copy)]
struct Store<'a> {
    key: &'a [u8],
    distances: bool,
}

struct Found<'s> {
    member: Element<'s>,
    score: f64,
    position: Position,
    /// Metres.
    distance: f64,
}

impl<'a> Query<'a> {
    fn parse(args: Args<'a>, form: Form, set: Option<&ZSet>) -> Result<Query<'a>, Error> {
        let mut query = Query {
            from: From::Nowhere,
            by: None,
            distances: false,
            hashes: false,
            coordinates: false,
            count: None,
            any: false,
            order: None,
            store: args.get(1).filter(|_| form == Form::SearchStore).map(|key| Store { key, distances: false }),
        };
        query.fixed(args, form, set)?;
        let mut words = Words::new(args, form.options());
        while let Some(word) = words.next() {
            query.option(word, &mut words, form, set)?;
        }
        query.check(&args[0], form)?;
        Ok(query)
    }

    /// What stands before the options.
    fn fixed(&mut self, args: Args<'a>, form: Form, set: Option<&ZSet>) -> Result<(), Error> {
        match form {
            Form::Radius { .. } => {
                self.from = From::Position(position(&args[2], &args[3])?);
                self.by = Some(circle(&args[4], &args[5])?);
            }
            // Without a member to begin from, the radius is not looked at.
            Form::ByMember { .. } if set.is_some() => {
                self.from = member(set, &args[2])?;
                self.by = Some(circle(&args[3], &args[4])?);
            }
            _ => {}
        }
        Ok(())
    }

    fn option(&mut self, word: &'a [u8], words: &mut Words<'a>, form: Form, set: Option<&ZSet>) -> Result<(), Error> {
        let is_polygon = self.shape().is_some_and(|shape| matches!(shape, Shape::Polygon(_)));
        let is_box = self.shape().is_some_and(|shape| matches!(shape, Shape::Box { .. }));
        let is_circle = self.shape().is_some_and(|shape| matches!(shape, Shape::Circle { .. }));
        match word {
            _ if is(word, "WITHDIST") => self.distances = true,
            _ if is(word, "WITHHASH") => self.hashes = true,
            _ if is(word, "WITHCOORD") => self.coordinates = true,
            _ if is(word, "ANY") => self.any = true,
            _ if is(word, "ASC") => self.order = Some(Order::Ascending),
            _ if is(word, "DESC") => self.order = Some(Order::Descending),
            _ if is(word, "COUNT") => {
                let asked = words.integer()?;
                self.count = Some(count(asked).filter(|&count| count > 0).ok_or(NO_COUNT)?);
            }
            _ if is(word, "STORE") && form.may_store() => {
                self.store = Some(Store { key: words.value()?, distances: false });
            }
            _ if is(word, "STOREDIST") && form.may_store() => {
                self.store = Some(Store { key: words.value()?, distances: true });
            }
            _ if is(word, "STOREDIST") && form == Form::SearchStore => {
                self.store = self.store.map(|store| Store { distances: true, ..store });
            }
            _ if !form.is_search() => return Err(error::SYNTAX),
            _ if is(word, "FROMMEMBER") && !matches!(self.from, From::Position(_)) && !is_polygon => {
                self.from = member(set, words.value()?)?;
            }
            _ if is(word, "FROMLONLAT") && !matches!(self.from, From::Member(_)) && !is_polygon => {
                self.from = From::Position(position(words.value()?, words.value()?)?);
            }
            _ if is(word, "BYRADIUS") && !is_box && !is_polygon => {
                self.by = Some(circle(words.value()?, words.value()?)?);
            }
            _ if is(word, "BYBOX") && !is_circle && !is_polygon => {
                self.by = Some(rectangle(words.value()?, words.value()?, words.value()?)?);
            }
            _ if is(word, "BYPOLYGON") && !is_circle && !is_box && self.from == From::Nowhere => {
                self.by = Some(polygon(words)?);
            }
            _ => return Err(error::SYNTAX),
        }
        Ok(())
    }

    fn shape(&self) -> Option<&Shape> {
        self.by.as_ref().map(|area| &area.shape)
    }

    /// What must not come together, and what must be there.
    fn check(&self, name: &[u8], form: Form) -> Result<(), Error> {
        if self.store.is_some() && (self.distances || self.hashes || self.coordinates) {
            let what = if form == Form::SearchStore { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            return Err(format!("ERR {what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options").into());
        }
        let is_polygon = matches!(self.shape(), Some(Shape::Polygon(_)));
        let missing = match form.is_search() {
            true if self.from == From::Nowhere && !is_polygon => "FROMMEMBER or FROMLONLAT",
            true if self.by.is_none() => "BYRADIUS, BYBOX and BYPOLYGON",
            _ if self.any && self.count.is_none() => return Err(ANY_WITHOUT_COUNT),
            _ => return Ok(()),
        };
        Err(format!("ERR exactly one of {missing} can be specified for {}", printable(name)).into())
    }

    fn area(&mut self) -> Option<Area> {
        let area = self.by.take()?;
        match self.from {
            From::Position(center) | From::Member(Some(center)) => Some(Area { center, ..area }),
            From::Nowhere => Some(area),
            From::Member(None) => None,
        }
    }

    /// The members within the area, in the order they are answered in.
    fn run<'s>(&self, set: &'s ZSet, area: &Area) -> Vec<Found<'s>> {
        let enough = self.count.filter(|_| self.any).unwrap_or(usize::MAX);
        let mut found = find(set, area, enough);
        // Without an order, the nearest ones are meant.
        let order = self.order.or(self.count.filter(|_| !self.any).map(|_| Order::Ascending));
        if let Some(order) = order {
            sort(&mut found, order, self.count.unwrap_or(usize::MAX));
        }
        found.truncate(self.count.unwrap_or(usize::MAX));
        found
    }
}

/// # Errors
/// There are members, but this is none of them.
fn member(set: Option<&ZSet>, member: &[u8]) -> Result<From, Error> {
    let Some(set) = set else { return Ok(From::Member(None)) };
    let Some(position) = position_of(set, member) else {
        // Redis shows a C string.
        let shown = member.split(|&byte| byte == 0).next().unwrap_or_default();
        return Err(format!("ERR member {} does not exist", printable(shown)).into());
    };
    Ok(From::Member(Some(position)))
}

fn around(shape: Shape, unit: f64) -> Area {
    Area { shape, center: Position::default(), unit }
}

fn circle(radius: &[u8], of: &[u8]) -> Result<Area, Error> {
    let radius = parse_f64(radius).ok_or(NO_RADIUS)?;
    if radius < 0.0 {
        return Err(NEGATIVE_RADIUS);
    }
    Ok(around(Shape::Circle { radius }, unit(of)?))
}

fn rectangle(width: &[u8], height: &[u8], of: &[u8]) -> Result<Area, Error> {
    let width = parse_f64(width).ok_or(NO_WIDTH)?;
    let height = parse_f64(height).ok_or(NO_HEIGHT)?;
    if width < 0.0 || height < 0.0 {
        return Err(NEGATIVE_SIDE);
    }
    Ok(around(Shape::Box { width, height }, unit(of)?))
}

/// A number of corners, and their longitudes and latitudes.
fn polygon(words: &mut Words<'_>) -> Result<Area, Error> {
    let number = words.value()?;
    let left = Iterator::count(*words);
    if left == 0 {
        return Err(error::SYNTAX);
    }
    let number = parse_i64(number).and_then(|number| i32::try_from(number).ok()).ok_or(NO_VERTICES)?;
    let number = usize::try_from(number).map_err(|_| FEW_VERTICES)?;
    if number < 3 || left / 2 < number {
        return Err(FEW_VERTICES);
    }
    let mut corners = Vec::with_capacity(number);
    for _ in 0..number {
        corners.push(position(words.value()?, words.value()?)?);
    }
    Ok(Area::polygon(corners))
}

fn find<'s>(set: &'s ZSet, area: &Area, enough: usize) -> Vec<Found<'s>> {
    let mut found = Vec::new();
    for scores in area.scores() {
        if found.len() >= enough {
            break;
        }
        let min = ScoreBound { score: scores.start as f64, excluded: false };
        let max = ScoreBound { score: scores.end as f64, excluded: true };
        let within = set.range(set.ranks_by_score(min, max)).filter_map(|scored| {
            let position = Position::of_score(scored.score);
            let distance = area.distance(position)?;
            Some(Found { member: scored.member, score: scored.score, position, distance })
        });
        found.extend(within.take(enough - found.len()));
    }
    found
}

/// Sorts so many of the first by distance. Where that is all, those that are equally far stay in their order.
fn sort(found: &mut [Found<'_>], order: Order, first: usize) {
    let compare = |a: &Found<'_>, b: &Found<'_>| match order {
        Order::Ascending => a.distance.total_cmp(&b.distance),
        Order::Descending => b.distance.total_cmp(&a.distance),
    };
    if first < found.len() { partial_sort(found, 0..first, &compare) } else { sort_by(found, compare) }
}

fn search(call: &mut Call<'_>, form: Form) -> Outcome {
    let key = call.key(form.source());
    let limits = call.state.limits();
    let set = expect::<ZSet>(call.state.read(&key))?;
    let mut query = Query::parse(call.args, form, set)?;
    let (found, unit) = match (set, query.area()) {
        (Some(set), Some(area)) => (query.run(set, &area), area.unit),
        _ => (Vec::new(), 1.0),
    };
    match query.store {
        None => reply_found(call.reply, &found, unit, &query),
        Some(Store { key, distances }) => {
            let (count, set) = (found.len(), to_set(&found, distances.then_some(unit), &limits));
            let key = call.state.key(key);
            let what = if form == Form::SearchStore { "geosearchstore" } else { "georadiusstore" };
            store(call, &key, set, count as u64, what);
            call.reply.integer(count as i64);
        }
    }
    Ok(())
}

fn reply_found(reply: &mut dyn Reply, found: &[Found<'_>], unit: f64, query: &Query<'_>) {
    let parts = 1 + [query.distances, query.hashes, query.coordinates].into_iter().filter(|asked| *asked).count();
    reply.array(found.len());
    for one in found {
        if parts > 1 {
            reply.array(parts);
        }
        reply_element(reply, one.member);
        if query.distances {
            reply_distance(reply, one.distance / unit);
        }
        if query.hashes {
            reply.integer(one.score as i64);
        }
        if query.coordinates {
            reply_position(reply, one.position);
        }
    }
}

/// A sorted set of what has been found, with its scores or its distances in a unit.
fn to_set(found: &[Found<'_>], distances_in: Option<f64>, limits: &Limits) -> ZSet {
    let longest = found.iter().map(|one| one.member.with(<[u8]>::len)).max().unwrap_or(0);
    let mut set = ZSet::expecting(found.len(), longest, limits);
    for one in found {
        let score = distances_in.map_or(one.score, |unit| one.distance / unit);
        one.member.with(|member| set.insert(score, member, limits));
    }
    set
}

/// Puts a sorted set in the place of whatever the key holds; an empty one is none.
fn store(call: &mut Call<'_>, key: &Key<'_>, set: ZSet, count: u64, what: &'static str) {
    call.state.drop_if_expired(key);
    if set.is_empty() {
        if call.db().discard(key) {
            call.changed(key.bytes, Notify::GENERIC, "del");
        }
        return;
    }
    call.announce_new(key);
    let mark = call.state.mark();
    call.db().insert(key, Value::Object(Object::ZSet(set)), None).written(mark);
    call.changed_times(count, key.bytes, Notify::ZSET, what);
}

#[cfg(test)]
mod tests {
    use crate::commands::testing::Server;

    fn sicily() -> Server {
        let mut server = Server::new();
        server.run("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 edge1 17.241510 38.788135 edge2");
        server
    }

    #[test]
    fn areas_of_three_shapes() {
        let mut server = sicily();
        for (line, reply) in [
            ("GEORADIUS g 15 37 200 km ASC", "1) \"Catania\"\n2) \"Palermo\""),
            ("GEORADIUS g 15 37 200 km COUNT 1", "1) \"Catania\""),
            ("GEORADIUS g 15 37 200 km DESC COUNT 1", "1) \"Palermo\""),
            ("GEORADIUSBYMEMBER g Palermo 0 m", "1) \"Palermo\""),
            (
                "GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST",
                "1) 1) \"Catania\"\n   2) \"56.4413\"\n2) 1) \"Palermo\"\n   2) \"190.4424\"\n3) 1) \"edge2\"\n   2) \"279.7403\"\n4) 1) \"edge1\"\n   2) \"279.7405\"",
            ),
            (
                "GEOSEARCH g BYPOLYGON 3 12 38 14 38 13 39 WITHHASH",
                "1) 1) \"Palermo\"\n   2) (integer) 3479099956230698",
            ),
            ("GEOSEARCH none FROMMEMBER x BYRADIUS 1 m", "(empty array)"),
            ("GEOSEARCH g FROMMEMBER x BYRADIUS 1 m", "(error) ERR member x does not exist"),
            (
                "GEOSEARCH g FROMMEMBER Palermo ASC ASC ASC",
                "(error) ERR exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for GEOSEARCH",
            ),
            (
                "geosearch g BYRADIUS 1 m ASC ASC",
                "(error) ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch",
            ),
            ("GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 m ANY", "(error) ERR the ANY argument requires COUNT argument"),
            ("GEORADIUS g 1 1 1 m COUNT 0", "(error) ERR COUNT must be > 0"),
            ("GEORADIUS_RO g 1 1 1 m STORE d", "(error) ERR syntax error"),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        let any = server.run("GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 2 ANY");
        assert!(any.starts_with("1) ") && any.contains("\n2) ") && !any.contains("\n3) "));
    }

    #[test]
    fn what_is_found_is_stored_over_what_was_there() {
        let mut server = sicily();
        for (line, reply) in [
            ("SET d x", "OK"),
            ("GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST", "(integer) 2"),
            ("ZRANGE d 0 -1", "1) \"Catania\"\n2) \"Palermo\""),
            ("GEORADIUS g 15 37 100 km STORE d", "(integer) 1"),
            ("ZSCORE d Catania", "\"3479447370796909\""),
            ("GEORADIUS g 0 0 1 m STORE d", "(integer) 0"),
            ("EXISTS d", "(integer) 0"),
            (
                "GEORADIUS g 0 0 1 m STORE d WITHDIST",
                "(error) ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
            ),
        ] {
            assert_eq!(server.run(line), reply, "{line}");
        }
        assert_eq!(
            server.records().split(" | ").skip(2).collect::<std::vec::Vec<_>>(),
            [
                "SET d x",
                "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST",
                "GEORADIUS g 15 37 100 km STORE d",
                "GEORADIUS g 0 0 1 m STORE d",
            ]
        );
    }
}
