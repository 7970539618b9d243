//! A key with its value and all that is known about it, in one piece of memory.
//!
//! ```text
//!   [access 3][head 1][key length 1, 2 or 4][key][expiry 8, if it has one][value]
//!
//!   head, from the low bit:  form 4 | has an expiry 1 | width of the key length 2 | wide 1
//!
//!   value:  an integer     in as few bytes as it needs, 1 to 8 (form and `wide` say how many)
//!           a short string [length 1, or 2 if `wide`][bytes]
//!           a long string  [pointer 8] to a vector, which replies on their way may share
//!           anything else  [up to 7, so that the next is aligned][word 8] that is a list, a set …
//! ```
//!
//! A 16-byte key with a 16-byte value takes 38 bytes. Pieces come from a [`Slab`]; an entry may change in place as
//! long as its piece would be of the same capacity, so that the capacity always follows from the entry.

pub mod store;
mod tables;
pub mod value;

use self::value::{Kind, Object, Value, ValueRef, WORD, expose, exposed};
use crate::base::bytes::read_signed;
use crate::base::heap::{self, Moves};
use crate::base::time::Time;
use crate::collections::dict::Item;
use crate::collections::slab::{self, Slab};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::cell::Cell;
use core::mem::{self, ManuallyDrop};
use core::ptr::{self, NonNull};

/// The longest string that lies in its entry; a longer one is a vector of its own, that can grow in place.
pub const LONGEST_INLINE: usize = 1024;
/// The longest string that Redis calls "embstr".
const LONGEST_EMBSTR: usize = 44;

/// An entry, borrowed from its database. Never moved by itself: only [`EntryPtr`] makes one.
#[repr(C)]
pub struct Entry {
    access: Cell<[u8; 3]>,
    head: Head,
    rest: [u8],
}

/// Where an entry lies: the pointer that the tables hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EntryPtr(NonNull<u8>);

#[derive(Clone, Copy)]
#[repr(transparent)]
struct Head(u8);

/// A value in the form in which an entry holds it.
#[derive(Clone, Copy)]
pub enum Form<'a> {
    Int(i64),
    /// A short string; `edited` once it was changed in place, which Redis's names for encodings tell.
    Inline {
        bytes: &'a [u8],
        edited: bool,
    },
    Boxed(Pointer),
}

/// What an entry owns outside of itself: a vector that it points at, or an object by its word.
#[derive(Clone, Copy)]
pub enum Pointer {
    Bytes(NonNull<Vec<u8>>),
    Object(Kind, NonNull<u8>),
}

/// Numbers of the forms: an integer takes four of them, for eight widths.
mod form {
    pub const INT: u8 = 0;
    pub const INLINE: u8 = 4;
    pub const EDITED: u8 = 5;
    /// A boxed string; an object's number is this one plus that of its kind.
    pub const BOXED: u8 = 6;
}

const FORM: u8 = 0x0f;
const EXPIRY: u8 = 0x10;
const WIDTH_SHIFT: u8 = 5;
const WIDE: u8 = 0x80;
const HEADER: usize = 4;
const EXPIRY_SIZE: usize = 8;
const POINTER_SIZE: usize = 8;
/// A vector's own three words, and two that count who shares it.
const VECTOR_COST: usize = heap::cost(40);

const _: () = {
    assert!(size_of::<(Cell<[u8; 3]>, Head)>() == HEADER && align_of::<(Cell<[u8; 3]>, Head)>() == 1);
    assert!(LONGEST_INLINE <= u16::MAX as usize && LONGEST_EMBSTR <= LONGEST_INLINE);
    assert!(size_of::<usize>() <= POINTER_SIZE);
};

impl Entry {
    pub fn key(&self) -> &[u8] {
        let width = self.head.width();
        &self.rest[width..width + read_length(&self.rest[..width])]
    }

