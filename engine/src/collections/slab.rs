//! An allocator for many small pieces: cells of one size share a page, so that a piece costs little more than
//! its bytes, and emptied pages serve other sizes or go back.
//!
//! ```text
//!   chunk (from the global allocator):   [page][page][page] …           1 page; in WebAssembly up to 64
//!   page, 16 KB, aligned to its size:    [header][cell][cell][cell] …   all of one class: 8, 16, 24 … 512 bytes
//! ```
//!
//! A piece's page is found by rounding its address down. No step depends on how much is stored, and no decision
//! depends on an address. Pieces larger than 512 bytes come from the global allocator.
//!
//! A page stays as long as one cell of it is in use. So cells come from the fullest page of their class that has room, while
//! emptier ones get their chance to become empty; and whoever can change what leads to a piece may offer it for moving
//! ([`Slab::offer`]): out of a sparse page it goes to a fuller one.

use crate::base::heap::{self, Moves};
use alloc::alloc::{alloc, dealloc, handle_alloc_error};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr::{self, NonNull};

const STEP: usize = 8;
/// The largest piece that is a cell of a page.
pub const LARGEST_CELL: usize = 512;
const CLASSES: usize = LARGEST_CELL / STEP;
const PAGE: usize = if cfg!(miri) { 2048 } else { 16384 };
/// Where the allocator wastes as much as a page for every piece that is aligned to one, many pages are asked for at once. Elsewhere
/// each can go by itself.
const CHUNK_PAGES: u32 = match (cfg!(test), cfg!(target_family = "wasm")) {
    (true, _) => 8,
    (false, true) => 64,
    (false, false) => 1,
};
/// Lists of a class's pages, by how full they are: below a half, below three quarters, below seven eighths, and above.
const GROUPS: usize = 4;
/// Pages that go in one step when a whole slab goes.
const AT_ONCE: usize = 64;

/// Owns the memory of every piece it gave out: dropping it ends them all at once, without running anything.
pub struct Slab {
    classes: [Class; CLASSES],
    chunks: Vec<Chunk>,
    /// First of the chunks that have a page nobody uses, linked through `Chunk::next`.
    roomy: Option<u32>,
    /// First of the places in `chunks` that are empty, linked likewise.
    vacant: Option<u32>,
    pages: usize,
    chunk_pages: usize,
    used: usize,
    /// The part of `used` that is no cells.
    outside: usize,
}

// SAFETY: the chunks are owned by this slab alone.
unsafe impl Send for Slab {}

/// The pages of a class that have room.
#[derive(Clone, Copy)]
struct Class {
    /// The one from which cells are taken.
    current: Option<NonNull<Page>>,
    /// First of the others, in groups.
    open: [Option<NonNull<Page>>; GROUPS],
}

/// At the start of its page; the cells follow.
#[repr(C, align(64))]
struct Page {
    next: Option<NonNull<Page>>,
    previous: Option<NonNull<Page>>,
    chunk: u32,
    /// First freed cell (its offset; 0: none); a freed cell begins with the offset of the next.
    freed: u16,
    /// Where the cells begin that were never used.
    fresh: u16,
    live: u16,
    cell: u16,
    /// So many cells it has.
    cells: u16,
    place: Place,
}

/// Which list a page is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Current,
    Open(u8),
    /// In none, as it has no room.
    Full,
}

struct Chunk {
    start: Option<NonNull<u8>>,
    pages: u32,
    /// Pages in use.
    live: u32,
    /// Pages from here on were never used; those before it that are free are linked through `Page::next`.
    fresh: u32,
    freed: Option<NonNull<Page>>,
    next: Option<u32>,
    previous: Option<u32>,
}

const HEADER: usize = size_of::<Page>();
const _: () = assert!(HEADER == 64 && PAGE <= 1 << 15 && LARGEST_CELL.is_multiple_of(STEP));

/// The bytes that a piece of `size` bytes has at its disposal: a piece may change its size within them.
#[inline(always)]
pub const fn capacity(size: usize) -> usize {
    if size <= LARGEST_CELL { size.next_multiple_of(STEP) } else { heap::usable(size) }
}

