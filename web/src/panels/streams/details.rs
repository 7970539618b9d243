//! What is known of one entry, consumer or group, and the commands that would act on it.

use std::rc::Rc;

use kvarium_engine::base::sort;
use kvarium_engine::base::time::Time;
use kvarium_engine::event::Step;
use kvarium_engine::inspect::stream::{EntryView, PendingView};
use kvarium_engine::resp::show::argument_text;
use kvarium_engine::types::stream::Id;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::place::Place;
use super::{Part, Shown, clock_face, insertion};
use crate::catalogue::{Words, grouped};
use crate::laboratory::seconds;
use crate::panels::node::wall_clock;
use crate::panels::value::text_of;
use crate::widgets::icon::{Icon, icon};

/// Of what happened to an entry, so much is told, the newest.
const TOLD: usize = 8;

type Name = Rc<[u8]>;

/// What the details are of, by its own name: it keeps it wherever it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    Entry(Id),
    Group(Name),
    Consumer(Name, Name),
    Pending(Name, Id),
}

impl Chosen {
    /// What is at a place.
    pub fn at(shown: &Shown, place: Place) -> Option<Chosen> {
        let group_at = |rank: usize| {
            let group = shown.read(|stream| stream.groups(rank..rank + 1))?.pop()?;
            Some(Name::from(group.name))
        };
        Some(match place {
            Place::Lane | Place::Trays => return None,
            Place::Entry(id) => Chosen::Entry(id),
            Place::Group(group) => Chosen::Group(group_at(group)?),
            Place::Pending(group, _, id) => Chosen::Pending(group_at(group)?, id),
            Place::Consumer(group, consumer) => {
                let group = group_at(group)?;
                let consumer = shown.read(|stream| stream.consumers(&group, consumer..consumer + 1))?.pop()?;
                Chosen::Consumer(group, consumer.name.into())
            }
        })
    }

