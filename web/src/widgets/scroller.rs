//! A way to scroll through more than a page can hold: only what is in sight is drawn.

use web_sys::HtmlElement;
use yew::prelude::*;

use super::viewport::use_viewport;
use crate::widgets::state::use_value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    Down,
    Across,
}

/// The stretch that is to be drawn, in pixels from the beginning: what is in sight, and some more on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    pub from: f64,
    pub to: f64,
    /// Pixels there are the other way.
    pub breadth: f64,
}

impl Sight {
    /// Which of so many things of one size are in sight.
    pub fn of(self, size: f64, count: usize) -> std::ops::Range<usize> {
        let at = |pixels: f64| ((pixels / size).max(0.0) as usize).min(count);
        at(self.from)..at(self.to + size)
    }
}

/// What has been drawn, and where it begins.
pub struct Drawn {
    pub at: f64,
    pub html: Html,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub axis: Axis,
    /// Pixels from beginning to end, however many.
    pub extent: f64,
    /// What an arrow key moves by.
    pub step: f64,
    pub label: AttrValue,
    pub class: Classes,
    #[prop_or_default]
    pub role: Option<AttrValue>,
    pub draw: Callback<Sight, Drawn>,
    /// Scrolled to when it changes.
    #[prop_or_default]
    pub goal: Option<Goal>,
}

/// A place to go to; the same place again has another number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    pub number: u32,
    pub at: f64,
}

/// Browsers forget where they are beyond some ten million pixels: more than this is scrolled through at another scale.
const LONGEST: f64 = 12_000_000.0;

#[component]
pub fn Scroller(props: &Props) -> Html {
    let node = use_node_ref();
    let (width, height) = use_viewport(&node);
    let scrolled = use_value(0.0f64);
    let is_down = props.axis == Axis::Down;
    let (view, breadth) = if is_down { (height, width) } else { (width, height) };
    let (view, breadth) = (f64::from(view), f64::from(breadth));
    let length = props.extent.min(LONGEST);
    let scale = scale(props.extent, view);

    let onscroll = {
        let (node, scrolled, step) = (node.clone(), scrolled.clone(), props.step);
        Callback::from(move |_: Event| {
            let Some(element) = node.cast::<HtmlElement>() else { return };
            let at = f64::from(if is_down { element.scroll_top() } else { element.scroll_left() });
            // What is drawn reaches beyond what is in sight: not every pixel is worth drawing anew.
            scrolled.set(if scale > 1.0 { at } else { (at / step).floor() * step });
        })
    };
    let onkeydown = {
        let (node, step) = (node.clone(), props.step);
        Callback::from(move |event: KeyboardEvent| {
            let by = match (event.key().as_str(), is_down) {
                ("ArrowDown", true) | ("ArrowRight", false) => step,
                ("ArrowUp", true) | ("ArrowLeft", false) => -step,
                ("PageDown", _) => view - step,
                ("PageUp", _) => step - view,
                ("Home", _) => f64::MIN,
                ("End", _) => f64::MAX,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            let Some(element) = node.cast::<HtmlElement>() else { return };
            let here = f64::from(if is_down { element.scroll_top() } else { element.scroll_left() });
            scroll_to(&element, is_down, here + by / scale);
        })
    };
    {
        let node = node.clone();
        use_effect_with((props.goal, view > 0.0), move |(goal, _)| {
            if let (Some(goal), Some(element)) = (goal, node.cast::<HtmlElement>()) {
                scroll_to(&element, is_down, goal.at / scale);
            }
        });
    }

    let physical = scrolled.min((length - view).max(0.0));
    let from = physical * scale;
    let drawn = (view > 0.0).then(|| {
        let spare = view / 2.0;
        let sight = Sight { from: (from - spare).max(0.0), to: (from + view + spare).min(props.extent), breadth };
        props.draw.emit(sight)
    });
    let style = |drawn: &Drawn| {
        let at = physical + (drawn.at - from);
        if is_down { format!("top:{at:.1}px") } else { format!("left:{at:.1}px") }
    };
    let sizer = if is_down { format!("height:{length:.0}px") } else { format!("width:{length:.0}px") };
    html! {
        <div class={classes!("scroller", if is_down { "down" } else { "across" }, props.class.clone())} ref={node} tabindex="0"
            role={props.role.clone()} aria-label={props.label.clone()} {onscroll} {onkeydown}>
            <div class="sizer" role="presentation" style={sizer}></div>
            if let Some(drawn) = drawn {
                <div class="in-sight" role="presentation" style={style(&drawn)}>{ drawn.html }</div>
            }
        </div>
    }
}

/// Pixels of what is shown to one pixel of scrolling.
fn scale(extent: f64, view: f64) -> f64 {
    if extent <= LONGEST { 1.0 } else { (extent - view) / (LONGEST - view) }
}

fn scroll_to(element: &HtmlElement, is_down: bool, at: f64) {
    let at = at.clamp(0.0, LONGEST) as i32;
    if is_down { element.set_scroll_top(at) } else { element.set_scroll_left(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_reached_at_any_scale() {
        for extent in [1e3f64, 1e8, 1e12] {
            let view = 500.0;
            let end = (extent.min(LONGEST) - view) * scale(extent, view);
            assert!((end - (extent - view)).abs() < 1e-3, "{extent}");
        }
    }

    #[test]
    fn what_is_partly_in_sight_is_drawn() {
        let sight = Sight { from: 45.0, to: 100.0, breadth: 0.0 };
        assert_eq!(sight.of(30.0, 100), 1..4);
        assert_eq!(sight.of(30.0, 2), 1..2);
    }
}