/// What a piece of `size` bytes costs.
#[inline(always)]
pub const fn cost(size: usize) -> usize {
    if size <= LARGEST_CELL { capacity(size) } else { heap::cost(size) }
}

impl Slab {
    pub const fn new() -> Self {
        Slab {
            classes: [Class { current: None, open: [None; GROUPS] }; CLASSES],
            chunks: Vec::new(),
            roomy: None,
            vacant: None,
            pages: 0,
            chunk_pages: 0,
            used: 0,
            outside: 0,
        }
    }

    /// What the pieces cost, each by itself.
    pub fn used(&self) -> usize {
        self.used
    }

    /// What its pages have that is no piece: free cells, and the ends of pages. The same on every target.
    pub fn spare(&self) -> usize {
        self.held() + self.outside - self.used
    }

    /// Bytes of its pages in use.
    pub fn held(&self) -> usize {
        self.pages * PAGE
    }

    /// A piece of at least `size` bytes (which must not be 0), at an address divisible by 8.
    #[inline]
    pub fn allocate(&mut self, size: usize) -> NonNull<u8> {
        debug_assert!(size > 0);
        self.used += cost(size);
        if size > LARGEST_CELL {
            self.outside += cost(size);
            return from_heap(outside(size));
        }
        let class = (size - 1) / STEP;
        self.take_cell(class)
    }

    #[inline(always)]
    fn take_cell(&mut self, class: usize) -> NonNull<u8> {
        let page = match self.classes[class].current {
            Some(page) => page,
            None => self.open(class),
        };
        // SAFETY: a page that is current is live memory of this slab and has room.
        let (cell, full) = unsafe { (*page.as_ptr()).take(page) };
        if full {
            self.set_place(page, class, Place::Full);
        }
        cell
    }

    /// Takes a piece back.
    ///
    /// # Safety
    /// `piece` came from this slab's `allocate`, for a size of the same [`capacity`], and is used no more.
    #[inline]
    pub unsafe fn free(&mut self, piece: NonNull<u8>, size: usize) {
        self.used -= cost(size);
        if size > LARGEST_CELL {
            self.outside -= cost(size);
            // SAFETY: by this function's contract it was allocated with this layout.
            return unsafe { dealloc(piece.as_ptr(), outside(size)) };
        }
        // SAFETY: by this function's contract the page is one of ours, with this cell in use.
        unsafe { self.put_cell(piece, (size - 1) / STEP) }
    }

    /// # Safety
    /// The cell is of this class and in use, and will be used no more.
    #[inline(always)]
    unsafe fn put_cell(&mut self, cell: NonNull<u8>, class: usize) {
        let page = page_of(cell);
        // SAFETY: as by contract; no reference to a header outlives a statement.
        let (place, settled, live) = unsafe {
            (*page.as_ptr()).put(page, cell);
            ((*page.as_ptr()).place, (*page.as_ptr()).settled(), (*page.as_ptr()).live)
        };
        if place != settled {
            self.set_place(page, class, settled);
        }
        if live == 0 {
            self.set_place(page, class, Place::Full);
            self.return_page(page);
        }
    }

    /// Offers a piece for moving, and returns where it is then: elsewhere, if its page is sparse and there is a fuller one,
    /// or if the global allocator, whose the larger pieces are, has a better place.
    ///
    /// # Safety
    /// As for [`Slab::free`], though the piece is in use and its owner goes on with what is returned.
    pub unsafe fn offer(&mut self, piece: NonNull<u8>, size: usize, moves: &mut Moves) -> NonNull<u8> {
        if size > LARGEST_CELL {
            // SAFETY: by contract it was allocated with this layout.
            return unsafe { heap::offer(piece, outside(size), moves) };
        }
        let (page, class) = (page_of(piece), (size - 1) / STEP);
        // SAFETY: by contract the page is one of ours.
        let place = unsafe { (*page.as_ptr()).place };
        let moved = match place {
            Place::Open(group) if usize::from(group) + 1 < GROUPS => self.find_fuller(page, class, group),
            _ => false,
        };
        moves.count(moved, capacity(size));
        if !moved {
            return piece;
        }
        let cell = self.take_cell(class);
        // SAFETY: both are cells of this class, one in use and the other new.
        unsafe {
            cell.copy_from_nonoverlapping(piece, capacity(size));
            self.put_cell(piece, class);
        }
        cell
    }

