//! The clients of this world, and the connections that the selected node has: who waits for what, who listens to what.

use kvarium_engine::base::sort;
use kvarium_engine::base::time::Time;
use kvarium_engine::inspect::ClientView as Connection;
use kvarium_engine::resp::show::argument_text;
use yew::prelude::*;

use super::Panel;
use super::cached::cached;
use super::keyspace::node_choice;
use super::topology::kind_text;
use crate::catalogue::{Words, grouped};
use crate::heard::Waking;
use crate::laboratory::seconds;
use crate::scene::{ClientView, WorkState, WorkView};
use crate::store::{Change, Store, View};

pub const PANEL: Panel =
    Panel { id: "clients", name: Words::clients, is_there: |_| true, show: |view| html! { <Clients {view} /> } };

/// Wakings that are shown, the newest.
const WAKINGS: usize = 4;
/// Entries in somebody's hands that are listed by ID.
const HELD: usize = 4;

#[derive(Properties, PartialEq)]
struct Props {
    view: View,
}

#[component]
fn Clients(props: &Props) -> Html {
    let store = props.view.read();
    let words = store.words();
    let scene = store.scene();
    let actor = |client: &ClientView| {
        html! {
            <tr>
                <td>{ &client.name }</td>
                <td>{ kind_text(words, client.kind) }</td>
                <td class="mono">{ client.waiting.clone().unwrap_or_else(|| "–".into()) }</td>
                <td class="number">{ grouped(client.requests) }</td>
                <td class="number">{ grouped(client.redirected) }</td>
                <td class="wide">{ client.last_error.clone().unwrap_or_else(|| "–".into()) }</td>
            </tr>
        }
    };
    let connections: Vec<_> = store.inspect().map(|node| node.clients().collect()).unwrap_or_default();
    html! {
        <div>
            <div class="scroll" tabindex="0" role="region" aria-label={words.clients()}>
                <table class="table">
                    <caption class="hidden-text">{ words.clients() }</caption>
                    <thead><tr>
                        <th>{ words.client_name() }</th><th>{ words.kind() }</th><th>{ words.waiting_for() }</th>
                        <th class="number">{ words.requests() }</th><th class="number">{ words.redirected() }</th><th>{ words.last_error() }</th>
                    </tr></thead>
                    <tbody>
                        { for scene.clients.iter().map(actor) }
                        if scene.clients.is_empty() {
                            <tr><td colspan="6" class="quiet">{ words.no_clients() }</td></tr>
                        }
                    </tbody>
                </table>
            </div>
            { cached(words, &scene) }
            { at_work(&props.view, words, &scene.clients) }
            { rooms(&store, words, &connections) }
            <div class="tools">{ node_choice(&props.view) }<span class="figure">{ "CLIENT LIST" }</span></div>
            <div class="scroll" tabindex="0" role="region" aria-label="CLIENT LIST">
                <table class="table">
                    <caption class="hidden-text">{ "CLIENT LIST" }</caption>
                    <thead><tr><th class="number">{ "id" }</th><th>{ "addr" }</th><th>{ "name" }</th><th class="number">{ "db" }</th><th>{ "cmd" }</th><th class="number">{ "multi" }</th><th class="number">{ "sub" }</th><th>{ words.waiting_for() }</th></tr></thead>
                    <tbody>{ for connections.iter().map(|client| connection(words, client)) }</tbody>
                </table>
            </div>
        </div>
    }
}

/// Producers, consumers and reapers: what each holds, and how to make it crash or start again, with the line that does it.
fn at_work(view: &View, words: Words, clients: &[ClientView]) -> Html {
    let row = |(client, work): (&ClientView, &WorkView)| {
        let (name, verb) = match work.state {
            WorkState::Running | WorkState::Stopping => (words.crash(), "crash"),
            WorkState::Stopped | WorkState::Crashed => (words.restart(), "restart"),
        };
        let line = format!("!{verb} {}", client.name);
        let shown = words.issues(&line);
        let onclick = view.changing(move |_: MouseEvent| Change::Act(line.clone()));
        html! {
            <tr key={client.name.clone()} data-worker={client.name.clone()}>
                <td>{ &client.name }</td>
                <td>{ kind_text(words, client.kind) }</td>
                <td>{ work_text(words, work.state) }</td>
                <td class="mono">{ hands(words, &work.holds) }</td>
                <td class="number">{ grouped(work.done) }</td>
                <td class="number">{ grouped(work.failed) }</td>
                <td class="number">{ grouped(work.dead) }</td>
                <td><button type="button" class="button" {onclick}>{ name }</button>{ " " }<code>{ shown }</code></td>
            </tr>
        }
    };
    let workers: Vec<_> = clients.iter().filter_map(|client| Some((client, client.work.as_ref()?))).collect();
    if workers.is_empty() {
        return Html::default();
    }
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label={words.at_work()}>
            <table class="table">
                <caption class="hidden-text">{ words.at_work() }</caption>
                <thead><tr>
                    <th>{ words.at_work() }</th><th>{ words.kind() }</th><th>{ words.state() }</th><th>{ words.in_hands() }</th>
                    <th class="number">{ words.entries_done() }</th><th class="number">{ words.attempts_failed() }</th>
                    <th class="number">{ words.dead_letters() }</th><td></td>
                </tr></thead>
                <tbody>{ for workers.into_iter().map(row) }</tbody>
            </table>
        </div>
    }
}

