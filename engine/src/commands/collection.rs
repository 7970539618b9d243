//! Collections behind keys: found by type, edited where they are, created by their first element and gone with the last.

use alloc::vec::Vec;

use crate::collections::listpack::Element;
use crate::commands::call::Call;
use crate::keyspace::change::Notify;
use crate::keyspace::{Entry, Key, Object, Value, ValueRef};
use crate::resp::encode::Reply;
use crate::resp::error::{self, Error};
use crate::state::State;
use crate::types::{Bloom, Hash, Limits, List, Set, Stream, ZSet};

/// A type of values other than strings.
pub trait Collection: Sized {
    /// The class in which its changes are announced.
    const CLASS: Notify;
    fn of(value: ValueRef<'_>) -> Option<&Self>;
    fn of_object(object: &mut Object) -> Option<&mut Self>;
    fn into_object(self) -> Object;
    fn has_no_element(&self) -> bool;
}

macro_rules! collections {
    ($($type:ident $class:ident $is_empty:expr;)*) => {$(
        impl Collection for $type {
            const CLASS: Notify = Notify::$class;
            fn of(value: ValueRef<'_>) -> Option<&Self> {
                match value {
                    ValueRef::$type(found) => Some(found),
                    _ => None,
                }
            }
            fn of_object(object: &mut Object) -> Option<&mut Self> {
                match object {
                    Object::$type(found) => Some(found),
                    _ => None,
                }
            }
            fn into_object(self) -> Object {
                Object::$type(self.into())
            }
            fn has_no_element(&self) -> bool {
                $is_empty(self)
            }
        }
    )*};
}

collections! {
    List LIST List::is_empty;
    Set SET Set::is_empty;
    ZSet ZSET ZSet::is_empty;
    Hash HASH Hash::is_empty;
    Bloom GENERIC Bloom::is_empty;
    // It stays without entries.
    Stream STREAM |_: &Stream| false;
}

/// What a key that has been looked up holds, if it is there.
///
/// # Errors
/// It holds a value of another type.
pub fn expect<T: Collection>(entry: Option<&Entry>) -> Result<Option<&T>, Error> {
    entry.map(|entry| T::of(entry.value()).ok_or(error::WRONG_TYPE)).transpose()
}

/// What an edit did.
pub struct Edit<R> {
    /// How many changes it made: elements added, removed or changed.
    pub changes: u64,
    pub result: R,
}

/// Edits the collection that a key holds, and reports what that changed; `None` where there is no such key.
///
/// # Errors
/// The key holds a value of another type.
pub fn edit<T: Collection, R>(
    call: &mut Call<'_>,
    key: &Key<'_>,
    what: &'static str,
    f: impl FnOnce(&mut T, &Limits) -> Edit<R>,
) -> Result<Option<R>, Error> {
    let is_there = expect::<T>(call.state.look_to_write(key))?.is_some();
    Ok(is_there.then(|| edit_there(call, key, what, f)))
}

/// Edits a collection that has been looked up.
fn edit_there<T: Collection, R>(
    call: &mut Call<'_>,
    key: &Key<'_>,
    what: &'static str,
    f: impl FnOnce(&mut T, &Limits) -> Edit<R>,
) -> R {
    let limits = call.state.limits();
    let (changes, emptied, result) = call.db().edit_object(key, |object| {
        let collection = T::of_object(object).expect("the type has been checked");
        let Edit { changes, result } = f(collection, &limits);
        (changes > 0, (changes, collection.has_no_element(), result))
    });
    report(call, key, T::CLASS, what, changes, emptied);
    result
}

/// Reports an edit; the key of what it emptied goes.
fn report(call: &mut Call<'_>, key: &Key<'_>, class: Notify, what: &'static str, changes: u64, emptied: bool) {
    if changes > 0 {
        call.changed_times(changes, key.bytes, class, what);
    }
    if emptied {
        call.db().discard(key);
        call.notice(key.bytes, Notify::GENERIC, "del");
    }
}

/// Edits the collection that a key holds, or one that `create` makes: this is stored if the edit leaves anything in it.
///
/// # Errors
/// The key holds a value of another type.
pub fn edit_or_create<T: Collection, R>(
    call: &mut Call<'_>,
    key: &Key<'_>,
    what: &'static str,
    create: impl FnOnce(&Limits) -> T,
    f: impl FnOnce(&mut T, &Limits) -> Edit<R>,
) -> Result<R, Error> {
    if expect::<T>(call.state.look_to_write(key))?.is_some() {
        return Ok(edit_there(call, key, what, f));
    }
    let limits = call.state.limits();
    let mut collection = create(&limits);
    let Edit { changes, result } = f(&mut collection, &limits);
    if !collection.has_no_element() {
        store(call, key, collection.into_object(), T::CLASS, what, changes);
    }
    Ok(result)
}

/// Puts a collection behind a key that holds nothing, or something else, and reports that.
fn store(call: &mut Call<'_>, key: &Key<'_>, object: Object, class: Notify, what: &'static str, changes: u64) {
    call.announce_new(key);
    let mark = call.state.mark();
    call.db().insert(key, Value::Object(object), None).written(mark);
    call.changed_times(changes, key.bytes, class, what);
}

/// Puts a collection in the place of whatever a key held; an empty one only removes that.
pub fn replace<T: Collection>(call: &mut Call<'_>, key: &Key<'_>, collection: T, what: &'static str) {
    call.state.drop_if_expired(key);
    if !collection.has_no_element() {
        store(call, key, collection.into_object(), T::CLASS, what, 1);
    } else if call.db().discard(key) {
        call.changed(key.bytes, Notify::GENERIC, "del");
    }
}

/// What is behind several keys, in their order; each is looked up to be read.
///
/// # Errors
/// One holds a value that `takes` refuses.
pub fn read_all<'s, 'n>(
    state: &'s mut State,
    names: impl Iterator<Item = &'n [u8]>,
    takes: impl Fn(ValueRef<'_>) -> bool,
) -> Result<Vec<Option<&'s Entry>>, Error> {
    let mut there = Vec::new();
    for name in names {
        let key = state.key(name);
        there.push(match state.read(&key) {
            None => None,
            Some(entry) if takes(entry.value()) => Some(key),
            Some(_) => return Err(error::WRONG_TYPE),
        });
    }
    let db = state.keyspace.db(state.db);
    Ok(there.into_iter().map(|key| db.get(&key?)).collect())
}

pub fn reply_element(reply: &mut dyn Reply, element: Element<'_>) {
    match element {
        Element::Int(value) => reply.bulk_integer(value),
        Element::Bytes(bytes) => reply.bulk(bytes),
    }
}

pub fn reply_element_or_null(reply: &mut dyn Reply, element: Option<Element<'_>>) {
    match element {
        Some(element) => reply_element(reply, element),
        None => reply.null(),
    }
}