    /// Whether cells are taken from another page than this one, which is in this group, and not from an emptier one unless
    /// that is to be filled anyway.
    fn find_fuller(&mut self, page: NonNull<Page>, class: usize, group: u8) -> bool {
        if self.classes[class].current.is_some() {
            return true;
        }
        self.set_place(page, class, Place::Full);
        let found = self.classes[class].open[group.into()..].iter().any(Option::is_some);
        if found {
            self.open(class);
        }
        self.set_place(page, class, Place::Open(group));
        found
    }

    /// Makes a page the one from which cells are taken: the fullest that has room, or else a new one.
    fn open(&mut self, class: usize) -> NonNull<Page> {
        let fullest = self.classes[class].open.iter().rev().find_map(|first| *first);
        let page = fullest.unwrap_or_else(|| self.new_page(class));
        self.set_place(page, class, Place::Current);
        page
    }

    fn new_page(&mut self, class: usize) -> NonNull<Page> {
        let (page, chunk) = self.take_page();
        let cell = (class + 1) * STEP;
        let header = Page {
            next: None,
            previous: None,
            chunk,
            freed: 0,
            fresh: HEADER as u16,
            live: 0,
            cell: cell as u16,
            cells: ((PAGE - HEADER) / cell) as u16,
            place: Place::Full,
        };
        // SAFETY: the page is ours, aligned, and nobody uses it.
        unsafe { page.write(header) };
        page
    }

    /// Takes a page out of the list it is in, and puts it first into another, or into none.
    fn set_place(&mut self, page: NonNull<Page>, class: usize, place: Place) {
        let Class { current, open } = &mut self.classes[class];
        // SAFETY: pages of this slab; no reference to a header outlives a statement.
        unsafe {
            match core::mem::replace(&mut (*page.as_ptr()).place, place) {
                Place::Current => *current = None,
                Place::Open(group) => {
                    let (next, previous) = ((*page.as_ptr()).next, (*page.as_ptr()).previous);
                    match previous {
                        Some(previous) => (*previous.as_ptr()).next = next,
                        None => open[usize::from(group)] = next,
                    }
                    if let Some(next) = next {
                        (*next.as_ptr()).previous = previous;
                    }
                }
                Place::Full => {}
            }
            match place {
                Place::Current => *current = Some(page),
                Place::Open(group) => {
                    let next = open[usize::from(group)].replace(page);
                    (*page.as_ptr()).next = next;
                    (*page.as_ptr()).previous = None;
                    if let Some(next) = next {
                        (*next.as_ptr()).previous = Some(page);
                    }
                }
                Place::Full => {}
            }
        }
    }

    fn take_page(&mut self) -> (NonNull<Page>, u32) {
        let index = match self.roomy {
            Some(index) => index,
            None => self.add_chunk(),
        };
        self.pages += 1;
        let chunk = &mut self.chunks[index as usize];
        let page = chunk.take();
        if chunk.live == chunk.pages {
            self.unlink(index);
        }
        (page, index)
    }

    fn return_page(&mut self, page: NonNull<Page>) {
        self.pages -= 1;
        // SAFETY: the header stays valid until the page is used again.
        let index = unsafe { (*page.as_ptr()).chunk };
        let chunk = &mut self.chunks[index as usize];
        let was_full = chunk.live == chunk.pages;
        chunk.put(page);
        let empty = chunk.live == 0;
        if was_full {
            self.link(index);
        }
        if empty && (self.pages == 0 || self.has_other_room(index)) {
            self.remove_chunk(index);
        }
        if self.pages == 0 {
            self.remove_everything();
        }
    }

    /// Whether an empty chunk can go without being missed by the next page that is taken.
    fn has_other_room(&self, index: u32) -> bool {
        self.roomy != Some(index) || self.chunks[index as usize].next.is_some()
    }

