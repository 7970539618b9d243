//! The page's beat: asks the browser for frames while something runs, and for none while nothing does.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

/// The engine works for so long in one frame, in milliseconds; the rest of a frame is the page's.
pub const WORK: f64 = 8.0;
/// The same for an engine that falls behind the clock: fewer frames, none of them long, and the work is done sooner.
pub const WORK_BEHIND: f64 = 16.0;

/// Calls a function once a frame for as long as it asks for another.
#[derive(Clone)]
pub struct Frames {
    inner: Rc<Inner>,
}

type OnFrame = Closure<dyn FnMut(f64)>;

struct Inner {
    /// What to do in a frame, given the time in milliseconds; `true` asks for another.
    work: Box<dyn Fn(f64) -> bool>,
    callback: RefCell<Option<OnFrame>>,
    waiting: RefCell<bool>,
}

impl Frames {
    pub fn new(work: impl Fn(f64) -> bool + 'static) -> Frames {
        let inner = Rc::new(Inner { work: Box::new(work), callback: RefCell::default(), waiting: RefCell::default() });
        let weak = Rc::downgrade(&inner);
        let on_frame = OnFrame::new(move |now: f64| {
            if let Some(inner) = weak.upgrade() {
                *inner.waiting.borrow_mut() = false;
                if (inner.work)(now) {
                    inner.request();
                }
            }
        });
        *inner.callback.borrow_mut() = Some(on_frame);
        Frames { inner }
    }

    /// Makes sure that there is a next frame.
    pub fn wake(&self) {
        self.inner.request();
    }
}

impl Inner {
    fn request(&self) {
        if std::mem::replace(&mut *self.waiting.borrow_mut(), true) {
            return;
        }
        let callback = self.callback.borrow();
        if let (Some(window), Some(callback)) = (web_sys::window(), &*callback) {
            let _ = window.request_animation_frame(callback.as_ref().unchecked_ref());
        }
    }
}

/// Milliseconds since the page was opened.
pub fn now() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}
