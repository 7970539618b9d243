//! The bar between two panes, moved by pointer or by arrow keys.

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

/// An arrow key moves by so many pixels, with Shift by four times as many.
const STEP: i32 = 16;

#[derive(Properties, PartialEq)]
pub struct Props {
    /// What it resizes.
    pub label: AttrValue,
    #[prop_or_default]
    pub class: Classes,
    /// It stands between columns, not between rows.
    pub columns: bool,
    /// Size of the pane behind it, in pixels, and its limits.
    pub value: i32,
    pub min: i32,
    pub max: i32,
    pub on_change: Callback<i32>,
}

#[component]
pub fn Splitter(props: &Props) -> Html {
    // Where the pointer went down, and the size then.
    let drag = use_mut_ref(|| None::<(i32, i32)>);
    let columns = props.columns;
    let place = move |event: &PointerEvent| if columns { event.client_x() } else { event.client_y() };
    let change = {
        let (min, max, on_change) = (props.min, props.max, props.on_change.clone());
        move |to: i32| on_change.emit(to.clamp(min, max))
    };
    let onpointerdown = {
        let (drag, value) = (drag.clone(), props.value);
        Callback::from(move |event: PointerEvent| {
            if let Some(bar) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) {
                let _ = bar.set_pointer_capture(event.pointer_id());
            }
            *drag.borrow_mut() = Some((place(&event), value));
        })
    };
    let onpointermove = {
        let (drag, change) = (drag.clone(), change.clone());
        Callback::from(move |event: PointerEvent| {
            let from = *drag.borrow();
            if let Some((from, value)) = from {
                change(value + from - place(&event));
            }
        })
    };
    let onpointerup = Callback::from(move |_: PointerEvent| *drag.borrow_mut() = None);
    let onkeydown = {
        let (value, min, max) = (props.value, props.min, props.max);
        Callback::from(move |event: KeyboardEvent| {
            let step = if event.shift_key() { 4 * STEP } else { STEP };
            let to = match (event.key().as_str(), columns) {
                ("ArrowLeft", true) | ("ArrowUp", false) => value + step,
                ("ArrowRight", true) | ("ArrowDown", false) => value - step,
                ("Home", _) => min,
                ("End", _) => max,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            change(to);
        })
    };
    html! {
        <div role="separator" tabindex="0" class={classes!("splitter", if columns { "columns" } else { "rows" }, props.class.clone())}
            aria-label={props.label.clone()} aria-orientation={if columns { "vertical" } else { "horizontal" }}
            aria-valuenow={props.value.to_string()} aria-valuemin={props.min.to_string()} aria-valuemax={props.max.to_string()}
            {onpointerdown} {onpointermove} onpointercancel={onpointerup.clone()} {onpointerup} {onkeydown} />
    }
}