    /// Chunks grow with the slab, so that a small one takes little.
    fn add_chunk(&mut self) -> u32 {
        let pages = (self.chunk_pages as u32).clamp(1, CHUNK_PAGES);
        let chunk = Chunk {
            start: Some(from_heap(chunk_layout(pages))),
            pages,
            live: 0,
            fresh: 0,
            freed: None,
            next: None,
            previous: None,
        };
        let index = match self.vacant {
            Some(index) => {
                self.vacant = self.chunks[index as usize].next;
                self.chunks[index as usize] = chunk;
                index
            }
            None => {
                self.chunks.push(chunk);
                (self.chunks.len() - 1) as u32
            }
        };
        self.chunk_pages += pages as usize;
        self.link(index);
        index
    }

    fn remove_chunk(&mut self, index: u32) {
        self.unlink(index);
        let chunk = &mut self.chunks[index as usize];
        self.chunk_pages -= chunk.pages as usize;
        chunk.release();
        chunk.next = self.vacant.replace(index);
    }

    /// Once no page is in use: the one empty chunk that was kept goes too.
    fn remove_everything(&mut self) {
        while let Some(index) = self.roomy {
            self.remove_chunk(index);
        }
        self.chunks = Vec::new();
        self.vacant = None;
    }

    fn link(&mut self, index: u32) {
        let next = self.roomy.replace(index);
        self.chunks[index as usize].next = next;
        self.chunks[index as usize].previous = None;
        if let Some(next) = next {
            self.chunks[next as usize].previous = Some(index);
        }
    }

    fn unlink(&mut self, index: u32) {
        let Chunk { next, previous, .. } = self.chunks[index as usize];
        match previous {
            Some(previous) => self.chunks[previous as usize].next = next,
            None => self.roomy = next,
        }
        if let Some(next) = next {
            self.chunks[next as usize].previous = previous;
        }
    }

    /// Gives some pages back with all pieces in them, used or not; `false` once there is none. For a slab whose
    /// pieces are all forgotten, so that a large one can be freed in steps, as many on every target.
    ///
    /// # Safety
    /// No piece of this slab is used any more, and pieces larger than a cell were freed before. Nothing else than
    /// this function is called from then on.
    pub unsafe fn free_pages(&mut self) -> bool {
        if self.chunks.is_empty() {
            return false;
        }
        self.pages = self.pages.saturating_sub(AT_ONCE);
        self.used = self.used.min(self.pages * PAGE);
        while let Some(last) = self.chunks.last_mut() {
            let left = self.chunk_pages - last.pages_held();
            if left < self.pages {
                break;
            }
            self.chunk_pages = left;
            last.release();
            self.chunks.pop();
        }
        true
    }
}

impl Default for Slab {
    fn default() -> Self {
        Slab::new()
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        self.chunks.iter_mut().for_each(Chunk::release);
    }
}

impl Page {
    /// A cell, and whether the page is full now. `this` is the page's own address.
    #[inline(always)]
    fn take(&mut self, this: NonNull<Page>) -> (NonNull<u8>, bool) {
        let cell = self.cell;
        self.live += 1;
        let offset = if self.freed != 0 {
            let offset = self.freed;
            // SAFETY: a freed cell is 8 bytes or more of this page, begins with a `u16`, and is used by nobody.
            self.freed = unsafe { at(this, offset).cast::<u16>().read() };
            offset
        } else {
            let offset = self.fresh;
            debug_assert!(offset as usize + cell as usize <= PAGE);
            self.fresh += cell;
            offset
        };
        (at(this, offset), self.is_full())
    }

    /// Takes a cell back.
    #[inline(always)]
    fn put(&mut self, this: NonNull<Page>, cell: NonNull<u8>) {
        // SAFETY: the cell is 8 bytes or more of this page, and used by nobody any more.
        unsafe { cell.cast::<u16>().write(self.freed) };
        self.freed = (cell.addr().get() - this.addr().get()) as u16;
        self.live -= 1;
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.live == self.cells
    }

    /// Where a page belongs that has room.
    #[inline(always)]
    fn settled(&self) -> Place {
        let (live, eighth) = (u32::from(self.live) * 8, u32::from(self.cells));
        match self.place {
            Place::Current => Place::Current,
            _ => {
                Place::Open(u8::from(live >= 4 * eighth) + u8::from(live >= 6 * eighth) + u8::from(live >= 7 * eighth))
            }
        }
    }
}