    #[inline]
    pub fn value(&self) -> ValueRef<'_> {
        match self.form() {
            Form::Int(value) => ValueRef::Int(value),
            Form::Inline { bytes, .. } => ValueRef::Bytes(bytes),
            // SAFETY: the entry owns what it points at, and both are borrowed as `self` is.
            Form::Boxed(Pointer::Bytes(bytes)) => ValueRef::Bytes(unsafe { bytes.as_ref() }),
            // SAFETY: the entry owns the object whose word lies there, and both are borrowed as `self` is.
            Form::Boxed(Pointer::Object(kind, _)) => unsafe {
                ValueRef::at(kind, self.rest[self.value_at()..].as_ptr())
            },
        }
    }

    /// A long string, to be shared with the entry: who edits it from now on edits a copy.
    pub fn shared(&self) -> Option<Arc<Vec<u8>>> {
        let Form::Boxed(Pointer::Bytes(bytes)) = self.form() else { return None };
        // SAFETY: the pointer came out of an `Arc`, of which the entry has a share as long as it is alive.
        unsafe {
            Arc::increment_strong_count(bytes.as_ptr());
            Some(Arc::from_raw(bytes.as_ptr()))
        }
    }

    pub fn kind(&self) -> Kind {
        match self.head.form().checked_sub(form::BOXED) {
            Some(number) => kind_of(number),
            None => Kind::String,
        }
    }

    /// The name that OBJECT ENCODING gives.
    pub fn encoding(&self) -> &'static str {
        match self.form() {
            Form::Inline { bytes, edited: false } if bytes.len() <= LONGEST_EMBSTR => "embstr",
            Form::Inline { .. } => "raw",
            _ => self.value().encoding(),
        }
    }

    pub fn expiry(&self) -> Option<Time> {
        let at = self.expiry_at();
        self.head.has_expiry().then(|| {
            let micros = self.rest[at..].first_chunk().expect("the header says so");
            Time::from_micros(u64::from_le_bytes(*micros))
        })
    }

    pub fn has_expiry(&self) -> bool {
        self.head.has_expiry()
    }

    #[inline]
    pub(super) fn holds_object(&self) -> bool {
        self.head.form() > form::BOXED
    }

    /// Whether parts of the value expire by themselves.
    #[inline]
    pub fn has_expiring_parts(&self) -> bool {
        self.head.form() >= form::BOXED && self.value().has_expiring_parts()
    }

    /// How many pieces of memory freeing the value has to do with, about.
    #[inline]
    pub(super) fn pieces(&self) -> usize {
        if self.holds_object() { self.value().pieces() } else { 1 }
    }

    /// 24 bits about when or how often the key is used, in whatever unit the eviction policy counts.
    pub fn access(&self) -> u32 {
        let [a, b, c] = self.access.get();
        u32::from_le_bytes([a, b, c, 0])
    }

    pub fn set_access(&self, access: u32) {
        let [a, b, c, _] = access.to_le_bytes();
        self.access.set([a, b, c]);
    }

    /// What the entry and its value cost, the tables that lead to it not counted.
    pub fn memory(&self) -> usize {
        slab::cost(self.size()) + self.boxed_memory()
    }

    /// What the value costs that lies outside the entry.
    pub(super) fn boxed_memory(&self) -> usize {
        match self.form() {
            // SAFETY: the entry owns what it points at.
            Form::Boxed(Pointer::Bytes(bytes)) => VECTOR_COST + heap::cost(unsafe { bytes.as_ref() }.capacity()),
            Form::Boxed(Pointer::Object(..)) => self.value().object_memory(),
            _ => 0,
        }
    }

    /// Whether freeing the entry takes more than forgetting its cell.
    pub(super) fn reaches_outside(&self) -> bool {
        self.size() > slab::LARGEST_CELL || self.head.form() >= form::BOXED
    }

    #[inline]
    pub(super) fn form(&self) -> Form<'_> {
        let value = &self.rest[self.value_at()..];
        match self.head.form() {
            number @ form::INT..form::INLINE => Form::Int(read_signed(&value[..int_width(number, self.head.wide())])),
            number @ (form::INLINE | form::EDITED) => {
                let (length, bytes) = value.split_at(1 + usize::from(self.head.wide()));
                Form::Inline { bytes: &bytes[..read_length(length)], edited: number == form::EDITED }
            }
            form::BOXED => {
                let address = value.first_chunk().expect("the header says so");
                Form::Boxed(Pointer::Bytes(exposed(u64::from_le_bytes(*address))))
            }
            number => {
                debug_assert!(value.len() == WORD && value.as_ptr().addr().is_multiple_of(WORD));
                // SAFETY: an object's word lies at a place that is aligned and large enough.
                let word = unsafe { value.as_ptr().cast::<NonNull<u8>>().read() };
                Form::Boxed(Pointer::Object(kind_of(number - form::BOXED), word))
            }
        }
    }

    pub(super) fn size(&self) -> usize {
        HEADER + self.rest.len()
    }

    fn expiry_at(&self) -> usize {
        let width = self.head.width();
        width + read_length(&self.rest[..width])
    }

    fn value_at(&self) -> usize {
        let at = self.expiry_at() + self.head.expiry_size();
        if self.head.is_object() { place_of_word(HEADER + at) - HEADER } else { at }
    }
}

