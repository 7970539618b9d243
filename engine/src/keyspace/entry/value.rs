//! What a key can hold: a string (an integer or bytes) or an object of one of the collection types.

use crate::base::heap::{self, Moves};
use crate::collections::table::Table;
use crate::types::{Bloom, Hash, List, Set, Stream, ZSet, stream};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

/// A value outside the keyspace: on its way in, or taken out.
#[derive(Clone)]
pub enum Value {
    Int(i64),
    Bytes(Vec<u8>),
    Object(Object),
}

/// Everything that has to be said once for each type of objects: its place in [`Kind`], [`Object`] and
/// [`ValueRef`], and how it goes into an entry and comes back. Each is a
/// word, by itself or as a box, which costs something beside.
macro_rules! object_types {
    ($($kind:ident = $name:literal, $word:ty, $beside:expr;)*) => {
        /// A value's type, as TYPE names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Kind {
            String,
            $($kind),*
        }

        impl Kind {
            pub const ALL: &[Kind] = &[Kind::String, $(Kind::$kind),*];
        }

        /// A value of a type other than string.
        #[derive(Clone)]
        pub enum Object {
            $($kind($word)),*
        }

        /// A value where it lies in the keyspace.
        #[derive(Clone, Copy)]
        pub enum ValueRef<'a> {
            Int(i64),
            Bytes(&'a [u8]),
            $($kind(&'a $kind)),*
        }

        $(const _: () = assert!(size_of::<$word>() == size_of::<usize>() && align_of::<$word>() <= WORD);)*

        impl Kind {
            pub const fn name(self) -> &'static str {
                match self {
                    Kind::String => "string",
                    $(Kind::$kind => $name),*
                }
            }

            pub(super) fn from_number(number: u8) -> Option<Kind> {
                [Kind::String, $(Kind::$kind),*].get(usize::from(number)).copied()
            }
        }

        impl Object {
            pub fn borrow(&self) -> ValueRef<'_> {
                match self {
                    $(Object::$kind(object) => ValueRef::$kind(object.borrow())),*
                }
            }

            /// Frees about `budget` pieces of it; whether nothing is left.
            pub(super) fn shed(&mut self, budget: usize) -> bool {
                match self {
                    $(Object::$kind(object) => object.shed(budget)),*
                }
            }

            /// Offers some of it for moving, and returns the cursor to go on with; 0 begins and 0 ends.
            pub(super) fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64 {
                match self {
                    $(Object::$kind(object) => object.offer(cursor, moves)),*
                }
            }

            /// The word that the object is, which from now on owns what the object owned.
            pub(super) fn into_word(self) -> (Kind, NonNull<u8>) {
                match self {
                    $(Object::$kind(object) => {
                        let object = ManuallyDrop::new(object);
                        // SAFETY: it is a word that is never null, and nobody uses it as an object any more.
                        (Kind::$kind, unsafe { ptr::from_ref(&*object).cast::<NonNull<u8>>().read() })
                    }),*
                }
            }

            /// # Safety
            /// Both came out of `into_word`, and go back only once.
            pub(super) unsafe fn from_word(kind: Kind, word: NonNull<u8>) -> Object {
                match kind {
                    Kind::String => unreachable!("a string is no object"),
                    // SAFETY: by contract the word is such an object.
                    $(Kind::$kind => Object::$kind(unsafe { ptr::from_ref(&word).cast::<$word>().read() })),*
                }
            }
        }

        impl<'a> ValueRef<'a> {
            pub fn kind(&self) -> Kind {
                match self {
                    ValueRef::Int(_) | ValueRef::Bytes(_) => Kind::String,
                    $(ValueRef::$kind(_) => Kind::$kind),*
                }
            }

            /// What an object costs beside the entry; nothing for a string.
            pub(super) fn object_memory(&self) -> usize {
                match self {
                    ValueRef::Int(_) | ValueRef::Bytes(_) => 0,
                    $(ValueRef::$kind(object) => $beside + object.memory()),*
                }
            }

            /// How many pieces of memory freeing it has to do with, about.
            pub(super) fn pieces(&self) -> usize {
                match self {
                    ValueRef::Int(_) | ValueRef::Bytes(_) => 1,
                    $(ValueRef::$kind(object) => object.pieces()),*
                }
            }

            pub(super) fn encoding(&self) -> &'static str {
                match self {
                    ValueRef::Int(_) => "int",
                    ValueRef::Bytes(_) => "raw",
                    $(ValueRef::$kind(object) => object.encoding()),*
                }
            }

            pub fn to_value(&self) -> Value {
                match self {
                    ValueRef::Int(value) => Value::Int(*value),
                    ValueRef::Bytes(bytes) => Value::Bytes((*bytes).into()),
                    $(ValueRef::$kind(object) => Value::Object(Object::$kind((*object).clone().into()))),*
                }
            }

            /// # Safety
            /// At the place is a word that came out of `Object::into_word` with this kind; the object is alive, and not
            /// changed, as long as `'a`.
            pub(super) unsafe fn at(kind: Kind, place: *const u8) -> ValueRef<'a> {
                match kind {
                    Kind::String => unreachable!("a string is no object"),
                    // SAFETY: as by contract.
                    $(Kind::$kind => ValueRef::$kind(unsafe { &*place.cast::<$word>() }.borrow())),*
                }
            }
        }
    };
}

/// What the place of an object's word is aligned to, and as large as.
pub(super) const WORD: usize = 8;

/// What a box with a Bloom filter in it costs; its size counts as on a 64-bit target everywhere.
const BLOOM: usize = heap::cost(88);
const _: () = assert!(size_of::<Bloom>() <= 88);
/// Likewise for a stream.
const STREAM: usize = heap::cost(stream::SIZE);

object_types! {
    List = "list", List, 0;
    Set = "set", Set, 0;
    ZSet = "zset", ZSet, 0;
    Hash = "hash", Hash, 0;
    Stream = "stream", Box<Stream>, STREAM;
    Bloom = "bloomfltr", Box<Bloom>, BLOOM;
}

impl<'a> ValueRef<'a> {
    /// Requests the memory in which a collection of elements begins.
    pub fn prefetch(&self) {
        match self {
            ValueRef::Set(set) => set.prefetch(),
            ValueRef::ZSet(zset) => zset.prefetch(),
            ValueRef::Hash(hash) => hash.prefetch(),
            _ => {}
        }
    }

    /// The table of a large collection, in which its elements are found.
    pub fn table(&self) -> Option<&'a Table> {
        match self {
            ValueRef::Set(set) => set.table(),
            ValueRef::ZSet(zset) => zset.table(),
            ValueRef::Hash(hash) => hash.table(),
            _ => None,
        }
    }

    /// Whether parts of it expire by themselves.
    pub(super) fn has_expiring_parts(&self) -> bool {
        matches!(self, ValueRef::Hash(hash) if hash.expiring() > 0)
    }
}

impl Value {
    pub fn kind(&self) -> Kind {
        match self {
            Value::Int(_) | Value::Bytes(_) => Kind::String,
            Value::Object(object) => object.borrow().kind(),
        }
    }
}

/// Gives an owner's share up for a pointer that can be stored as a number.
pub(super) fn expose<T>(value: Arc<T>) -> NonNull<T> {
    let pointer = NonNull::new(Arc::into_raw(value).cast_mut()).expect("what is shared has an address");
    pointer.expose_provenance();
    pointer
}

/// The pointer whose address was exposed before it was stored.
pub(super) fn exposed<T>(address: u64) -> NonNull<T> {
    NonNull::new(ptr::with_exposed_provenance_mut(address as usize)).expect("what is shared has an address")
}