impl Chunk {
    fn take(&mut self) -> NonNull<Page> {
        self.live += 1;
        if let Some(page) = self.freed {
            // SAFETY: a free page is memory of this chunk, and keeps its header.
            self.freed = unsafe { (*page.as_ptr()).next };
            return page;
        }
        let start = self.start.expect("a chunk in use has memory");
        self.fresh += 1;
        // SAFETY: `fresh` was below `pages`, as the chunk had room and no freed page.
        unsafe { start.add((self.fresh as usize - 1) * PAGE).cast() }
    }

    fn put(&mut self, page: NonNull<Page>) {
        self.live -= 1;
        // SAFETY: the page is memory of this chunk, and nobody uses it any more.
        unsafe { (*page.as_ptr()).next = self.freed.replace(page) };
    }

    fn pages_held(&self) -> usize {
        if self.start.is_some() { self.pages as usize } else { 0 }
    }

    fn release(&mut self) {
        if let Some(start) = self.start.take() {
            // SAFETY: it was allocated with this layout, and given back only here, once.
            unsafe { dealloc(start.as_ptr(), chunk_layout(self.pages)) };
        }
    }
}

/// A place in a page. Both ways to an address go through the exposed provenance of the whole chunk, because a
/// piece comes back as a number out of a table.
#[inline(always)]
fn at(page: NonNull<Page>, offset: u16) -> NonNull<u8> {
    // SAFETY: the offset lies within the page, so the address is not null.
    unsafe { NonNull::new_unchecked(ptr::with_exposed_provenance_mut(page.addr().get() + offset as usize)) }
}

#[inline(always)]
fn page_of(piece: NonNull<u8>) -> NonNull<Page> {
    let address = piece.addr().get() & !(PAGE - 1);
    // SAFETY: no page lies at address zero.
    unsafe { NonNull::new_unchecked(ptr::with_exposed_provenance_mut(address)) }
}

fn chunk_layout(pages: u32) -> Layout {
    Layout::from_size_align(pages as usize * PAGE, PAGE).expect("a chunk is small")
}

fn outside(size: usize) -> Layout {
    Layout::from_size_align(capacity(size), STEP).expect("no piece is that large")
}