fn hands(words: Words, holds: &[String]) -> String {
    let shown = holds[..holds.len().min(HELD)].join(" ");
    match holds.len().saturating_sub(HELD) {
        0 if holds.is_empty() => "–".to_owned(),
        0 => shown,
        more => format!("{shown} {}", words.and_more(more)),
    }
}

fn work_text(words: Words, state: WorkState) -> &'static str {
    match state {
        WorkState::Running => words.work_running(),
        WorkState::Stopping => words.work_stopping(),
        WorkState::Stopped => words.work_stopped(),
        WorkState::Crashed => words.work_crashed(),
    }
}

fn connection(words: Words, client: &Connection) -> Html {
    let waits = client.waits.as_ref().map(|waits| match waits.keys.is_empty() {
        true => words.held_by_pause().to_owned(),
        false => waits.keys.iter().map(|key| argument_text(key)).collect::<Vec<_>>().join(" "),
    });
    html! {
        <tr>
            <td class="number">{ client.id }</td><td class="mono">{ &client.peer }</td><td>{ &client.name }</td><td class="number">{ client.db }</td>
            <td class="mono">{ client.last_command }</td><td class="number">{ client.queued.map_or("–".to_owned(), |queued| queued.to_string()) }</td><td class="number">{ client.subscriptions }</td>
            <td class="mono">{ waits.unwrap_or_else(|| "–".into()) }</td>
        </tr>
    }
}

/// Those who wait, each key with its queue; those who listen, each channel with its audience; and who was woken.
fn rooms(store: &Store, words: Words, connections: &[Connection]) -> Html {
    let Some(node) = store.inspect() else { return Html::default() };
    let pill = |client: &Connection, more: Option<String>, class: &'static str| {
        let name = store.lab().client_name(store.selected, &client.peer);
        html! {
            <li key={client.id} class={classes!("pill", class)}>
                <strong>{ name.unwrap_or(&client.peer).to_owned() }</strong><span>{ words.client_number(client.id) }</span>
                if let Some(more) = more { <span class="quiet">{ more }</span> }
            </li>
        }
    };
    let left = |until: Option<Time>| match until {
        None => words.for_ever().to_owned(),
        Some(at) => words.gives_up_in(words.span(at.since(node.now()).micros())),
    };
    let room = |name: String, what: String, inside: Vec<Html>| {
        html! { <li class="room" key={format!("{what} {name}")}><span class="room-name"><code>{ name }</code><small>{ what }</small></span><ol class="queue">{ for inside.into_iter() }</ol></li> }
    };
    let mut keys = Vec::new();
    let mut listeners = Vec::new();
    let mut held = Vec::new();
    for client in connections {
        if let Some(waits) = &client.waits {
            keys.extend(waits.keys.iter().map(|key| (client.db, key.as_slice(), waits.wants)));
            if waits.keys.is_empty() {
                held.push(pill(client, Some(left(waits.until)), "waits"));
            }
        }
        let topics = [
            (words.channel(), &client.channels),
            (words.pattern(), &client.patterns),
            (words.shard_channel(), &client.shard_channels),
        ];
        for (what, names) in topics {
            for name in names {
                listeners.push((what, name.as_slice(), pill(client, None, "listens")));
            }
        }
        if client.monitor {
            listeners.push((words.every_command(), b"MONITOR", pill(client, None, "listens")));
        }
    }
    sort::sort_by(&mut keys, Ord::cmp);
    keys.dedup();
    sort::sort_by_key(&mut listeners, |&(what, name, _)| (what, name));
    let queue = |&(db, key, wants): &(usize, &[u8], &'static str)| {
        let waiting = node.waiting_for(db, key);
        let clients = waiting.iter().filter_map(|id| connections.iter().find(|client| client.id == *id));
        let until = |client: &Connection| client.waits.as_ref().map(|waits| left(waits.until));
        room(
            argument_text(key),
            words.wants(wants),
            clients.map(|client| pill(client, until(client), "waits")).collect(),
        )
    };
    let heard = |pills: &[(&'static str, &[u8], Html)]| {
        let (what, name, _) = pills[0];
        room(argument_text(name), what.to_owned(), pills.iter().map(|(_, _, pill)| pill.clone()).collect())
    };
    let woken: Vec<_> = store.heard.wakings(store.selected).take(WAKINGS).collect();
    if keys.is_empty() && listeners.is_empty() && held.is_empty() && woken.is_empty() {
        return html! { <p class="rooms quiet">{ words.nobody_waits() }</p> };
    }
    html! {
        <div class="rooms">
            if !keys.is_empty() || !held.is_empty() {
                <h3>{ words.waiting_room() }</h3>
                <ul>{ for keys.iter().map(queue) }
                    if !held.is_empty() { { room("*".into(), words.held_by_pause().to_owned(), held) } }
                </ul>
            }
            if !woken.is_empty() {
                <h3>{ words.woken() }</h3>
                <ul class="wakings">{ for woken.iter().map(|waking| woken_text(words, waking)) }</ul>
            }
            if !listeners.is_empty() {
                <h3>{ words.listening() }</h3>
                <ul>{ for listeners.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).map(heard) }</ul>
            }
        </div>
    }
}

fn woken_text(words: Words, waking: &Waking) -> Html {
    let client = words.client_number(waking.client);
    let text = match &waking.by {
        Some(key) => format!("{client} · {}", words.woken_by(argument_text(key))),
        None => words.waits_no_longer(client),
    };
    html! { <li key={waking.id} class="conversion"><time>{ words.at_time(format!("{:.3} s", seconds(waking.at))) }</time><strong>{ text }</strong></li> }
}