/// Where an object's word lies in an entry whose value would begin here.
fn place_of_word(at: usize) -> usize {
    at.next_multiple_of(WORD)
}

// SAFETY: pieces of a slab are aligned to 8, and addresses are below 2^48 on every 64-bit target that Rust's
// standard library is made for, as long as nobody asks the system for more (`expose` checks).
unsafe impl Item for EntryPtr {
    #[inline(always)]
    fn raw(self) -> NonNull<u8> {
        self.0
    }

    #[inline(always)]
    fn from_raw(raw: NonNull<u8>) -> Self {
        EntryPtr(raw)
    }

    #[inline(always)]
    unsafe fn key<'a>(self) -> &'a [u8] {
        // SAFETY: by contract the entry is alive; its header says where the key is.
        unsafe {
            let (width, length) = self.key_length();
            core::slice::from_raw_parts(self.0.as_ptr().add(HEADER + width), length)
        }
    }
}

/// All of these need the entry to be alive and, where they change or end it, that no reference to it is in use.
impl EntryPtr {
    pub fn new(slab: &mut Slab, access: u32, key: &[u8], expiry: Option<Time>, form: Form<'_>) -> Self {
        let start = slab.allocate(size_of_entry(key.len(), expiry.is_some(), form));
        let [a, b, c, _] = access.to_le_bytes();
        let width = width_of_key(key.len());
        let mut writer = Writer(start);
        // SAFETY: the piece has the size of what is written, which is the same sum.
        unsafe {
            writer.write(&[a, b, c, Head::new(width, expiry.is_some(), form).0]);
            writer.write(&(key.len() as u32).to_le_bytes()[..width]);
            writer.write(key);
            writer.write_expiry(expiry);
            writer.write_form(form);
        }
        EntryPtr(start)
    }

    #[inline]
    pub unsafe fn entry<'a>(self) -> &'a Entry {
        // SAFETY: the entry is alive, so its header and length fields can be read and say how long it is.
        unsafe {
            let rest = ptr::slice_from_raw_parts(self.0.as_ptr(), self.size() - HEADER);
            &*(rest as *const Entry)
        }
    }

    /// Gives the entry another value, and an expiry or none: in place, or else in a new piece, whose pointer is to
    /// replace this one. The old value is not dropped.
    pub unsafe fn renew(self, slab: &mut Slab, expiry: Option<Time>, form: Form<'_>) -> EntryPtr {
        // SAFETY: the entry is alive, and no other reference to it is used after the last of these.
        unsafe {
            let (old, key, access) = (self.size(), self.key(), self.entry().access());
            let new = size_of_entry(key.len(), expiry.is_some(), form);
            if slab::capacity(old) != slab::capacity(new) {
                let renewed = EntryPtr::new(slab, access, key, expiry, form);
                slab.free(self.0, old);
                return renewed;
            }
            let (width, length) = self.key_length();
            self.0.add(HEADER - 1).write(Head::new(width, expiry.is_some(), form).0);
            let mut writer = Writer(self.0.add(HEADER + width + length));
            writer.write_expiry(expiry);
            writer.write_form(form);
            self
        }
    }

    /// Gives the entry another expiry or none, likewise.
    pub unsafe fn with_expiry(self, slab: &mut Slab, expiry: Option<Time>) -> EntryPtr {
        // SAFETY: the entry is alive, and no other reference to it is used after the last of these.
        unsafe {
            let entry = self.entry();
            let (old, value_at) = (entry.size(), HEADER + entry.value_at());
            let new = old - entry.head.expiry_size() + if expiry.is_some() { EXPIRY_SIZE } else { 0 };
            if slab::capacity(old) != slab::capacity(new) {
                let renewed = EntryPtr::new(slab, entry.access(), entry.key(), expiry, entry.form());
                slab.free(self.0, old);
                return renewed;
            }
            let (head, expiry_at) = (entry.head, HEADER + entry.expiry_at());
            self.0.add(value_at + new - old).copy_from(self.0.add(value_at), old - value_at);
            Writer(self.0.add(expiry_at)).write_expiry(expiry);
            self.0.add(HEADER - 1).write(head.with_expiry(expiry.is_some()).0);
            self
        }
    }

