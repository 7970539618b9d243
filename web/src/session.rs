//! A store that runs: its frames, and whoever wants to know that it has changed.

use std::cell::{Cell, OnceCell, Ref, RefCell};
use std::rc::{Rc, Weak};

use yew::Callback;

use crate::frame::{Frames, WORK, WORK_BEHIND, now};
use crate::store::{Change, Store, View};

#[derive(Clone)]
pub struct Session {
    inner: Rc<Inner>,
}

struct Inner {
    store: RefCell<Store>,
    frames: OnceCell<Frames>,
    watchers: RefCell<Vec<Callback<()>>>,
    /// When watchers were told last, in milliseconds of the page.
    told: Cell<f64>,
}

/// While the engine can't keep up with the clock, the page is drawn so often, in milliseconds.
const DRAWN: f64 = 250.0;

impl PartialEq for Session {
    fn eq(&self, other: &Session) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Session {
    pub fn new(store: Store) -> Session {
        let inner = Rc::new(Inner {
            store: RefCell::new(store),
            frames: OnceCell::new(),
            watchers: RefCell::default(),
            told: Cell::default(),
        });
        let weak = Rc::downgrade(&inner);
        let frames = Frames::new(move |time| Weak::upgrade(&weak).is_some_and(|inner| inner.frame(time)));
        let _ = inner.frames.set(frames);
        Session { inner }
    }

    pub fn read(&self) -> Ref<'_, Store> {
        self.inner.store.borrow()
    }

    /// Asks the store for a change, and tells those who watch.
    pub fn ask(&self, change: Change) {
        self.change(|store| store.apply(change));
    }

    /// The same with an answer.
    pub fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let answer = change(&mut self.inner.store.borrow_mut());
        self.inner.tell();
        if let Some(frames) = self.inner.frames.get() {
            frames.wake();
        }
        answer
    }

    /// Calls somebody after every change.
    pub fn watch(&self, watcher: Callback<()>) {
        self.inner.watchers.borrow_mut().push(watcher);
    }

    /// For watchers, which must not keep alive what they watch.
    pub fn downgrade(&self) -> WeakSession {
        WeakSession { inner: Rc::downgrade(&self.inner) }
    }

    /// The store as it is now.
    pub fn view(&self) -> View {
        View::new(self.clone())
    }
}

/// A session, if it is still there.
pub struct WeakSession {
    inner: Weak<Inner>,
}

impl WeakSession {
    pub fn upgrade(&self) -> Option<Session> {
        self.inner.upgrade().map(|inner| Session { inner })
    }
}

impl Inner {
    /// One frame; asks for another while there is something to do.
    fn frame(&self, time: f64) -> bool {
        let is_behind = self.store.borrow().is_behind();
        let is_due = !is_behind || time - self.told.get() >= DRAWN;
        // A frame that draws a busy world does nothing else.
        let speaks = {
            let mut store = self.store.borrow_mut();
            if store.is_running() && !(is_behind && is_due) {
                let (start, work) = (now(), if is_behind { WORK_BEHIND } else { WORK });
                store.frame(time, || now() - start < work);
            }
            store.speak(time)
        };
        let goes_on = self.store.borrow().is_running();
        if is_due || !goes_on {
            self.told.set(time);
            self.tell();
        }
        speaks || goes_on
    }

    fn tell(&self) {
        // A watcher may add another.
        let watchers = self.watchers.borrow().clone();
        watchers.iter().for_each(|watcher| watcher.emit(()));
    }
}
