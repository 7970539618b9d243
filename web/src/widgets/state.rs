//! A component's own state.

use yew::prelude::*;

/// [`use_state_eq`], compiled once for each type, and not once for each place that has some state.
#[hook]
pub fn use_value<T: PartialEq + 'static>(initial: T) -> UseStateHandle<T> {
    use_state_eq(move || initial)
}
