//! Things in the order of their names, each with a number that it keeps: consumer groups, consumers.
//!
//! `SIZE` is what a thing takes beside its name on a 64-bit machine, which is what it is reckoned at everywhere.

use crate::base::heap;
use crate::collections::counted::Counted;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// See the module.
#[derive(Clone)]
pub struct Named<T, const SIZE: usize> {
    places: Vec<Option<Box<Place<T>>>>,
    order: Counted<u32>,
    vacant: Vec<u32>,
    /// What the things cost, without what they lead to.
    things: usize,
}

#[derive(Clone)]
struct Place<T> {
    name: Box<[u8]>,
    thing: T,
}

/// A thing's number.
pub type Number = u32;

impl<T, const SIZE: usize> Named<T, SIZE> {
    const FITS: () = assert!(size_of::<Place<T>>() <= SIZE);

    pub const fn new() -> Self {
        let () = Self::FITS;
        Named { places: Vec::new(), order: Counted::new(), vacant: Vec::new(), things: 0 }
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn memory(&self) -> usize {
        self.order.memory()
            + self.things
            + heap::cost(room_for(self.places.len()) * 8)
            + heap::cost(room_for(self.vacant.len()) * 4)
    }

    pub fn find(&self, name: &[u8]) -> Option<Number> {
        let at = self.rank(name);
        let number = (at < self.order.len()).then(|| self.order.get(at))?;
        (self.name(number) == name).then_some(number)
    }

    pub fn name(&self, number: Number) -> &[u8] {
        &self.place(number).name
    }

    pub fn get(&self, number: Number) -> &T {
        &self.place(number).thing
    }

    pub fn get_mut(&mut self, number: Number) -> &mut T {
        let place = self.places[number as usize].as_mut();
        &mut place.expect("a number is used only while its thing is there").thing
    }

    /// Adds a thing under a name that is not taken.
    pub fn insert(&mut self, name: &[u8], thing: T) -> Number {
        let rank = self.rank(name);
        let number = self.vacant.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() as u32 - 1
        });
        self.places[number as usize] = Some(Box::new(Place { name: name.into(), thing }));
        self.order.insert(rank, number);
        self.things += cost::<SIZE>(name);
        number
    }

    pub fn remove(&mut self, number: Number) -> T {
        let rank = self.rank(self.name(number));
        self.order.remove(rank);
        self.vacant.push(number);
        let place = self.places[number as usize].take().expect("a number is used only while its thing is there");
        self.things -= cost::<SIZE>(&place.name);
        place.thing
    }

    /// Numbers, names and things by their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Number, &[u8], &T)> {
        self.order.range(0..usize::MAX).map(|number| {
            let place = self.place(number);
            (number, &*place.name, &place.thing)
        })
    }

    /// The number of the last of them.
    pub fn last(&self) -> Option<Number> {
        self.order.len().checked_sub(1).map(|at| self.order.get(at))
    }

    fn rank(&self, name: &[u8]) -> usize {
        self.order.partition(|number| self.name(number) < name)
    }

    fn place(&self, number: Number) -> &Place<T> {
        self.places[number as usize].as_ref().expect("a number is used only while its thing is there")
    }
}

impl<T, const SIZE: usize> Default for Named<T, SIZE> {
    fn default() -> Self {
        Named::new()
    }
}

/// How much room a vector that has grown to a length is reckoned to have: the same for a copy, which has less.
pub(super) fn room_for(len: usize) -> usize {
    if len == 0 { 0 } else { len.next_power_of_two().max(4) }
}

fn cost<const SIZE: usize>(name: &[u8]) -> usize {
    heap::cost(SIZE) + heap::cost(name.len())
}
