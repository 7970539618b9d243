//! The serving thread's memory for all that is no large block: pieces of one size share a span, so that it can be seen how
//! sparse a span has become, and what lies in a sparse one can be asked to move.
//!
//! ```text
//!   reserved addresses:  [region][region] …                             64 MB each, used one after the other
//!   region               [links][heads][run][run][span: cell, cell …][run] …
//!   run                  1 to 512 pages, of lengths of which there are eight to a doubling
//!   span                 a run of 16, 32, 64 or 128 KB, aligned to its size, with cells of one size:
//!                        16, 32, 48 … 1024 bytes, from there on 32 sizes to a doubling, 14 KB at most
//!   head                 what is known of a span, apart from it: sixteen cells of 8 KB fill one of 128
//! ```
//!
//! A cell comes from the fullest span of its size that has room, so that sparse ones empty by themselves; an empty span's run
//! serves another size, or its pages go back to the system. To ask for a new size that is the old one is to offer a piece for
//! moving: it comes to lie in a fuller span if its own is emptier than others of that size are. No step depends on how much is
//! in use.
//!
//! One thread alone has its memory here. What another one frees of it waits in a list of its own. Deliberately absent: addresses
//! that go back to the system (there are more than any machine has memory), and a lock.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::mem;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};

const PAGE: usize = 4096;
const REGION: usize = 64 << 20;
const RESERVED: usize = 1 << 40;
/// A region begins with a number for each of its pages: where the next free run is; and a head for each span there might be.
const LINKS: usize = REGION / PAGE * size_of::<u32>();
const HEADS: usize = REGION / SMALLEST_SPAN * size_of::<Span>();

/// What cells are multiples of, and the largest.
const QUANTUM: usize = 16;
const SMALLEST_SPAN: usize = 16 << 10;
const LARGEST_SPAN: usize = 128 << 10;
const LARGEST_CELL: usize = 14 << 10;
/// To a doubling there are two to the power of so many sizes of cells, and of runs.
const CELL_STEPS: u32 = 5;
const RUN_STEPS: u32 = 3;
const CLASSES: usize = rank(LARGEST_CELL / QUANTUM, CELL_STEPS) + 1;
const LONGEST_RUN: usize = 512;
const LENGTHS: usize = rank(LONGEST_RUN, RUN_STEPS) + 1;
/// Lists of a size's spans, by how full they are.
const GROUPS: usize = 8;
/// Free pages that are kept in any case, for they will be needed soon: so many bytes, and a part of what is in use.
const KEPT: usize = 2 << 20;
const KEPT_PART: usize = 64;
/// All others are kept while there is room, and go back once they have been free for one to two spells of so many looks; so
/// many bytes at a look.
const SPELL: u32 = 50;
const AT_A_LOOK: usize = 4 << 20;
/// A span is not sparse while so much of it is in use.
const DENSE: (u32, u32) = (7, 8);

const _: () = assert!((LINKS + HEADS).is_multiple_of(PAGE) && rank(LARGEST_CELL / QUANTUM, CELL_STEPS) == 183);

/// The place of a length among those that are in use, each serving what is longer than the one before: all up to a point, and
/// from there on a number of them to a doubling.
const fn rank(length: usize, steps: u32) -> usize {
    if length <= 2 << steps {
        return length - 1;
    }
    let last = length - 1;
    let doubling = last.ilog2();
    (1 << steps) + (((doubling - steps) as usize) << steps) + (last >> (doubling - steps)) - (1 << steps)
}

/// The length that has this place.
const fn length(rank: usize, steps: u32) -> usize {
    if rank < 2 << steps {
        return rank + 1;
    }
    let (doubling, part) = ((rank >> steps) - 1, rank & ((1 << steps) - 1));
    ((1 << steps) + part + 1) << doubling
}

/// What is known of a size of cells before there is any.
#[derive(Clone, Copy)]
struct Shape {
    cell: u32,
    /// Bytes of a span.
    span: u32,
    /// Cells of a span.
    cells: u32,
    /// From a number of cells to the group of spans that have as many in use.
    shift: u32,
}