    /// Where it is on the lane, unless it was chosen there.
    pub fn id(&self, shown: &Shown) -> Option<Id> {
        match self {
            Chosen::Entry(_) | Chosen::Consumer(..) => None,
            Chosen::Pending(_, id) => Some(*id),
            Chosen::Group(name) => {
                let groups = shown.read(|stream| stream.groups(0..stream.group_count()))?;
                groups.iter().find(|group| *group.name == **name).map(|group| group.last_delivered)
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Chosen::Entry(id) | Chosen::Pending(_, id) => id.to_string(),
            Chosen::Group(name) | Chosen::Consumer(_, name) => argument_text(name),
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shown: Shown,
    pub parts: Rc<[Part]>,
    pub chosen: Chosen,
    pub on_close: Callback<()>,
}

#[component]
pub fn Details(props: &Props) -> Html {
    let heading = use_node_ref();
    {
        let heading = heading.clone();
        use_effect_with(props.chosen.clone(), move |_| {
            if let Some(heading) = heading.cast::<HtmlElement>() {
                let _ = heading.focus();
            }
        });
    }
    let words = props.shown.words();
    let name = props.chosen.name();
    let (kind, body) = match &props.chosen {
        Chosen::Entry(id) => (words.entry(), props.entry(*id, None)),
        Chosen::Pending(group, id) => (words.entry(), props.entry(*id, Some(group))),
        Chosen::Group(group) => (words.group(), props.group(group)),
        Chosen::Consumer(group, consumer) => (words.consumer(), props.consumer(group, consumer)),
    };
    let onclick = props.on_close.reform(|_: MouseEvent| ());
    html! {
        <section class="stream-details" aria-label={words.details_of(&name)}>
            <h3 ref={heading} tabindex="-1">{ kind }{ " " }<span class="mono">{ name }</span></h3>
            <button type="button" class="button plain close-value" aria-label={words.close_details()} title={words.close_details()} {onclick}>{ icon(Icon::Close) }</button>
            { body.unwrap_or_else(|| html! { <p class="quiet">{ words.gone() }</p> }) }
        </section>
    }
}

impl Props {
    /// An entry, and how it stands with the groups it is pending in; `first`: this one before the others.
    fn entry(&self, id: Id, first: Option<&Name>) -> Option<Html> {
        let words = self.shown.words();
        let key = self.shown.name();
        let entry = self.shown.read(|stream| stream.entry(id))?;
        let pending = |part: &Part| {
            let found = self.shown.read(|stream| stream.pending(&part.group.name, None, id, 1))?.pop();
            found.filter(|pending| pending.id == id).map(|pending| (part.clone(), pending))
        };
        let mut held: Vec<_> = self.parts.iter().filter_map(pending).collect();
        sort::sort_by_key(&mut held, |(part, _)| first.is_none_or(|first| **first != *part.group.name));
        if entry.is_none() && held.is_empty() && self.told(id).is_empty() {
            return None;
        }
        let mut lines: Vec<String> = held.iter().flat_map(|(part, pending)| self.of_pending(part, pending)).collect();
        if entry.is_some() {
            lines.extend([format!("XRANGE {key} {id} {id}"), format!("XDEL {key} {id}")]);
        }
        Some(html! { <>
            { match &entry {
                Some(entry) => fields(words, entry),
                None => html! { <p class="quiet">{ if held.is_empty() { words.gone() } else { words.ghost() } }</p> },
            } }
            { for held.iter().map(|(part, pending)| self.holding(part, pending)) }
            { self.history(id) }
            { self.commands(lines) }
        </> })
    }

    fn of_pending(&self, part: &Part, pending: &PendingView) -> [String; 3] {
        let (key, group, id) = (self.shown.name(), &part.name, pending.id);
        let other = part.rescuer(&pending.consumer);
        [
            format!("XACK {key} {group} {id}"),
            format!("XCLAIM {key} {group} {other} 0 {id}"),
            format!("XPENDING {key} {group} {id} {id} 1"),
        ]
    }

    fn holding(&self, part: &Part, pending: &PendingView) -> Html {
        let words = self.shown.words();
        html! {
            <dl class="facts">
                <dt>{ words.group() }</dt><dd class="mono">{ &part.name }</dd>
                <dt>{ words.consumer() }</dt><dd class="mono">{ argument_text(&pending.consumer) }</dd>
                <dt>{ words.deliveries() }</dt><dd>{ format!("×{}", pending.count) }</dd>
                <dt>{ words.delivered_at() }</dt><dd class="mono">{ wall_clock(pending.delivered.millis()) }</dd>
                <dt>{ words.idle() }</dt><dd class="mono">{ clock_face(self.shown.clock().since(pending.delivered)) }</dd>
            </dl>
        }
    }

    fn group(&self, name: &Name) -> Option<Html> {
        let words = self.shown.words();
        let part = self.parts.iter().find(|part| *part.group.name == **name)?;
        let (key, group) = (self.shown.name(), &part.name);
        let lines = vec![
            format!("XREADGROUP GROUP {group} consumer COUNT 1 STREAMS {key} >"),
            format!("XPENDING {key} {group}"),
            format!("XINFO CONSUMERS {key} {group}"),
            format!("XGROUP SETID {key} {group} 0"),
            format!("XGROUP CREATECONSUMER {key} {group} consumer"),
            format!("XGROUP DESTROY {key} {group}"),
        ];
        Some(html! { <>
            <dl class="facts">
                <dt>{ words.last_delivered() }</dt><dd class="mono">{ part.group.last_delivered.to_string() }</dd>
                <dt>{ words.entries_read() }</dt><dd>{ part.group.entries_read.map_or(words.lag_unknown().to_owned(), grouped) }</dd>
                <dt>{ words.lag() }</dt><dd>{ part.lag_text(words) }</dd>
                <dt>{ words.pending() }</dt><dd>{ grouped(part.group.pending as u64) }</dd>
                <dt>{ words.consumers() }</dt><dd>{ grouped(part.group.consumers as u64) }</dd>
            </dl>
            { self.commands(lines) }
        </> })
    }

    fn consumer(&self, group: &Name, name: &Name) -> Option<Html> {
        let words = self.shown.words();
        let part = self.parts.iter().find(|part| *part.group.name == **group)?;
        let consumer = part.consumers.iter().find(|consumer| *consumer.view.name == **name)?;
        let (key, group, name) = (self.shown.name(), &part.name, &consumer.name);
        let lines = vec![
            format!("XREADGROUP GROUP {group} {name} COUNT 1 STREAMS {key} >"),
            format!("XREADGROUP GROUP {group} {name} STREAMS {key} 0"),
            format!("XPENDING {key} {group} - + 10 {name}"),
            format!("XAUTOCLAIM {key} {group} {name} 60000 0"),
            format!("XGROUP DELCONSUMER {key} {group} {name}"),
        ];
        let at = |time: Time| wall_clock(time.millis());
        Some(html! { <>
            <dl class="facts">
                <dt>{ words.group() }</dt><dd class="mono">{ group }</dd>
                <dt>{ words.pending() }</dt><dd>{ grouped(consumer.view.pending as u64) }</dd>
                <dt>{ words.seen() }</dt><dd class="mono">{ at(consumer.view.seen) }</dd>
                <dt>{ words.active() }</dt><dd class="mono">{ consumer.view.active.map_or(words.never().to_owned(), at) }</dd>
            </dl>
            { self.commands(lines) }
        </> })
    }

    fn commands(&self, lines: Vec<String>) -> Html {
        let line = |line: String| html! { <li class="mono">{ insertion(&self.shown.view, line.clone(), line) }</li> };
        html! { <>
            <p class="quiet">{ self.shown.words().commands_on_it() }</p>
            <ul class="insertions">{ for lines.into_iter().map(line) }</ul>
        </> }
    }

    /// Delivered, claimed, acknowledged: when, and by whom.
    fn told(&self, id: Id) -> Vec<(f64, String)> {
        let store = self.shown.view.read();
        let happenings = store.heard.happenings(store.selected, store.database, &self.shown.key).rev();
        let about = happenings.filter_map(|it| Some((seconds(it.at), told(&it.step, id)?)));
        let mut told: Vec<_> = about.take(TOLD).collect();
        told.reverse();
        told
    }

    fn history(&self, id: Id) -> Html {
        let words = self.shown.words();
        let told = self.told(id);
        if told.is_empty() {
            return Html::default();
        }
        let line = |(at, text): &(f64, String)| html! { <li><time class="quiet">{ words.at_time(format!("{at:.3} s")) }</time>{ " " }<span class="mono">{ text }</span></li> };
        html! { <>
            <p class="quiet">{ words.history() }</p>
            <ul class="told">{ for told.iter().map(line) }</ul>
        </> }
    }
}

/// What a step did to an entry, in the signs of the log; none where it did nothing to it.
fn told(step: &Step, wanted: Id) -> Option<String> {
    let text = argument_text;
    let (id, told) = match step {
        Step::Added { id } => (id, "+ XADD".to_owned()),
        Step::Deleted { id } => (id, "− XDEL".to_owned()),
        Step::Delivered { group, consumer, id, count, .. } => {
            (id, format!("{} → {} ×{count}", text(group), text(consumer)))
        }
        Step::Claimed { group, consumer, id, from, count } => {
            let from = from.as_ref().map_or(String::new(), |from| text(from));
            (id, format!("{} {from} ⇥ {} ×{count}", text(group), text(consumer)))
        }
        Step::Acknowledged { group, consumer, id } => (id, format!("{} {} ✓", text(group), text(consumer))),
        Step::Dropped { group, consumer, id } => (id, format!("{} {} ∅", text(group), text(consumer))),
        _ => return None,
    };
    (Id::new(id.0, id.1) == wanted).then_some(told)
}

fn fields(words: Words, entry: &EntryView) -> Html {
    let left = entry.field_count - entry.fields.len();
    html! { <>
        <dl class="facts">{ for entry.fields.iter().map(|(name, value)| html! { <><dt class="mono">{ text_of(name) }</dt><dd class="mono">{ text_of(value) }</dd></> }) }</dl>
        if left > 0 {
            <p class="quiet">{ words.and_more(left) }</p>
        }
    </> }
}