    /// Moves the entry's value out; all that is left to do with the entry is to free it.
    pub unsafe fn take_value(self) -> Value {
        // SAFETY: the entry is alive, owns what it points at, and gives it up here.
        match unsafe { self.entry() }.form() {
            Form::Int(value) => Value::Int(value),
            Form::Inline { bytes, .. } => Value::Bytes(bytes.into()),
            // SAFETY: the entry owns what it points at, and gives it up here.
            Form::Boxed(pointer) => unsafe { pointer.into_value() },
        }
    }

    /// Drops what the entry points at, if it does.
    pub unsafe fn drop_value(self) {
        // SAFETY: the entry is alive, owns what it points at, and gives it up here.
        if let Form::Boxed(pointer) = unsafe { self.entry().form() } {
            // SAFETY: likewise.
            unsafe { pointer.end() }
        }
    }

    /// Offers the entry for moving, and returns where it is then: a pointer to replace this one.
    pub unsafe fn offer(self, slab: &mut Slab, moves: &mut Moves) -> EntryPtr {
        // SAFETY: the piece is the slab's, and as large as the entry says.
        EntryPtr(unsafe { slab.offer(self.0, self.size(), moves) })
    }

    /// Offers what the entry points at for moving, some of a large object: returns the cursor to go on with; 0 begins and 0
    /// ends.
    pub unsafe fn offer_value(self, cursor: u64, moves: &mut Moves) -> u64 {
        // SAFETY: the entry is alive, owns what it points at, and points at where that is from here on.
        unsafe {
            let Form::Boxed(pointer) = self.entry().form() else { return 0 };
            let (pointer, next) = pointer.offer(cursor, moves);
            Writer(self.0.add(HEADER + self.entry().value_at())).write_pointer(pointer);
            next
        }
    }

    /// Gives the entry's piece back, the value being dropped or taken already.
    pub unsafe fn free(self, slab: &mut Slab) {
        // SAFETY: the piece is the slab's, and as large as the entry says.
        unsafe { slab.free(self.0, self.size()) }
    }

    /// A copy in another slab, with a value of its own.
    pub unsafe fn duplicate(self, slab: &mut Slab) -> EntryPtr {
        // SAFETY: the entry is alive, and owns what it points at.
        let entry = unsafe { self.entry() };
        let form = match entry.form() {
            Form::Boxed(Pointer::Bytes(original)) => {
                // SAFETY: likewise.
                Form::Boxed(Pointer::from_bytes(copy(unsafe { original.as_ref() })))
            }
            Form::Boxed(Pointer::Object(..)) => match entry.value().to_value() {
                Value::Object(object) => Form::Boxed(Pointer::from_object(object)),
                _ => unreachable!("an object's copy is one"),
            },
            form => form,
        };
        EntryPtr::new(slab, entry.access(), entry.key(), entry.expiry(), form)
    }

    #[inline(always)]
    unsafe fn head(self) -> Head {
        // SAFETY: the entry is alive, and begins with its header.
        Head(unsafe { self.0.add(HEADER - 1).read() })
    }

    /// Width and value of the key's length.
    #[inline(always)]
    unsafe fn key_length(self) -> (usize, usize) {
        // SAFETY: the entry is alive; the length follows the header.
        unsafe {
            let width = self.head().width();
            let length = self.0.add(HEADER);
            match width {
                1 => (1, length.read() as usize),
                2 => (2, u16::from_le_bytes(length.cast().read()) as usize),
                _ => (4, u32::from_le_bytes(length.cast().read()) as usize),
            }
        }
    }