static SHAPES: [Shape; CLASSES] = {
    let mut shapes = [Shape { cell: 0, span: 0, cells: 0, shift: 0 }; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let cell = length(class, CELL_STEPS) * QUANTUM;
        // The smallest that a cell is a small part of, and that cells fill but for a small part.
        let mut span = SMALLEST_SPAN;
        while span < LARGEST_SPAN && (cell > span / 9 || span % cell > span / 64) {
            span *= 2;
        }
        let cells = span / cell;
        let shift = (cells.ilog2() + 1).saturating_sub(GROUPS.ilog2());
        shapes[class] = Shape { cell: cell as u32, span: span as u32, cells: cells as u32, shift };
        class += 1;
    }
    shapes
};

/// The head of a span.
#[repr(C, align(64))]
struct Span {
    /// The address of its first cell.
    start: usize,
    next: Option<NonNull<Span>>,
    previous: Option<NonNull<Span>>,
    /// First freed cell (its offset, or `NONE`); a freed cell begins with the offset of the next.
    freed: u32,
    /// Where the cells begin that were never used.
    fresh: u32,
    live: u32,
    place: Place,
}

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The one from which cells are taken.
    Current,
    /// In the list of this group.
    Open(u8),
    /// In none, as it has no room.
    Full,
}

/// The spans of one size of cells.
#[derive(Clone, Copy)]
struct Class {
    current: Option<NonNull<Span>>,
    open: [Option<NonNull<Span>>; GROUPS],
}

/// The first of the free runs of a length, as numbers of pages (0: none).
#[derive(Clone, Copy)]
struct Free {
    /// With pages of memory.
    kept: u32,
    /// With nothing but addresses.
    bare: u32,
}

/// All of a thread's memory.
struct Heap {
    /// The reserved addresses; what comes before `fresh` has been used, before `ready` may be.
    start: usize,
    end: usize,
    ready: usize,
    fresh: usize,
    classes: [Class; CLASSES],
    free: [Free; LENGTHS],
    /// Bytes of runs in use, and of free ones with pages of memory.
    used: usize,
    kept: usize,
    /// So much may be kept beyond what is in any case.
    room: usize,
    /// The looks that are left of this spell, the least that was kept in it, and what was not needed in the last one.
    looks: u32,
    least: usize,
    surplus: usize,
    /// The length of which a free run was given back last.
    turn: usize,
    /// Bytes of cells that were used and are free.
    spare: usize,
}

impl Heap {
    const fn new() -> Self {
        Heap {
            start: 0,
            end: 0,
            ready: 0,
            fresh: 0,
            classes: [Class { current: None, open: [None; GROUPS] }; CLASSES],
            free: [Free { kept: 0, bare: 0 }; LENGTHS],
            used: 0,
            kept: 0,
            room: 0,
            looks: SPELL,
            least: 0,
            surplus: 0,
            turn: 0,
            spare: 0,
        }
    }

    /// Reserves addresses; whether there are so many.
    fn reserve(&mut self, bytes: usize) -> bool {
        // SAFETY: a new mapping overlaps nothing.
        let mapping = unsafe {
            mm::mmap_anonymous(ptr::null_mut(), bytes, ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE)
        };
        let Ok(mapping) = mapping else { return false };
        let begin = mapping.expose_provenance();
        self.start = begin.next_multiple_of(REGION);
        self.end = begin + bytes;
        (self.ready, self.fresh) = (self.start, self.start);
        true
    }

    fn allocate(&mut self, form: Form) -> Option<NonNull<u8>> {
        match form {
            Form::Cell(class) => self.take_cell(class),
            Form::Run(length) => self.take_run(length),
        }
    }

    /// # Safety
    /// The piece was allocated here with this form, and is used no more.
    unsafe fn free(&mut self, piece: NonNull<u8>, form: Form) {
        match form {
            // SAFETY: as by contract.
            Form::Cell(class) => unsafe { self.put_cell(piece, class) },
            Form::Run(length) => self.put_run(piece.addr().get(), length),
        }
    }

    #[inline]
    fn take_cell(&mut self, class: usize) -> Option<NonNull<u8>> {
        let span = match self.classes[class].current {
            Some(span) => span,
            None => self.open(class)?,
        };
        // SAFETY: a span in `current` is live memory of this heap and has room.
        Some(unsafe { self.take_cell_of(span, class) })
    }

