//! A small or a large encoding of a value, in a single word.
//!
//! ```text
//!   word:   address …000   a listpack
//!           address …001   an intset
//!           address …010   a box with the large encoding: a table, a quicklist
//! ```
//!
//! Small collections are many, so that a word each is what their keys can afford to lead to them with.

use super::block::Block;
use super::dict::prefetch;
use super::intset::Intset;
use super::listpack::Listpack;
use crate::base::heap::{self, Moves};
use alloc::boxed::Box;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

/// See the module.
#[repr(transparent)]
pub struct Word<L> {
    word: NonNull<u8>,
    owns: PhantomData<Box<L>>,
}

/// What a word leads to.
pub enum View<I, P, L> {
    Ints(I),
    Pack(P),
    Large(L),
}

/// What a word leads to that never is an intset.
pub enum Pair<P, L> {
    Pack(P),
    Large(L),
}

/// A large encoding whose pieces of memory can be moved.
pub trait Movable {
    /// Offers some of the pieces for moving, a bounded number of them, and returns the cursor to go on with; 0 begins and 0
    /// ends.
    fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64;
}

const PACK: usize = 0;
/// The tag that every intset's block carries.
pub(super) const INTS: usize = 1;
const LARGE: usize = 2;
const TAG: usize = 7;

const _: () = {
    assert!(size_of::<Word<u64>>() == size_of::<usize>());
    assert!(size_of::<Listpack>() == size_of::<usize>() && size_of::<Intset>() == size_of::<usize>());
    assert!(align_of::<Listpack>() == align_of::<usize>() && align_of::<Intset>() == align_of::<usize>());
};

// SAFETY: a word owns what it leads to.
unsafe impl<L: Send> Send for Word<L> {}
// SAFETY: likewise; nothing changes through a shared reference.
unsafe impl<L: Sync> Sync for Word<L> {}

impl<L> Word<L> {
    pub fn pack(pack: Listpack) -> Self {
        Word::new(pack.into_block())
    }

    pub fn ints(ints: Intset) -> Self {
        Word::new(ints.into_block())
    }

    pub fn large(large: L) -> Self {
        const { assert!(align_of::<L>() > LARGE) };
        let word = NonNull::from(Box::leak(Box::new(large))).cast();
        Word { word: word.map_addr(|address| address | LARGE), owns: PhantomData }
    }

    fn new(block: Block) -> Self {
        Word { word: ManuallyDrop::new(block).word(), owns: PhantomData }
    }

    #[inline]
    pub fn view(&self) -> View<&Intset, &Listpack, &L> {
        // SAFETY: the tag says what the word is; both packed encodings are a word, and pay no heed to its tag. The large
        // one is a box that this word owns, borrowed as long as the word is.
        unsafe {
            match self.tag() {
                PACK => View::Pack(&*ptr::from_ref(self).cast()),
                INTS => View::Ints(&*ptr::from_ref(self).cast()),
                _ => View::Large(self.boxed().as_ref()),
            }
        }
    }

    #[inline]
    pub fn view_mut(&mut self) -> View<&mut Intset, &mut Listpack, &mut L> {
        // SAFETY: as above, and borrowed by nobody else.
        unsafe {
            match self.tag() {
                PACK => View::Pack(&mut *ptr::from_mut(self).cast()),
                INTS => View::Ints(&mut *ptr::from_mut(self).cast()),
                _ => View::Large(self.boxed().as_mut()),
            }
        }
    }

    /// [`Word::view`] of a word that is made of no intset.
    #[inline]
    pub fn pair(&self) -> Pair<&Listpack, &L> {
        match self.view() {
            View::Pack(pack) => Pair::Pack(pack),
            View::Large(large) => Pair::Large(large),
            View::Ints(_) => unreachable!("an intset in a type that has none"),
        }
    }

    #[inline]
    pub fn pair_mut(&mut self) -> Pair<&mut Listpack, &mut L> {
        match self.view_mut() {
            View::Pack(pack) => Pair::Pack(pack),
            View::Large(large) => Pair::Large(large),
            View::Ints(_) => unreachable!("an intset in a type that has none"),
        }
    }

    /// Offers what the word leads to for moving, of a large encoding a part: see [`Movable::offer`].
    pub fn offer(&mut self, cursor: u64, moves: &mut Moves) -> u64
    where
        L: Movable,
    {
        if cursor == 0 && self.tag() == LARGE {
            // SAFETY: the word owns such a box, and leads to where it is from now on.
            let moved = unsafe { heap::offer(self.boxed().cast(), Layout::new::<L>(), moves) };
            self.word = moved.map_addr(|address| address | LARGE);
        }
        match self.view_mut() {
            View::Pack(pack) => pack.offer(moves),
            View::Ints(ints) => ints.offer(moves),
            View::Large(large) => return large.offer(cursor, moves),
        }
        0
    }

    /// Requests the beginning of what the word leads to.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(self.word.as_ptr());
    }

    fn tag(&self) -> usize {
        self.word.addr().get() & TAG
    }

    fn boxed(&self) -> NonNull<L> {
        debug_assert!(self.tag() == LARGE);
        // SAFETY: a box is not at the beginning of memory.
        self.word.map_addr(|address| unsafe { core::num::NonZeroUsize::new_unchecked(address.get() & !TAG) }).cast()
    }
}

impl<L> Drop for Word<L> {
    fn drop(&mut self) {
        // SAFETY: the word owns what it leads to, and is not used again.
        unsafe {
            match self.view_mut() {
                View::Pack(pack) => ptr::drop_in_place(pack),
                View::Ints(ints) => ptr::drop_in_place(ints),
                View::Large(large) => drop(Box::from_raw(ptr::from_mut(large))),
            }
        }
    }
}

impl<L: Clone> Clone for Word<L> {
    fn clone(&self) -> Self {
        match self.view() {
            View::Pack(pack) => Word::pack(pack.clone()),
            View::Ints(ints) => Word::ints(ints.clone()),
            View::Large(large) => Word::large(large.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::listpack::Element;
    use alloc::vec::Vec;

    #[test]
    fn a_word_is_what_was_put_into_it() {
        let mut pack = Word::<Vec<u64>>::pack(Listpack::new());
        let mut ints = Word::<Vec<u64>>::ints(Intset::new());
        let mut large = Word::large(Vec::new());
        for n in 0..if cfg!(miri) { 60 } else { 1000 } {
            match pack.view_mut() {
                View::Pack(pack) => pack.push_back(Element::Int(n)),
                _ => panic!("it is a listpack"),
            }
            match ints.view_mut() {
                View::Ints(ints) => assert!(ints.insert(n * 1000)),
                _ => panic!("it is an intset"),
            }
            match large.view_mut() {
                View::Large(large) => large.push(n as u64),
                _ => panic!("it is large"),
            }
        }
        let copies = (pack.clone(), ints.clone(), large.clone());
        drop((pack, ints, large));
        let View::Pack(pack) = copies.0.view() else { panic!("it is a listpack") };
        let View::Ints(ints) = copies.1.view() else { panic!("it is an intset") };
        let View::Large(large) = copies.2.view() else { panic!("it is large") };
        assert_eq!((pack.len(), ints.len()), (large.len(), large.len()));
    }
}
