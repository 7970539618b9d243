//! The one clock: play, pause, step, speed, and a rail to go anywhere in what has happened.

use std::rc::Rc;

use web_sys::Element;
use yew::prelude::*;

use super::icon::{Icon, icon};
use crate::catalogue::Words;

/// What is asked of the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transport {
    Toggle,
    Start,
    Step,
    Back,
    Slower,
    Faster,
    /// To a share of what has happened, between 0 and 1.
    Seek(f64),
    Branch(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    Event,
    Action,
    Fault,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// A share of what has happened.
    pub at: f64,
    pub kind: MarkKind,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub words: Words,
    pub playing: bool,
    /// Seconds since the beginning: now, and the end of what has happened.
    pub now: f64,
    pub end: f64,
    pub speed: AttrValue,
    pub marks: Rc<[Mark]>,
    pub branches: Vec<AttrValue>,
    pub branch: usize,
    pub seed: AttrValue,
    /// Only what an embedded figure needs.
    #[prop_or_default]
    pub small: bool,
    pub on_transport: Callback<Transport>,
}

#[component]
pub fn Timeline(props: &Props) -> Html {
    let words = props.words;
    let ask = |what: Transport| props.on_transport.reform(move |_: MouseEvent| what);
    let button = |name: &'static str, key: &'static str, sign: Icon, what: Transport| {
        html! {
            <button type="button" class="button plain" aria-label={name} title={format!("{name} ({key})")} aria-keyshortcuts={key}
                onclick={ask(what)}>{ icon(sign) }</button>
        }
    };
    let (play, sign) = if props.playing { (words.pause(), Icon::Pause) } else { (words.play(), Icon::Play) };
    html! {
        <section class="timeline" aria-label={words.timeline()}>
            <div class="transport">
                <button type="button" class="button main play" aria-label={play} title={format!("{play} (Space)")} aria-keyshortcuts="Space"
                    onclick={ask(Transport::Toggle)}>{ icon(sign) }</button>
                { button(words.to_start(), "Home", Icon::Start, Transport::Start) }
                { button(words.previous_event(), ",", Icon::Previous, Transport::Back) }
                { button(words.next_event(), ".", Icon::Next, Transport::Step) }
                <span class="clock"><small>{ "t = " }</small>{ clock_text(props.now) }<small class="wide">{ micros_text(props.now) }</small></span>
                <span class="speed wide" role="group" aria-label={words.speed()}>
                    { button(words.slower(), "[", Icon::Minus, Transport::Slower) }
                    <output>{ props.speed.clone() }</output>
                    { button(words.faster(), "]", Icon::Plus, Transport::Faster) }
                </span>
                if !props.small {
                    <span class="end">
                        if props.branches.len() > 1 {
                            { branch_choice(props) }
                        }
                        <span>{ words.seed() }{ " " }<code>{ props.seed.clone() }</code></span>
                    </span>
                }
            </div>
            <Rail label={words.timeline()} now={props.now} end={props.end} marks={props.marks.clone()} on_transport={props.on_transport.clone()} />
        </section>
    }
}

fn branch_choice(props: &Props) -> Html {
    let onchange = props.on_transport.reform(|event: Event| {
        let chosen = event.target_unchecked_into::<web_sys::HtmlSelectElement>().selected_index();
        Transport::Branch(chosen.max(0) as usize)
    });
    let option =
        |(at, name): (usize, &AttrValue)| html! { <option selected={at == props.branch}>{ name.clone() }</option> };
    html! {
        <label>{ props.words.branch() }{ " " }
            <select class="field" {onchange}>{ for props.branches.iter().enumerate().map(option) }</select>
        </label>
    }
}

#[derive(Properties, PartialEq)]
struct RailProps {
    label: AttrValue,
    now: f64,
    end: f64,
    marks: Rc<[Mark]>,
    on_transport: Callback<Transport>,
}