    /// # Safety
    /// The span is the current one of its class.
    #[inline(always)]
    unsafe fn take_cell_of(&mut self, span: NonNull<Span>, class: usize) -> NonNull<u8> {
        let shape = &SHAPES[class];
        // SAFETY: as by contract; no other reference to a span's head is alive.
        let head = unsafe { &mut *span.as_ptr() };
        let offset = head.freed;
        let cell = |offset: u32| ptr::with_exposed_provenance_mut::<u8>(head.start + offset as usize);
        let offset = if offset != NONE {
            // SAFETY: a freed cell is memory of this span, and begins with the offset of the next.
            head.freed = unsafe { cell(offset).cast::<u32>().read() };
            self.spare -= shape.cell as usize;
            offset
        } else {
            head.fresh += shape.cell;
            head.fresh - shape.cell
        };
        head.live += 1;
        if head.live == shape.cells {
            head.place = Place::Full;
            self.classes[class].current = None;
        }
        // SAFETY: no span lies at address zero.
        unsafe { NonNull::new_unchecked(cell(offset)) }
    }

    /// Makes a span the one from which cells are taken: the fullest that has room, or else a new one.
    #[cold]
    fn open(&mut self, class: usize) -> Option<NonNull<Span>> {
        let fullest = self.classes[class].open.iter().rev().find_map(|first| *first);
        let span = match fullest {
            Some(span) => {
                self.unlist(span, class);
                span
            }
            None => self.add_span(class)?,
        };
        // SAFETY: it is a span of this heap.
        unsafe { (*span.as_ptr()).place = Place::Current };
        self.classes[class].current = Some(span);
        Some(span)
    }

    fn add_span(&mut self, class: usize) -> Option<NonNull<Span>> {
        let start = self.take_run(SHAPES[class].span as usize / PAGE)?.addr().get();
        let span = head_of(start);
        let head = Span { start, next: None, previous: None, freed: NONE, fresh: 0, live: 0, place: Place::Full };
        // SAFETY: the run is this heap's, and a region that has runs has room for a head of each.
        unsafe { span.write(head) };
        Some(span)
    }

    /// # Safety
    /// The cell was taken of this class, and is used no more.
    #[inline]
    unsafe fn put_cell(&mut self, cell: NonNull<u8>, class: usize) {
        let (shape, span) = (&SHAPES[class], span_of(cell, class));
        // SAFETY: as by contract; no other reference to a span's head is alive.
        let head = unsafe { &mut *span.as_ptr() };
        // SAFETY: a cell is sixteen bytes or more, aligned to them.
        unsafe { cell.cast::<u32>().write(head.freed) };
        head.freed = (cell.addr().get() - head.start) as u32;
        head.live -= 1;
        let (live, place) = (head.live, head.place);
        self.spare += shape.cell as usize;
        if live == 0 {
            return self.remove_span(span, class);
        }
        if place != Place::Current {
            let group = (live >> shape.shift) as u8;
            if place != Place::Open(group) {
                self.list(span, class, group);
            }
        }
    }

    #[cold]
    fn remove_span(&mut self, span: NonNull<Span>, class: usize) {
        // SAFETY: it is a span of this heap, none of whose cells is in use.
        let (place, fresh, start) = unsafe { ((*span.as_ptr()).place, (*span.as_ptr()).fresh, (*span.as_ptr()).start) };
        match place {
            Place::Current => self.classes[class].current = None,
            Place::Open(_) => self.unlist(span, class),
            Place::Full => {}
        }
        self.spare -= fresh as usize;
        self.put_run(start, SHAPES[class].span as usize / PAGE);
    }

    /// Puts a span that is not the current one into the list of a group, wherever it was.
    fn list(&mut self, span: NonNull<Span>, class: usize, group: u8) {
        self.unlist(span, class);
        let next = self.classes[class].open[group as usize].replace(span);
        // SAFETY: spans of this heap; no reference to a head outlives a statement.
        unsafe {
            (*span.as_ptr()).place = Place::Open(group);
            (*span.as_ptr()).next = next;
            (*span.as_ptr()).previous = None;
            if let Some(next) = next {
                (*next.as_ptr()).previous = Some(span);
            }
        }
    }

    /// Takes a span out of the list it is in, if it is in one: it is in none then.
    fn unlist(&mut self, span: NonNull<Span>, class: usize) {
        // SAFETY: spans of this heap; no reference to a head outlives a statement.
        unsafe {
            let Place::Open(group) = mem::replace(&mut (*span.as_ptr()).place, Place::Full) else { return };
            let (next, previous) = ((*span.as_ptr()).next, (*span.as_ptr()).previous);
            match previous {
                Some(previous) => (*previous.as_ptr()).next = next,
                None => self.classes[class].open[group as usize] = next,
            }
            if let Some(next) = next {
                (*next.as_ptr()).previous = previous;
            }
        }
    }