/// Memory with its address exposed.
fn from_heap(layout: Layout) -> NonNull<u8> {
    // SAFETY: no layout here is of size zero.
    let start = unsafe { alloc(layout) };
    let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
    start.expose_provenance();
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::vec::Vec;

    struct Piece {
        start: NonNull<u8>,
        size: usize,
        mark: u8,
    }

    impl Piece {
        fn new(slab: &mut Slab, size: usize, mark: u8) -> Self {
            let start = slab.allocate(size);
            assert_eq!(start.addr().get() % 8, 0);
            // SAFETY: the piece has that many bytes.
            unsafe { start.write_bytes(mark, capacity(size)) };
            Piece { start, size, mark }
        }

        fn free(self, slab: &mut Slab) {
            // SAFETY: the piece was made by `new` with this slab, and all its bytes were written.
            unsafe {
                let bytes = core::slice::from_raw_parts(self.start.as_ptr(), capacity(self.size));
                assert!(bytes.iter().all(|byte| *byte == self.mark));
                slab.free(self.start, self.size);
            }
        }
    }

    #[test]
    fn pieces_do_not_overlap_and_everything_goes_back() {
        let mut rng = Rng::new(1);
        let mut slab = Slab::new();
        let mut pieces: Vec<Piece> = Vec::new();
        let rounds = if cfg!(miri) { 600 } else { 50_000 };
        for round in 0..rounds {
            let grows = round < rounds / 2;
            if pieces.is_empty() || rng.below(10) < if grows { 7 } else { 4 } {
                let largest = if rng.below(20) == 0 { 2000 } else { 90 };
                let size = 1 + rng.below(largest) as usize;
                pieces.push(Piece::new(&mut slab, size, round as u8));
            } else {
                let at = rng.below(pieces.len() as u64) as usize;
                pieces.swap_remove(at).free(&mut slab);
            }
            if round % 100 == 0 {
                assert_eq!(slab.used(), pieces.iter().map(|piece| cost(piece.size)).sum::<usize>());
            }
        }
        pieces.into_iter().for_each(|piece| piece.free(&mut slab));
        assert_eq!((slab.used(), slab.held(), slab.pages), (0, 0, 0));
        Piece::new(&mut slab, 10, 1).free(&mut slab);
    }

    #[test]
    fn full_pages_waste_next_to_nothing() {
        let mut slab = Slab::new();
        let count = if cfg!(miri) { 500 } else { 50_000 };
        (0..count).for_each(|_| _ = slab.allocate(39));
        assert_eq!(slab.used(), count * 40);
        let spare = (CHUNK_PAGES as usize + 1) * PAGE;
        assert!(slab.held() < slab.used() * (PAGE + 120) / PAGE + spare, "{} of {}", slab.used(), slab.held());
    }

    #[test]
    fn an_empty_page_serves_another_size() {
        let mut slab = Slab::new();
        let small: Vec<_> = (0..2 * PAGE / 16).map(|_| Piece::new(&mut slab, 16, 1)).collect();
        let keeper = Piece::new(&mut slab, 8, 3);
        let held = slab.held();
        small.into_iter().for_each(|piece| piece.free(&mut slab));
        let large: Vec<_> = (0..PAGE / 200).map(|_| Piece::new(&mut slab, 200, 2)).collect();
        assert!(slab.held() <= held);
        large.into_iter().for_each(|piece| piece.free(&mut slab));
        keeper.free(&mut slab);
        assert_eq!(slab.held(), 0);
    }

    #[test]
    fn emptied_chunks_go_back_while_others_stay() {
        let mut slab = Slab::new();
        let mut pieces: Vec<_> = (0..40 * PAGE / 512).map(|n| Piece::new(&mut slab, 512, n as u8)).collect();
        let held = slab.chunk_pages;
        for piece in pieces.split_off(PAGE / 512) {
            piece.free(&mut slab);
        }
        assert!(slab.chunk_pages <= held / 2 && slab.chunk_pages > 0);
        pieces.into_iter().for_each(|piece| piece.free(&mut slab));
        assert_eq!(slab.chunk_pages, 0);
    }

    #[test]
    fn what_is_offered_leaves_sparse_pages_and_then_stays() {
        let (mut rng, mut slab, mut pieces) = (Rng::new(3), Slab::new(), Vec::new());
        let count = if cfg!(miri) { 400 } else { 20_000 };
        for n in 0..count {
            let size = [16, 40, 200, 800][n % 4];
            pieces.push(Piece::new(&mut slab, size, n as u8));
        }
        for _ in 0..count * 3 / 4 {
            let at = rng.below(pieces.len() as u64) as usize;
            pieces.swap_remove(at).free(&mut slab);
        }
        let mut offer_all = |pieces: &mut Vec<Piece>| {
            let mut moves = Moves::default();
            for piece in pieces {
                // SAFETY: the piece is in use, and leads to where it is afterwards.
                piece.start = unsafe { slab.offer(piece.start, piece.size, &mut moves) };
            }
            (moves, slab.used(), slab.spare())
        };
        let (moves, used, spare) = offer_all(&mut pieces);
        // Of each of three classes there may be a page more, and those are left that are seven eighths full.
        assert!(spare <= used / 7 + 3 * PAGE, "{spare} beside {used}");
        assert!(moves.moved > 0 && moves.moved + moves.stayed == pieces.len() as u64);
        for _ in 0..3 {
            offer_all(&mut pieces);
        }
        let (moves, ..) = offer_all(&mut pieces);
        assert!(moves.moved <= 3 * (PAGE / 16) as u64 / 8, "{moves:?}");
        assert_eq!(slab.used(), pieces.iter().map(|piece| cost(piece.size)).sum::<usize>());
        pieces.into_iter().for_each(|piece| piece.free(&mut slab));
        assert_eq!((slab.used(), slab.chunk_pages), (0, 0));
    }

    #[test]
    fn a_forgotten_slab_is_freed_in_steps() {
        let mut slab = Slab::new();
        (0..3 * AT_ONCE * PAGE / 64).for_each(|_| _ = slab.allocate(64));
        let mut steps = 0;
        // SAFETY: no piece is used after this.
        while unsafe { slab.free_pages() } {
            steps += 1;
        }
        assert!(steps > 2 && slab.chunk_pages == 0);
    }
}