    #[inline(always)]
    unsafe fn size(self) -> usize {
        // SAFETY: the entry is alive; its header says what follows.
        unsafe {
            let (head, (width, length)) = (self.head(), self.key_length());
            let value_at = HEADER + width + length + head.expiry_size();
            value_at
                + match head.form() {
                    number @ form::INT..form::INLINE => int_width(number, head.wide()),
                    form::INLINE | form::EDITED if head.wide() => {
                        2 + u16::from_le_bytes(self.0.add(value_at).cast().read()) as usize
                    }
                    form::INLINE | form::EDITED => 1 + self.0.add(value_at).read() as usize,
                    form::BOXED => POINTER_SIZE,
                    _ => place_of_word(value_at) + WORD - value_at,
                }
        }
    }
}

impl Head {
    fn new(width: usize, expiry: bool, form: Form<'_>) -> Self {
        let (number, wide) = match form {
            Form::Int(value) => {
                let width = width_of_int(value) as u8 - 1;
                (form::INT + width / 2, width % 2 == 1)
            }
            Form::Inline { bytes, edited } => {
                (if edited { form::EDITED } else { form::INLINE }, bytes.len() > u8::MAX.into())
            }
            Form::Boxed(pointer) => (form::BOXED + pointer.number(), false),
        };
        let width = (width.ilog2() as u8) << WIDTH_SHIFT;
        Head(number | width | if wide { WIDE } else { 0 }).with_expiry(expiry)
    }

    fn form(self) -> u8 {
        self.0 & FORM
    }

    fn is_object(self) -> bool {
        self.form() > form::BOXED
    }

    fn has_expiry(self) -> bool {
        self.0 & EXPIRY != 0
    }

    fn expiry_size(self) -> usize {
        if self.has_expiry() { EXPIRY_SIZE } else { 0 }
    }

    fn with_expiry(self, expiry: bool) -> Head {
        Head(self.0 & !EXPIRY | if expiry { EXPIRY } else { 0 })
    }

    fn width(self) -> usize {
        1 << (self.0 >> WIDTH_SHIFT & 3)
    }

    fn wide(self) -> bool {
        self.0 & WIDE != 0
    }
}

impl Form<'_> {
    /// The bytes it takes from an offset in the entry on.
    fn size(self, at: usize) -> usize {
        match self {
            Form::Int(value) => width_of_int(value),
            Form::Inline { bytes, .. } => 1 + usize::from(bytes.len() > u8::MAX.into()) + bytes.len(),
            Form::Boxed(Pointer::Bytes(_)) => POINTER_SIZE,
            Form::Boxed(Pointer::Object(..)) => place_of_word(at) + WORD - at,
        }
    }
}

impl Pointer {
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Pointer::Bytes(expose(Arc::new(bytes)))
    }

    pub fn from_object(object: Object) -> Self {
        let (kind, word) = object.into_word();
        Pointer::Object(kind, word)
    }

    fn number(self) -> u8 {
        match self {
            Pointer::Bytes(_) => Kind::String as u8,
            Pointer::Object(kind, _) => kind as u8,
        }
    }

    /// Offers what is pointed at for moving, some of a large object, and returns where it is then with the cursor to go on with.
    ///
    /// # Safety
    /// Who owns what is pointed at goes on with what is returned.
    unsafe fn offer(self, cursor: u64, moves: &mut Moves) -> (Pointer, u64) {
        match self {
            Pointer::Bytes(bytes) => {
                // SAFETY: the pointer came out of an `Arc`, and the share is not given up.
                let mut shared = ManuallyDrop::new(unsafe { Arc::from_raw(bytes.as_ptr()) });
                // What a reply shares stays until it has gone.
                if let Some(vector) = Arc::get_mut(&mut shared)
                    && let Ok(layout) = Layout::array::<u8>(vector.capacity())
                    && layout.size() > 0
                {
                    let mut parts = ManuallyDrop::new(mem::take(vector));
                    // SAFETY: the vector was allocated as it says, and goes on where its bytes are now.
                    *vector = unsafe {
                        let start = heap::offer(NonNull::new_unchecked(parts.as_mut_ptr()), layout, moves);
                        Vec::from_raw_parts(start.as_ptr(), parts.len(), parts.capacity())
                    };
                }
                (self, 0)
            }
            // SAFETY: the object goes back into the word that it came out of.
            Pointer::Object(kind, word) => unsafe {
                let mut object = Object::from_word(kind, word);
                let next = object.offer(cursor, moves);
                (Pointer::from_object(object), next)
            },
        }
    }

    /// # Safety
    /// Who owns what is pointed at gives it up.
    pub unsafe fn into_value(self) -> Value {
        match self {
            // SAFETY: the pointer came out of an `Arc`, and by contract it goes back only here.
            Pointer::Bytes(bytes) => Value::Bytes(own(unsafe { Arc::from_raw(bytes.as_ptr()) })),
            // SAFETY: likewise.
            Pointer::Object(kind, word) => Value::Object(unsafe { Object::from_word(kind, word) }),
        }
    }

    /// Drops what is pointed at; a string that is shared stays with the others.
    ///
    /// # Safety
    /// Likewise.
    unsafe fn end(self) {
        match self {
            // SAFETY: as in `into_value`.
            Pointer::Bytes(bytes) => drop(unsafe { Arc::from_raw(bytes.as_ptr()) }),
            // SAFETY: by contract.
            object @ Pointer::Object(..) => drop(unsafe { object.into_value() }),
        }
    }
}