    /// Moves a cell to a fuller span if its own is sparse, and returns where it is.
    ///
    /// # Safety
    /// The cell is of this class and in use, and its owner goes on with what is returned.
    unsafe fn move_cell(&mut self, cell: NonNull<u8>, class: usize) -> NonNull<u8> {
        let (shape, span) = (&SHAPES[class], span_of(cell, class));
        // SAFETY: as by contract; no reference to a head outlives a statement.
        let (live, place) = unsafe { ((*span.as_ptr()).live, (*span.as_ptr()).place) };
        let Place::Open(group) = place else { return cell };
        if live * DENSE.1 >= shape.cells * DENSE.0 || !self.find_fuller(span, class, group) {
            return cell;
        }
        let Some(other) = self.take_cell(class) else { return cell };
        // SAFETY: both are cells of this size, one in use and the other new.
        unsafe {
            other.copy_from_nonoverlapping(cell, shape.cell as usize);
            self.put_cell(cell, class);
        }
        other
    }

    /// Whether cells are taken from another span than this one, which is in this group, and not from an emptier one unless that
    /// is to be filled anyway.
    fn find_fuller(&mut self, span: NonNull<Span>, class: usize, group: u8) -> bool {
        if self.classes[class].current.is_some() {
            return true;
        }
        self.unlist(span, class);
        let found = self.classes[class].open[group.into()..].iter().any(Option::is_some);
        if found {
            self.open(class);
        }
        self.list(span, class, group);
        found
    }

    /// A run of so many pages, aligned to the largest power of two that divides its length.
    fn take_run(&mut self, pages: usize) -> Option<NonNull<u8>> {
        let rank = rank(pages, RUN_STEPS);
        let bytes = length(rank, RUN_STEPS) * PAGE;
        let free = self.free[rank];
        let start = if free.kept != 0 {
            let start = self.start + free.kept as usize * PAGE;
            self.free[rank].kept = *self.link(start);
            self.kept -= bytes;
            self.least = self.least.min(self.kept);
            start
        } else if free.bare != 0 {
            let start = self.start + free.bare as usize * PAGE;
            self.free[rank].bare = *self.link(start);
            start
        } else {
            self.add_run(bytes)?
        };
        self.used += bytes;
        NonNull::new(ptr::with_exposed_provenance_mut(start))
    }

    fn put_run(&mut self, start: usize, pages: usize) {
        let rank = rank(pages, RUN_STEPS);
        let bytes = length(rank, RUN_STEPS) * PAGE;
        let number = ((start - self.start) / PAGE) as u32;
        self.used -= bytes;
        self.kept += bytes;
        *self.link(start) = mem::replace(&mut self.free[rank].kept, number);
        while self.kept > self.always_kept().max(self.room) {
            self.strip_run();
        }
    }

    fn always_kept(&self) -> usize {
        KEPT.max(self.used / KEPT_PART)
    }

    /// Looks for pages that nobody has needed for a while, and learns how much may be kept from now on. To be called at
    /// regular times.
    fn look(&mut self, room: usize) {
        self.room = room;
        self.looks -= 1;
        if self.looks == 0 {
            self.looks = SPELL;
            self.surplus = mem::replace(&mut self.least, self.kept);
        }
        let before = self.kept;
        let wanted = before.saturating_sub(self.surplus).min(room).max(self.always_kept());
        while self.kept > wanted.max(before.saturating_sub(AT_A_LOOK)) {
            self.strip_run();
        }
        self.surplus = self.surplus.saturating_sub(before - self.kept);
        self.least = self.least.min(self.kept);
    }

    /// Gives the pages of a free run back to the system: of each length in turn, so that those that are taken and freed all
    /// the time stay.
    fn strip_run(&mut self) {
        self.turn = (self.turn + 1) % LENGTHS;
        let Free { kept, bare } = self.free[self.turn];
        if kept == 0 {
            return;
        }
        let (start, bytes) = (self.start + kept as usize * PAGE, length(self.turn, RUN_STEPS) * PAGE);
        // SAFETY: nobody uses these pages any more, and whoever does next expects nothing to be in them.
        let _ = unsafe { mm::madvise(ptr::with_exposed_provenance_mut(start), bytes, Advice::LinuxDontNeed) };
        let next = mem::replace(self.link(start), bare);
        self.free[self.turn] = Free { kept: next, bare: kept };
        self.kept -= bytes;
    }

