//! The clients of this world, and the connections that the selected node has.

use yew::prelude::*;

use super::Panel;
use super::keyspace::node_choice;
use super::topology::kind_text;
use crate::catalogue::{Words, grouped};
use crate::scene::ClientView;
use crate::store::View;

pub const PANEL: Panel =
    Panel { id: "clients", name: Words::clients, is_there: |_| true, show: |view| html! { <Clients {view} /> } };

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
            <div class="tools">{ node_choice(&props.view) }<span class="figure">{ "CLIENT LIST" }</span></div>
            <div class="scroll" tabindex="0" role="region" aria-label="CLIENT LIST">
                <table class="table">
                    <caption class="hidden-text">{ "CLIENT LIST" }</caption>
                    <thead><tr><th class="number">{ "id" }</th><th>{ "addr" }</th><th>{ "name" }</th><th class="number">{ "db" }</th><th>{ "cmd" }</th><th class="number">{ "multi" }</th><th class="number">{ "sub" }</th></tr></thead>
                    <tbody>
                        { for connections.iter().map(|client| html! {
                            <tr>
                                <td class="number">{ client.id }</td><td class="mono">{ &client.peer }</td><td>{ &client.name }</td><td class="number">{ client.db }</td>
                                <td class="mono">{ client.last_command }</td><td class="number">{ client.queued.map_or("–".to_owned(), |queued| queued.to_string()) }</td><td class="number">{ client.subscriptions }</td>
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
        </div>
    }
}