#[component]
fn Rail(props: &RailProps) -> Html {
    let rail = use_node_ref();
    let dragging = use_mut_ref(|| false);
    let seek = {
        let (rail, on_transport) = (rail.clone(), props.on_transport.clone());
        move |event: &PointerEvent| {
            if let Some(rail) = rail.cast::<Element>() {
                let area = rail.get_bounding_client_rect();
                let share = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0);
                on_transport.emit(Transport::Seek(share.clamp(0.0, 1.0)));
            }
        }
    };
    let onpointerdown = {
        let (rail, dragging, seek) = (rail.clone(), dragging.clone(), seek.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(rail) = rail.cast::<Element>() {
                let _ = rail.set_pointer_capture(event.pointer_id());
            }
            *dragging.borrow_mut() = true;
            seek(&event);
        })
    };
    let onpointermove = {
        let dragging = dragging.clone();
        Callback::from(move |event: PointerEvent| {
            if *dragging.borrow() {
                seek(&event);
            }
        })
    };
    let onpointerup = Callback::from(move |_: PointerEvent| *dragging.borrow_mut() = false);
    let share = if props.end > 0.0 { (props.now / props.end).clamp(0.0, 1.0) } else { 0.0 };
    let onkeydown = {
        let on_transport = props.on_transport.clone();
        Callback::from(move |event: KeyboardEvent| {
            let step = if event.shift_key() { 0.1 } else { 0.01 };
            let to = match event.key().as_str() {
                "ArrowLeft" | "ArrowDown" => share - step,
                "ArrowRight" | "ArrowUp" => share + step,
                "Home" => 0.0,
                "End" => 1.0,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            on_transport.emit(Transport::Seek(to.clamp(0.0, 1.0)));
        })
    };
    let mark = |mark: &Mark| {
        let class = match mark.kind {
            MarkKind::Event => None,
            MarkKind::Action => Some("action"),
            MarkKind::Fault => Some("fault"),
        };
        html! { <span class={classes!("mark", class)} style={format!("left:{:.2}%", mark.at * 100.0)} /> }
    };
    html! {
        <div class="rail" role="slider" tabindex="0" ref={rail} aria-label={props.label.clone()} aria-valuemin="0"
            aria-valuemax={format!("{:.3}", props.end)} aria-valuenow={format!("{:.3}", props.now)} aria-valuetext={clock_text(props.now)}
            {onkeydown} {onpointerdown} {onpointermove} onpointercancel={onpointerup.clone()} {onpointerup}>
            { for props.marks.iter().map(mark) }
            <div class="track"><div class="past" style={format!("width:{:.2}%", share * 100.0)} /></div>
            <div class="thumb" style={format!("left:{:.2}%", share * 100.0)} />
        </div>
    }
}

/// `00:25.816`.
pub fn clock_text(seconds: f64) -> String {
    let millis = (seconds * 1e3 + 1e-6) as u64;
    format!("{:02}:{:02}.{:03}", millis / 60_000, millis / 1000 % 60, millis % 1000)
}

/// What the clock's text leaves out.
pub fn micros_text(seconds: f64) -> String {
    format!(" {:03}", (seconds * 1e6 + 1e-3) as u64 % 1000)
}

/// At most `wanted` + 1 marks: of those that fall together, the weightiest stays.
pub fn thin(marks: impl Iterator<Item = Mark>, wanted: usize) -> Rc<[Mark]> {
    let mut kept: Vec<Option<MarkKind>> = vec![None; wanted + 1];
    for mark in marks {
        let place = &mut kept[(mark.at.clamp(0.0, 1.0) * wanted as f64) as usize];
        *place = (*place).max(Some(mark.kind));
    }
    let mark = |(place, kind): (usize, Option<MarkKind>)| Some(Mark { at: place as f64 / wanted as f64, kind: kind? });
    kept.into_iter().enumerate().filter_map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_shows_minutes_and_milliseconds() {
        assert_eq!(clock_text(0.0), "00:00.000");
        assert_eq!(clock_text(25.8164), "00:25.816");
        assert_eq!(clock_text(600.0), "10:00.000");
    }

    #[test]
    fn faults_are_never_thinned_away_by_events() {
        let marks = (0..1000).map(|n| Mark {
            at: f64::from(n) / 1000.0,
            kind: if n == 503 { MarkKind::Fault } else { MarkKind::Event },
        });
        let kept = thin(marks, 100);
        assert!(kept.len() <= 101);
        assert!(kept.iter().any(|mark| mark.kind == MarkKind::Fault));
    }
}