    /// A run of pages that were never used.
    fn add_run(&mut self, bytes: usize) -> Option<usize> {
        let align = 1 << bytes.trailing_zeros();
        let mut start = self.fresh.next_multiple_of(align);
        if start / REGION != (start + bytes - 1) / REGION || start.is_multiple_of(REGION) {
            start = (start.next_multiple_of(REGION) + LINKS + HEADS).next_multiple_of(align);
        }
        let end = start + bytes;
        if end > self.ready {
            let ready = end.next_multiple_of(REGION);
            let room = (ready <= self.end).then_some(ready - self.ready)?;
            let begin = ptr::with_exposed_provenance_mut(self.ready);
            // SAFETY: these addresses are reserved for this heap, and nothing is there yet.
            unsafe { mm::mprotect(begin, room, MprotectFlags::READ | MprotectFlags::WRITE) }.ok()?;
            self.ready = ready;
        }
        self.fresh = end;
        Some(start)
    }

    /// Where it is noted which free run comes after the one that begins here.
    fn link(&mut self, start: usize) -> &mut u32 {
        let (region, offset) = (start / REGION * REGION, start % REGION);
        let link = ptr::with_exposed_provenance_mut::<u32>(region + offset / PAGE * size_of::<u32>());
        // SAFETY: a region that has runs begins with a number for each of its pages.
        unsafe { &mut *link }
    }
}

#[inline(always)]
fn span_of(cell: NonNull<u8>, class: usize) -> NonNull<Span> {
    head_of(cell.addr().get() & !(SHAPES[class].span as usize - 1))
}

/// The head of the span that begins here.
#[inline(always)]
fn head_of(start: usize) -> NonNull<Span> {
    let (region, offset) = (start & !(REGION - 1), start & (REGION - 1));
    let head = region + LINKS + offset / SMALLEST_SPAN * size_of::<Span>();
    NonNull::new(ptr::with_exposed_provenance_mut(head)).expect("no region lies at address zero")
}

/// What a piece of a layout is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A cell of this class.
    Cell(usize),
    /// A run of so many pages.
    Run(usize),
}

impl Form {
    /// None for a layout of which there are no pieces here.
    #[inline]
    fn of(layout: Layout) -> Option<Form> {
        let (size, align) = (layout.size(), layout.align());
        if size <= LARGEST_CELL && align <= QUANTUM {
            return Some(Form::Cell(class_of(size)));
        }
        Form::aligned(size.next_multiple_of(align), align)
    }

    fn aligned(size: usize, align: usize) -> Option<Form> {
        if size <= LARGEST_CELL && align <= SMALLEST_SPAN {
            let class = class_of(size);
            return SHAPES[class].cell.is_multiple_of(align as u32).then_some(Form::Cell(class));
        }
        let pages = size.div_ceil(PAGE);
        if pages > LONGEST_RUN {
            return None;
        }
        let pages = length(rank(pages, RUN_STEPS), RUN_STEPS);
        (pages * PAGE).is_multiple_of(align).then_some(Form::Run(pages))
    }
}

#[inline]
fn class_of(size: usize) -> usize {
    rank(size.div_ceil(QUANTUM).max(1), CELL_STEPS)
}

/// The heap of the thread that serves.
struct Shared(UnsafeCell<Heap>);

// SAFETY: only the thread for which `SERVES` is true reaches the heap.
unsafe impl Sync for Shared {}

static HEAP: Shared = Shared(UnsafeCell::new(Heap::new()));

thread_local! {
    static SERVES: Cell<bool> = const { Cell::new(false) };
}

/// The addresses that are the heap's, for all threads to see.
static START: AtomicUsize = AtomicUsize::new(0);
static LENGTH: AtomicUsize = AtomicUsize::new(0);

/// Pieces that other threads have freed.
static RETURNED: AtomicPtr<Returned> = AtomicPtr::new(ptr::null_mut());

/// What is in a piece of which nobody but the list knows.
struct Returned {
    next: *mut Returned,
    size: u32,
    align: u32,
}