/// The string, or a copy while others share it.
fn own(shared: Arc<Vec<u8>>) -> Vec<u8> {
    Arc::try_unwrap(shared).unwrap_or_else(|shared| copy(&shared))
}

/// With the same capacity: what is copied grows and costs as the original does, as a copied world has to go on alike.
fn copy(original: &Vec<u8>) -> Vec<u8> {
    let mut copy = Vec::with_capacity(original.capacity());
    copy.extend_from_slice(original);
    copy
}

fn kind_of(number: u8) -> Kind {
    Kind::from_number(number).expect("no entry is made with another number")
}

/// Fills a piece of memory from front to back.
struct Writer(NonNull<u8>);

/// Each needs as many bytes of room as it writes.
impl Writer {
    unsafe fn write(&mut self, bytes: &[u8]) {
        // SAFETY: the caller has made room, outside of which `bytes` lies.
        unsafe {
            self.0.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
            self.0 = self.0.add(bytes.len());
        }
    }

    unsafe fn write_expiry(&mut self, expiry: Option<Time>) {
        if let Some(moment) = expiry {
            // SAFETY: the caller has made room.
            unsafe { self.write(&moment.micros().to_le_bytes()) }
        }
    }

    unsafe fn write_form(&mut self, form: Form<'_>) {
        // SAFETY: the caller has made room for the form's size.
        unsafe {
            match form {
                Form::Int(value) => self.write(&value.to_le_bytes()[..width_of_int(value)]),
                Form::Inline { bytes, .. } => {
                    let wide = bytes.len() > u8::MAX.into();
                    self.write(&(bytes.len() as u16).to_le_bytes()[..1 + usize::from(wide)]);
                    self.write(bytes);
                }
                Form::Boxed(pointer) => self.write_pointer(pointer),
            }
        }
    }

    unsafe fn write_pointer(&mut self, pointer: Pointer) {
        // SAFETY: the caller has made room for a pointer.
        unsafe {
            match pointer {
                Pointer::Bytes(bytes) => self.write(&(bytes.addr().get() as u64).to_le_bytes()),
                Pointer::Object(_, word) => {
                    // Pieces begin aligned, so that the place does not depend on where this one is.
                    let gap = self.0.addr().get().wrapping_neg() % WORD;
                    self.write(&[0; 2 * WORD][..gap + WORD]);
                    self.0.sub(WORD).cast().write(word);
                }
            }
        }
    }
}

fn size_of_entry(key: usize, expiry: bool, form: Form<'_>) -> usize {
    let value_at = HEADER + width_of_key(key) + key + if expiry { EXPIRY_SIZE } else { 0 };
    value_at + form.size(value_at)
}

fn width_of_key(length: usize) -> usize {
    match length {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}

fn width_of_int(value: i64) -> usize {
    let bits = 65 - (value ^ (value >> 63)).leading_zeros() as usize;
    bits.div_ceil(8)
}

fn int_width(number: u8, wide: bool) -> usize {
    1 + 2 * (number - form::INT) as usize + usize::from(wide)
}

#[inline]
fn read_length(bytes: &[u8]) -> usize {
    if let [only] = bytes {
        return usize::from(*only);
    }
    bytes.iter().rev().fold(0, |length, byte| length << 8 | *byte as usize)
}
