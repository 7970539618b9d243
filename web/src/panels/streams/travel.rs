//! Entries that go from one place to another: drawn from the events that say so, where the clock of the world has them.

use std::rc::Rc;

use kvarium_engine::base::number::parse_f64;
use kvarium_engine::event::{EntryId, Step};
use kvarium_engine::types::stream::Id;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::place::{Place, short};
use super::{Part, Shown};
use crate::heard::Happening;
use crate::laboratory::seconds;

/// Of what goes together, so many are drawn.
const MOST: usize = 24;

/// An entry on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Mover {
    /// Its event's number.
    event: u64,
    id: Id,
    from: Place,
    pub to: Place,
    /// How much of its way lies behind it, between 0 and 1.
    progress: f64,
}

/// What is on its way now.
pub fn movers(shown: &Shown, parts: &[Part]) -> Vec<Mover> {
    let store = shown.view.read();
    let happenings = store.heard.happenings(store.selected, store.database, &shown.key).rev();
    let going = happenings.map_while(|it| Some((it, store.travelled(seconds(it.at))?)));
    let mover = |(it, progress): (&Happening, f64)| {
        let (id, from, to) = way(&it.step, parts)?;
        Some(Mover { event: it.id, id, from, to, progress })
    };
    going.filter_map(mover).take(MOST).collect()
}

/// Which entry a step moves, from where to where.
fn way(step: &Step, parts: &[Part]) -> Option<(Id, Place, Place)> {
    let number = |id: &EntryId| Id::new(id.0, id.1);
    let group_at = |name: &[u8]| parts.iter().position(|part| *part.group.name == *name);
    let consumer_at =
        |group: usize, name: &[u8]| parts[group].consumers.iter().position(|consumer| *consumer.view.name == *name);
    let found = |group: &[u8], consumer: &[u8]| {
        let group = group_at(group)?;
        Some((group, consumer_at(group, consumer)?))
    };
    Some(match step {
        Step::Delivered { group, consumer, id, pending, .. } => {
            let ((group, consumer), id) = (found(group, consumer)?, number(id));
            let kept = if *pending { Place::Pending(group, consumer, id) } else { Place::Consumer(group, consumer) };
            (id, Place::Entry(id), kept)
        }
        Step::Claimed { group, consumer, id, from, .. } if from.as_ref() != Some(consumer) => {
            let ((group, consumer), id) = (found(group, consumer)?, number(id));
            let before = from.as_ref().and_then(|from| consumer_at(group, from));
            let from = before.map_or(Place::Entry(id), |before| Place::Consumer(group, before));
            (id, from, Place::Pending(group, consumer, id))
        }
        Step::Acknowledged { group, consumer, id } | Step::Dropped { group, consumer, id } => {
            let (group, consumer) = found(group, consumer)?;
            (number(id), Place::Consumer(group, consumer), Place::Group(group))
        }
        _ => return None,
    })
}

pub fn draw(movers: &[Mover]) -> Html {
    let names = |place: Place| place.around().iter().map(Place::to_string).collect::<Vec<_>>().join(" ");
    let mover = |mover: &Mover| {
        html! {
            <span key={mover.event} class="mover mono" data-from={names(mover.from)} data-to={names(mover.to)} data-progress={format!("{:.4}", mover.progress)}>
                { short(mover.id) }
            </span>
        }
    };
    html! { <div class="movers" aria-hidden="true">{ for movers.iter().map(mover) }</div> }
}

/// After every drawing, puts what moves between the two places as they are then.
#[hook]
pub fn use_travel(panel: &NodeRef) {
    let panel = panel.clone();
    use_effect(move || {
        if let Some(panel) = panel.cast::<Element>() {
            let ways: Vec<_> = elements(&panel, ".mover").filter_map(|mover| put(&panel, mover)).collect();
            // All is measured before anything is moved.
            for (mover, style) in ways {
                let _ = mover.style().set_property("transform", &style);
            }
        }
    });
}

fn put(panel: &Element, mover: Element) -> Option<(HtmlElement, String)> {
    let frame = panel.get_bounding_client_rect();
    let middle = |names: &str| {
        let find = |name: &str| panel.query_selector(&format!("[data-at='{name}']:not(.cursor)")).ok().flatten();
        let rect = mover.get_attribute(names)?.split(' ').find_map(find)?.get_bounding_client_rect();
        let (x, y) = (rect.left() + rect.width().min(160.0) / 2.0, rect.top() + rect.height().min(60.0) / 2.0);
        // What is scrolled out of sight is at the edge.
        Some(((x - frame.left()).clamp(0.0, frame.width()), (y - frame.top()).clamp(0.0, frame.height())))
    };
    let (from, to) = (middle("data-from")?, middle("data-to")?);
    let progress: f64 = parse_f64(mover.get_attribute("data-progress")?.as_bytes())?;
    let eased = progress * progress * (3.0 - 2.0 * progress);
    let (x, y) = (from.0 + (to.0 - from.0) * eased, from.1 + (to.1 - from.1) * eased);
    Some((mover.dyn_into().ok()?, format!("translate({x:.1}px, {y:.1}px) translate(-50%, -50%)")))
}

fn elements(within: &Element, selector: &str) -> impl Iterator<Item = Element> {
    let found = within.get_elements_by_class_name(selector.trim_start_matches('.'));
    (0..found.length()).filter_map(move |at| found.item(at))
}

pub fn arriving(movers: &[Mover]) -> Rc<[Place]> {
    movers.iter().map(|mover| mover.to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::streams::tests::part;

    #[test]
    fn entries_move_to_whom_they_belong() {
        let parts = [part("g", &[("a", 1), ("b", 0)])];
        let text = |text: &str| text.as_bytes().into();
        let (id, number) = ((5, 1), Id::new(5, 1));
        let delivered = Step::Delivered { group: text("g"), consumer: text("a"), id, count: 1, pending: true };
        assert_eq!(way(&delivered, &parts), Some((number, Place::Entry(number), Place::Pending(0, 0, number))));
        let claim =
            |from: &str| Step::Claimed { group: text("g"), consumer: text("b"), id, from: Some(text(from)), count: 2 };
        assert_eq!(way(&claim("a"), &parts), Some((number, Place::Consumer(0, 0), Place::Pending(0, 1, number))));
        assert_eq!(way(&claim("b"), &parts), None);
        let acknowledged = Step::Acknowledged { group: text("g"), consumer: text("b"), id };
        assert_eq!(way(&acknowledged, &parts), Some((number, Place::Consumer(0, 1), Place::Group(0))));
    }
}