const _: () = assert!(size_of::<Returned>() <= QUANTUM);

/// From now on the calling thread has its memory here. To be called by one thread, once.
pub fn serve() {
    // SAFETY: nobody else reaches the heap, as no thread serves yet.
    let heap = unsafe { &mut *HEAP.0.get() };
    if heap.reserve(RESERVED) {
        START.store(heap.start, Ordering::Relaxed);
        LENGTH.store(heap.end - heap.start, Ordering::Relaxed);
        SERVES.set(true);
    }
}

/// Bytes of cells that are held because others of their spans are in use.
pub fn spare() -> usize {
    with_heap(|heap| heap.spare).unwrap_or_default()
}

/// Takes back what other threads have freed, and gives pages back that nobody has needed for a while. To be called about ten
/// times a second, with how many bytes of free pages may be kept.
pub fn look(room: usize) {
    with_heap(|heap| {
        take_returned(heap);
        heap.look(room);
    });
}

/// None on any other thread than the one that serves.
#[inline(always)]
fn with_heap<R>(f: impl FnOnce(&mut Heap) -> R) -> Option<R> {
    // SAFETY: this thread alone reaches the heap, and nothing that is done with it allocates.
    SERVES.get().then(|| f(unsafe { &mut *HEAP.0.get() }))
}

/// Whether a piece lies in the heap.
#[inline(always)]
fn is_ours(piece: *mut u8) -> bool {
    piece.addr().wrapping_sub(START.load(Ordering::Relaxed)) < LENGTH.load(Ordering::Relaxed)
}

/// Memory for this layout: for the thread that serves here, for others, or where there is none of that kind, from the system.
///
/// # Safety
/// As [`GlobalAlloc::alloc`].
#[inline]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    let here = with_heap(|heap| heap.allocate(Form::of(layout)?)).flatten();
    // SAFETY: the caller's promise.
    here.map_or_else(|| unsafe { System.alloc(layout) }, NonNull::as_ptr)
}

/// # Safety
/// As [`GlobalAlloc::alloc_zeroed`].
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    let here = with_heap(|heap| heap.allocate(Form::of(layout)?)).flatten();
    // SAFETY: a new piece has the layout's size; for the rest the caller's promise.
    unsafe {
        match here {
            Some(piece) => {
                piece.write_bytes(0, layout.size());
                piece.as_ptr()
            }
            None => System.alloc_zeroed(layout),
        }
    }
}

/// # Safety
/// As [`GlobalAlloc::dealloc`], for memory that [`alloc`] or [`realloc`] gave.
#[inline]
pub unsafe fn dealloc(piece: *mut u8, layout: Layout) {
    if !is_ours(piece) {
        // SAFETY: it is the system's; for the rest the caller's promise.
        return unsafe { System.dealloc(piece, layout) };
    }
    // SAFETY: what is ours is not null, and was allocated with this form, as that follows from the layout.
    let freed = with_heap(|heap| unsafe { heap.free(NonNull::new_unchecked(piece), form(layout)) });
    if freed.is_none() {
        return_piece(piece.cast(), layout);
    }
}

/// # Safety
/// As [`GlobalAlloc::realloc`], likewise.
pub unsafe fn realloc(piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    // SAFETY: the caller promises that this is a layout, that the piece has the old one and is given up for the new.
    unsafe {
        if !is_ours(piece) {
            return System.realloc(piece, layout, size);
        }
        let (old, new) = (form(layout), Layout::from_size_align_unchecked(size, layout.align()));
        if size == layout.size() {
            let Form::Cell(class) = old else { return piece };
            return with_heap(|heap| heap.move_cell(NonNull::new_unchecked(piece), class).as_ptr()).unwrap_or(piece);
        }
        if Form::of(new) == Some(old) {
            return piece;
        }
        let other = alloc(new);
        if !other.is_null() {
            ptr::copy_nonoverlapping(piece, other, size.min(layout.size()));
            dealloc(piece, layout);
        }
        other
    }
}

fn form(layout: Layout) -> Form {
    Form::of(layout).expect("what is ours is of a form that pieces have")
}

/// Leaves a piece to the thread whose it is.
fn return_piece(piece: *mut Returned, layout: Layout) {
    let mut next = RETURNED.load(Ordering::Relaxed);
    loop {
        // SAFETY: a piece has sixteen bytes or more, aligned to them, and nobody uses it any more.
        unsafe { piece.write(Returned { next, size: layout.size() as u32, align: layout.align() as u32 }) };
        match RETURNED.compare_exchange_weak(next, piece, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(other) => next = other,
        }
    }
}

fn take_returned(heap: &mut Heap) {
    let mut next = RETURNED.swap(ptr::null_mut(), Ordering::Acquire);
    while let Some(piece) = NonNull::new(next) {
        // SAFETY: what is in the list is such a piece, of this layout, and of nobody else.
        unsafe {
            let returned = piece.read();
            next = returned.next;
            let layout = Layout::from_size_align_unchecked(returned.size as usize, returned.align as usize);
            heap.free(piece.cast(), form(layout));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heap() -> Heap {
        let mut heap = Heap::new();
        assert!(heap.reserve(4 * REGION));
        heap
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    /// A piece with a byte in all of it.
    struct Piece {
        start: NonNull<u8>,
        layout: Layout,
        mark: u8,
    }

    impl Piece {
        fn new(heap: &mut Heap, layout: Layout, mark: u8) -> Piece {
            let start = heap.allocate(form(layout)).unwrap();
            assert!(start.addr().get().is_multiple_of(layout.align()), "{layout:?}");
            // SAFETY: the piece is as large as its layout.
            unsafe { start.write_bytes(mark, layout.size()) };
            Piece { start, layout, mark }
        }

        fn is_whole(&self) -> bool {
            // SAFETY: all of it was written.
            let bytes = unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.layout.size()) };
            bytes.iter().all(|byte| *byte == self.mark)
        }

        fn free(self, heap: &mut Heap) {
            assert!(self.is_whole());
            // SAFETY: the piece was made by `new` with this heap.
            unsafe { heap.free(self.start, form(self.layout)) };
        }
    }

    /// Numbers that look like chance.
    fn numbers() -> impl FnMut(usize) -> usize {
        let mut state = 1u64;
        move |below| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        }
    }

    #[test]
    fn every_length_has_a_place_and_wastes_little() {
        for steps in [RUN_STEPS, CELL_STEPS] {
            for wanted in 1..5000 {
                let place = rank(wanted, steps);
                let given = length(place, steps);
                assert!(given >= wanted && (given - wanted) << steps <= wanted, "{wanted}: {given}");
                assert!(place == 0 || length(place - 1, steps) < wanted);
            }
        }
        for shape in SHAPES {
            let tail = shape.span as usize - (shape.cells * shape.cell) as usize;
            assert!(tail < shape.cell as usize && shape.cells >= 9 && shape.cells >> shape.shift < 2 * GROUPS as u32);
            assert!((shape.cells - 1) >> shape.shift < GROUPS as u32, "{}", shape.cell);
        }
    }

    #[test]
    fn pieces_do_not_overlap_and_everything_goes_back() {
        let (mut heap, mut pieces, mut number) = (heap(), Vec::new(), numbers());
        for round in 0..20_000 {
            if pieces.is_empty() || number(10) < if round < 10_000 { 6 } else { 4 } {
                let largest = [100, 100, 3000, 20_000, 200_000][number(5)];
                let size = 1 + number(largest);
                let align = [1, 8, 16, 64, PAGE, 4 * PAGE][number(6)];
                let wanted = layout(size, align);
                if Form::of(wanted).is_some() {
                    pieces.push(Piece::new(&mut heap, wanted, round as u8));
                }
            } else {
                let at = number(pieces.len());
                pieces.swap_remove(at).free(&mut heap);
            }
            assert!(heap.kept <= KEPT.max(heap.used / KEPT_PART), "{} kept", heap.kept);
        }
        pieces.into_iter().for_each(|piece| piece.free(&mut heap));
        assert_eq!((heap.used, heap.spare), (0, 0));
    }

    #[test]
    fn offered_cells_leave_sparse_spans() {
        let (mut heap, mut pieces, mut number) = (heap(), Vec::new(), numbers());
        for n in 0..30_000 {
            pieces.push(Piece::new(&mut heap, layout([40, 700, 3000][n % 3], 8), n as u8));
        }
        let full = heap.used;
        for _ in 0..24_000 {
            let at = number(pieces.len());
            pieces.swap_remove(at).free(&mut heap);
        }
        assert!(heap.used > full / 2, "by chance hardly any is empty");
        for _ in 0..4 {
            for piece in &mut pieces {
                // SAFETY: the cell is in use, and the piece leads to where it is afterwards.
                piece.start = unsafe { heap.move_cell(piece.start, class_of(piece.layout.size())) };
                assert!(piece.is_whole());
            }
        }
        assert!(heap.used < full / 4, "{} of {full}", heap.used);
        pieces.into_iter().for_each(|piece| piece.free(&mut heap));
        assert_eq!((heap.used, heap.spare), (0, 0));
    }

    #[test]
    fn what_goes_back_is_used_again_and_empty() {
        let mut heap = heap();
        let piece = layout(1 << 20, 8);
        let pieces: Vec<Piece> = (0..20).map(|n| Piece::new(&mut heap, piece, n + 1)).collect();
        let fresh = heap.fresh;
        pieces.into_iter().for_each(|piece| piece.free(&mut heap));
        assert_eq!((heap.used, heap.kept), (0, KEPT));
        let pieces: Vec<_> = (0..20).map(|_| heap.allocate(form(piece)).unwrap()).collect();
        assert_eq!(heap.fresh, fresh);
        // SAFETY: so large is each of them.
        let emptied = pieces.iter().filter(|piece| unsafe { piece.read() } == 0).count();
        assert_eq!(emptied, 18);
    }

    #[test]
    fn free_pages_stay_while_there_is_room_until_they_were_not_needed_for_a_spell() {
        let mut heap = heap();
        let piece = layout(1 << 20, 8);
        let use_some = |heap: &mut Heap, count| {
            let pieces: Vec<_> = (0..count).map(|n| Piece::new(heap, piece, n)).collect();
            pieces.into_iter().for_each(|piece| piece.free(heap));
        };
        heap.look(1 << 30);
        use_some(&mut heap, 20);
        assert_eq!(heap.kept, 20 << 20);
        for _ in 0..SPELL {
            heap.look(1 << 30);
        }
        assert_eq!(heap.kept, 20 << 20, "they came in this spell");
        // Eight are needed again and again, and twelve are not.
        for _ in 0..SPELL + 3 {
            use_some(&mut heap, 8);
            heap.look(1 << 30);
        }
        assert_eq!(heap.kept, 8 << 20);
        heap.look(3 << 20);
        assert_eq!(heap.kept, 4 << 20, "no more than so many bytes go at a look");
        heap.look(3 << 20);
        assert_eq!(heap.kept, 3 << 20);
    }

    #[test]
    fn more_than_is_reserved_is_not_to_be_had() {
        let mut heap = heap();
        let mut count = 0;
        while heap.allocate(Form::Run(LONGEST_RUN)).is_some() {
            count += 1;
        }
        // Of each region the first page and those before the next multiple of a run are lost.
        assert!((3 * 31..=4 * 31).contains(&count), "{count}");
    }

    /// The one test in which a thread serves.
    #[test]
    fn what_another_thread_frees_comes_back() {
        serve();
        let large = layout(40_000, 8);
        let others = std::thread::spawn(|| {
            // SAFETY: the layout has a size.
            let piece = unsafe { alloc(layout(100, 8)) };
            assert!(!is_ours(piece));
            piece.expose_provenance()
        });
        let piece = ptr::with_exposed_provenance_mut(others.join().unwrap());
        // SAFETY: each has the layout that it is given back with, and is used no more.
        unsafe {
            dealloc(piece, layout(100, 8));
            let (cell, run) = (alloc(layout(100, 8)), alloc(large));
            assert!(is_ours(cell) && is_ours(run));
            cell.write_bytes(5, 100);
            let addresses = (cell.expose_provenance(), run.expose_provenance());
            let used = || with_heap(|heap| heap.used).unwrap();
            let before = used();
            std::thread::spawn(move || {
                let cell = ptr::with_exposed_provenance_mut::<u8>(addresses.0);
                let longer = realloc(cell, layout(100, 8), 3000);
                assert_eq!((is_ours(longer), longer.add(99).read()), (false, 5));
                dealloc(longer, layout(3000, 8));
                dealloc(ptr::with_exposed_provenance_mut(addresses.1), large);
            })
            .join()
            .unwrap();
            assert_eq!(used(), before);
            look(0);
            assert!(used() + 40_000 <= before, "{} of {before}", used());
        }
    }
}
